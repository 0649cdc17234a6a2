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

/// How one image gets into Keep.
pub(crate) struct Storage<'a> {
    request: &'a UploadRequest,
    selection: archives::Selection,
    read: Box<Read<'a>>,
}

impl<'a> Storage<'a> {
    pub(crate) fn new(
        request: &'a UploadRequest,
        selection: archives::Selection,
        read: impl Fn(&keep::Options) -> Result<keep::Stored, Failure> + 'a,
    ) -> Self {
        Self {
            request,
            selection,
            read: Box::new(read),
        }
    }

    /// Stores the image; blocks of these collections need not be sent.
    pub(crate) fn store(&self, reuse: Vec<String>) -> Result<keep::Stored, Failure> {
        (self.read)(&self.options(reuse, self.request.resume))
    }

    /// Stores the image again, trusting no block but those that this run has sent, after the
    /// server's refusal of what was stored before.
    pub(crate) fn store_again(
        &self,
        before: &keep::Stored,
        refusal: &str,
    ) -> Result<keep::Stored, Failure> {
        log::write(
            Level::Warning,
            &format!(
                "the cluster refused the collection, perhaps for blocks that were not sent: {refusal}; they are sent now"
            ),
        );
        let stored = match (self.read)(&self.options(Vec::new(), false)) {
            Err(Failure::Archive(ArchiveError::NotFound(_))) => {
                return Err(Failure::ReuseRefused(refusal.into()));
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
            selection: self.selection.clone(),
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
        api::Error::Rejected(text) if text.to_lowercase().contains("signature") => Some(text),
        _ => None,
    }
}
