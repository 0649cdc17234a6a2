//! Getting an image's archive into Keep: what need not be sent, and what follows if the cluster
//! refuses that.
//!
//! A block that another collection has is referred to with that collection's signature. Should the
//! server refuse such a signature, it does so when the collection is created, and does not say
//! which. Then the archive is read again; the blocks that this run has sent are not sent twice.

use crate::bindings::exports::keepdocker::contract::commands::{Failure, UploadRequest};
use crate::bindings::keepdocker::contract::api;
use crate::bindings::keepdocker::contract::archives::Error as ArchiveError;
use crate::bindings::keepdocker::contract::log::Level;
use crate::capabilities::{archives, keep, log};

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
pub(crate) struct Storage<'a> {
    request: &'a UploadRequest,
    /// Which image of the source to store; none where that shows once it is read.
    image: Option<archives::Chosen>,
    read: Box<Read<'a>>,
}

impl<'a> Storage<'a> {
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

    /// Stores the image; blocks of these collections need not be sent.
    pub(crate) fn store(&self, reuse: Vec<String>) -> Result<keep::Stored, Failure> {
        let resume = self.request.resume && !self.request.force;
        (self.read)(&self.options(reuse, resume))
    }

    /// Stores the image again, trusting no block but those that this run has sent, as there is doubt
    /// about those that it has not.
    pub(crate) fn store_again(
        &self,
        before: &keep::Stored,
        doubt: &Doubt,
    ) -> Result<keep::Stored, Failure> {
        log::write(Level::Warning, &doubt.words());
        let stored = match (self.read)(&self.options(Vec::new(), false)) {
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
        // What the first reading sent, the second found in Keep.
        Ok(keep::Stored {
            sent: before.sent + stored.sent,
            reused: stored.reused.saturating_sub(before.sent),
            ..stored
        })
    }

    fn options(&self, reuse: Vec<String>, resume: bool) -> keep::Options {
        let request = self.request;
        keep::Options {
            image: self.image.clone(),
            form: request.form,
            block_layout: request.block_layout,
            replicas: request.replicas,
            storage_classes: request.storage_classes.clone(),
            reuse,
            resume,
        }
    }
}

/// Returns the server's words if it may have refused a collection for its blocks.
///
/// A real server answers 403 without a word of why.
pub(crate) fn refusal(error: &api::Error) -> Option<&str> {
    match error {
        api::Error::Forbidden(text) => Some(text),
        api::Error::Rejected(text) if text.to_ascii_lowercase().contains("signature") => Some(text),
        _ => None,
    }
}
