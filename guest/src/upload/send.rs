//! Sending an image's archive to Keep: what need not be sent, and what follows if the cluster
//! refuses that.
//!
//! A block that another collection has is referred to with that collection's signature. Should the
//! server refuse such a signature, it does so when the collection is created, and does not say
//! which. Then the archive is read again; the blocks that this run has sent are not sent twice.

use crate::bindings::exports::keepdocker::contract::commands::{
    Failure, ImageDigest, Reach, UploadRequest,
};
use crate::bindings::keepdocker::contract::api;
use crate::bindings::keepdocker::contract::archives::Error as ArchiveError;
use crate::bindings::keepdocker::contract::log::Level;
use crate::capabilities::{archives, keep, log};
use crate::{evidence, image, manifest, pattern, project, reuse_candidates};

use super::aim::Upload;
use crate::registration::Aim;

/// Reads a source from its beginning, and stores it.
type Read<'a> = dyn Fn(&keep::Options) -> Result<keep::Stored, Failure> + 'a;

/// Why blocks that were not sent are not trusted. The text is for people.
#[derive(Debug)]
pub(crate) enum Doubt {
    /// The cluster refused the collection that refers to them.
    Refused(String),
    /// They were read back, and are not what they should be.
    Unlike(String),
}

impl Doubt {
    fn words(&self) -> String {
        match self {
            Self::Refused(text) => format!(
                "the cluster refused the collection, perhaps for blocks that were not sent: {text}; they are sent now"
            ),
            Self::Unlike(text) => format!(
                "what Keep had of the archive already is not what it should be: {text}; every block is sent now"
            ),
        }
    }
}

/// How one image gets into Keep.
pub(crate) struct Sending<'a> {
    request: &'a UploadRequest,
    /// Which image of the source to store; none where that shows once it is read.
    image: Option<archives::Chosen>,
    read: Box<Read<'a>>,
}

impl<'a> Sending<'a> {
    pub(crate) fn new(
        request: &'a UploadRequest,
        image: Option<archives::Chosen>,
        read: impl Fn(&keep::Options) -> Result<keep::Stored, Failure> + 'a,
    ) -> Self {
        Self {
            request,
            image,
            read: Box::new(read),
        }
    }

    /// Sends the image, which has this lowest layer where that is known before it is read.
    ///
    /// That the project cannot take it should not show only after all of its data is sent.
    pub(crate) fn send(
        &self,
        upload: &Upload<'_>,
        base: Option<&str>,
    ) -> Result<keep::Stored, Failure> {
        let request = self.request;
        if let Some(project) = &request.project {
            project::check(project)?;
        }
        let traits = reuse_candidates::Traits {
            repositories: &upload.repositories,
            base,
            owner: &upload.aim.owner,
        };
        // Whoever forces an upload wants the data to be sent, perhaps because Keep has lost some.
        let reuse = match request.reuse {
            _ if request.force => Vec::new(),
            Reach::None => Vec::new(),
            Reach::Own => {
                reuse_candidates::owned(reuse_candidates::find(traits), &upload.aim.owner)
            }
            Reach::Readable => reuse_candidates::find(traits),
        };
        let resume = request.resume && !request.force;
        let stored = (self.read)(&self.options(&upload.aim, reuse, resume))?;
        self.read_back(&upload.aim, stored)
    }

    /// Reads back what was not sent, where that is asked for, and sends it after all if it is not what
    /// it should be.
    fn read_back(&self, aim: &Aim, stored: keep::Stored) -> Result<keep::Stored, Failure> {
        // Where nothing is sent, as a plan is made, there is nothing to read either.
        let is_in_keep = stored
            .blocks
            .iter()
            .all(|block| pattern::holds(block, "+A"));
        if self.request.verify != keep::Depth::Content || stored.reused == 0 || !is_in_keep {
            return Ok(stored);
        }
        let Some(reason) = unlike(&stored)? else {
            return Ok(stored);
        };
        let again = self.send_again(aim, &stored, &Doubt::Unlike(reason))?;
        match unlike(&again)? {
            None => Ok(again),
            Some(reason) => Err(ArchiveError::Unsound(format!(
                "what Keep has of image {} is not what was read: {reason}",
                again.image.id
            ))
            .into()),
        }
    }

    /// Sends the image again, trusting no block but those that this run has sent, as there is doubt
    /// about those that it has not.
    pub(crate) fn send_again(
        &self,
        aim: &Aim,
        before: &keep::Stored,
        doubt: &Doubt,
    ) -> Result<keep::Stored, Failure> {
        log::write(Level::Warning, &doubt.words());
        let stored = match (self.read)(&self.options(aim, Vec::new(), false)) {
            Err(Failure::Archive(ArchiveError::NotFound(_))) => {
                return Err(match doubt {
                    Doubt::Refused(text) => Failure::ReuseRefused(text.clone()),
                    Doubt::Unlike(text) => ArchiveError::Unsound(format!(
                        "the blocks that Keep had already are not those of the archive: {text}; it cannot be read again to send them"
                    ))
                    .into(),
                });
            }
            stored => stored?,
        };
        if stored.image.id != before.image.id {
            return Err(ArchiveError::Unsound(format!(
                "read again, it holds image {} and not {}",
                stored.image.id, before.image.id
            ))
            .into());
        }
        // What the first reading read and sent, the second found in Keep.
        let layers = stored.layers.into_iter().map(|layer| {
            let was_read = |it: &keep::StoredLayer| it.diff_id == layer.diff_id && it.read;
            keep::StoredLayer {
                read: layer.read || before.layers.iter().any(was_read),
                ..layer
            }
        });
        Ok(keep::Stored {
            sent: before.sent + stored.sent,
            reused: stored.reused.saturating_sub(before.sent),
            layers: layers.collect(),
            ..stored
        })
    }

    fn options(&self, aim: &Aim, reuse: Vec<String>, resume: bool) -> keep::Options {
        let request = self.request;
        let known = match request.named_by {
            ImageDigest::Config => self.image.as_ref().map(|chosen| chosen.image.clone()),
            ImageDigest::Manifest => None,
        };
        keep::Options {
            image: self.image.clone(),
            form: request.form,
            block_layout: request.block_layout,
            replicas: request.replicas,
            storage_classes: request.storage_classes.clone(),
            reuse,
            resume,
            destination: Some(keep::Destination {
                owner: aim.project.clone(),
                image: known,
                names: aim.names.clone(),
            }),
        }
    }
}

/// Returns the server's words if it may have refused a collection for its blocks.
///
/// A real server answers 403 without a word of why.
pub(crate) fn refusal(error: &api::Error) -> Option<&str> {
    match error {
        api::Error::Forbidden(text) => Some(text),
        api::Error::Rejected(text) if pattern::holds(&text.to_ascii_lowercase(), "signature") => {
            Some(text)
        }
        _ => None,
    }
}

/// Reads a stored archive from Keep, every byte, and says how it differs from what was to be stored.
fn unlike(stored: &keep::Stored) -> Result<Option<String>, Failure> {
    let id = stored.image.id.as_str();
    let text = manifest::build(&stored.blocks, &image::file_name(id), stored.size)
        .map_err(|error| keep::Error::Other(error.to_string()))?;
    let archive = evidence::stored(&text, id).map_err(keep::Error::Other)?;
    match keep::examine(&archive, keep::Depth::Content) {
        Ok(found) if found.id == id => Ok(None),
        Ok(found) => Ok(Some(format!("it holds image {}", found.id))),
        Err(error @ keep::Error::Unauthorized(_)) => Err(error.into()),
        Err(error) => Ok(Some(evidence::words(&error))),
    }
}
