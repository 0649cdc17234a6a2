//! Reads an archive in one pass, in whatever order its members come.
//!
//! `manifest.json` comes last nearly everywhere, so which member is which layer shows at the
//! end. Until then every member is taken in as if it were a layer.

use std::io::Read;

use super::catalog;
use super::contents::{Contents, doubled};
use super::documents::{self, Documents, LONGEST};
use super::entry::Entry;
use super::error::{Error, Fault};
use super::intake::{Intake, Taken};
use super::members::Members;
use super::reading::Reading;
use super::search::{Chosen, Search};
use super::shape::Shape;
use super::source::tar_stream;
use super::unpacker::Promise;
use crate::machine::spool::Spool;

/// A stream that was taken in: all that it holds is verified as far as its members' names go.
pub(crate) struct Streamed<'a> {
    contents: Contents<Taken>,
    shape: Shape,
    intake: Intake<'a>,
}

/// Takes in all members of `source`.
pub(crate) fn take_in<'a>(
    source: impl Read,
    mut intake: Intake<'a>,
) -> Result<Streamed<'a>, Error> {
    let mut contents: Contents<Taken> = Contents::new();
    let mut members = Members::new(tar_stream(source)?);
    while let Some(member) = members.next()? {
        if contents.add(&member)? {
            continue;
        }
        if let Some(former) = contents.former(&member.name) {
            let again = intake.check(&mut members, &member.name)?;
            if again != former.content {
                return Err(doubled(&member.name));
            }
            continue;
        }
        let promise = documents::promised_by_name(&member.name).map(|digest| Promise {
            digest,
            stored: member.size,
            hint: None,
        });
        let taken = intake.take(&mut members, &member.name, promise, true)?;
        taken.content.verify_name(&member.name)?;
        contents.add_file(member.name, taken);
    }
    Ok(Streamed {
        contents,
        shape: members.shape().clone(),
        intake,
    })
}

impl Streamed<'_> {
    /// Returns the images that are looked for.
    pub(crate) fn images(&mut self, search: Search<'_>) -> Result<Vec<Entry>, Error> {
        catalog::read(&mut self.arrived(), search).map_err(|error| self.shape.refine(error))
    }

    /// Puts the image together that was chosen.
    pub(crate) fn finish(mut self, chosen: &Chosen) -> Result<Reading, Error> {
        let entry = catalog::exactly(&mut self.arrived(), chosen)
            .and_then(|entry| verify(&self.contents, entry))
            .map_err(|error| self.shape.refine(error))?;
        self.intake.assemble(entry)
    }

    fn arrived(&mut self) -> Arrived<'_> {
        Arrived {
            contents: &self.contents,
            spool: self.intake.spool(),
        }
    }
}

/// Compares the layers of an image with what is promised of them.
fn verify(contents: &Contents<Taken>, entry: Entry) -> Result<Entry, Error> {
    for (layer, diff_id) in entry.layers.iter().zip(&entry.diff_ids) {
        let taken = contents
            .file(&layer.member)?
            .ok_or_else(|| layer.missing())?;
        taken.content.verify(layer, diff_id)?;
    }
    Ok(entry)
}

/// The documents of an archive that was taken in.
struct Arrived<'a> {
    contents: &'a Contents<Taken>,
    spool: &'a mut Spool,
}

impl Documents for Arrived<'_> {
    fn document(&mut self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        match self.contents.file(name)? {
            None => Ok(None),
            Some(Taken {
                document: Some(extent),
                ..
            }) => self.spool.read(*extent).map(Some),
            Some(_) => Err(Error::member(
                name,
                Fault::TooMuch {
                    what: "is too long for a JSON document",
                    limit: LONGEST,
                },
            )),
        }
    }
}
