//! An archive between its two halves: read as far as it must be to tell what it holds, and not yet the one image
//! that somebody chooses of it.

use super::catalog;
use super::entry::Entry;
use super::error::Error;
use super::indexed;
use super::intake::Intake;
use super::reading::Reading;
use super::search::{Chosen, Search};
use super::source::Progress;
use super::stream::Streamed;
use super::verbatim::PassedOn;
use crate::machine::store::Store;

/// An archive that tells what it holds, and becomes blocks once an image was chosen.
pub(crate) enum TakenIn<'a> {
    /// Members can be read in any order, and none of its layers was.
    Indexed(Store, Intake<'a>),
    /// All members were read, and those that are layers of the image have become blocks.
    Streamed(Streamed<'a>),
    /// All bytes have become blocks as they came.
    PassedOn(PassedOn<'a>),
}

impl TakenIn<'_> {
    /// Returns the images that are looked for.
    pub(crate) fn images(&mut self, search: Search<'_>) -> Result<Vec<Entry>, Error> {
        match self {
            Self::Indexed(store, _) => {
                let mut documents = &*store;
                catalog::read(&mut documents, search).map_err(|error| store.refine(error))
            }
            Self::Streamed(streamed) => streamed.images(search),
            Self::PassedOn(passed) => Ok(vec![passed.image().clone()]),
        }
    }

    /// Makes blocks of the rest of the image that was chosen.
    pub(crate) fn finish(self, chosen: &Chosen, progress: Progress<'_>) -> Result<Reading, Error> {
        match self {
            Self::Indexed(store, intake) => indexed::read(&store, intake, chosen, progress),
            Self::Streamed(streamed) => streamed.finish(chosen),
            Self::PassedOn(passed) => passed.finish(chosen),
        }
    }
}
