//! Whether Keep has what manifests say: each block is asked for, and of archives the documents are read.

use std::collections::HashSet;

use keepdocker_terms::image_id::is_marked;
use tokio::task::JoinSet;

use super::looking::archive_of;
use super::store::StoreError;
use super::{ArchiveStore, BlockId, Error, Locator};
use crate::bindings::keep::Depth;

/// How many questions are on their way at a time.
const AT_A_TIME: usize = 16;

/// What Keep said of some blocks.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    /// How many were asked for, each once.
    pub asked: usize,
    /// Those that no service has.
    pub lost: HashSet<BlockId>,
    /// How many nobody can tell of.
    pub unknown: usize,
    /// Why not, of one of these.
    pub reason: Option<String>,
}

impl ArchiveStore {
    /// Asks for each block of these manifests whether Keep has it.
    ///
    /// A locator whose signature is not accepted says nothing about its block.
    pub(crate) async fn presence<'a>(&self, manifests: impl Iterator<Item = &'a str>) -> Presence {
        let mut seen = HashSet::new();
        let locators = manifests.flat_map(locators);
        let mut locators = locators.filter(|locator| seen.insert(locator.block()));
        let mut presence = Presence::default();
        let mut questions = JoinSet::new();
        loop {
            while questions.len() < AT_A_TIME
                && let Some(locator) = locators.next()
            {
                let keep = self.keep.clone();
                presence.asked += 1;
                questions.spawn(async move { (locator.block(), keep.head(&locator).await) });
            }
            match questions.join_next().await {
                None => return presence,
                Some(Ok((_, Ok(())))) => {}
                Some(Ok((block, Err(Error::NotFound(_))))) => {
                    presence.lost.insert(block);
                }
                Some(Ok((_, Err(error)))) => {
                    presence.unknown += 1;
                    presence.reason = Some(error.to_string());
                }
                Some(Err(error)) => {
                    presence.unknown += 1;
                    presence.reason = Some(error.to_string());
                }
            }
        }
    }
}

/// Returns the blocks that a manifest refers to, in its order.
pub(crate) fn locators(manifest: &str) -> impl Iterator<Item = Locator> {
    manifest.lines().flat_map(|line| {
        // The first word is the stream's name, whatever it looks like.
        let words = line.split(' ').skip(1);
        words.map_while(|word| word.parse::<Locator>().ok())
    })
}

/// What an archive in Keep turned out to be that is named as an image.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// The image that its name promises.
    Named,
    /// Another image, with this ID.
    Another(String),
    /// No image, for this reason.
    None(String),
    /// Nobody can tell: it cannot be read, or is not the only file, or not named as images are.
    Unknown,
}

impl ArchiveStore {
    /// Reads an archive's headers and documents, and tells whether it holds what it is named by.
    pub(crate) async fn verdict(&self, manifest: &str) -> Verdict {
        let Ok((Some(named), stored)) = archive_of(manifest) else {
            return Verdict::Unknown;
        };
        if !is_marked(&named) {
            return Verdict::Unknown;
        }
        match self.examine(&stored, Depth::Config).await {
            Ok(found) if found.id == stored.image => Verdict::Named,
            Ok(found) if found.manifest.as_ref() == Some(&stored.image) => Verdict::Named,
            Ok(found) => Verdict::Another(found.id),
            Err(StoreError::Archive(error)) => Verdict::None(error.to_string()),
            Err(_) => Verdict::Unknown,
        }
    }
}
