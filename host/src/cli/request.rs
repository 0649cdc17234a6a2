//! What the two command lines have in common.

use crate::bindings::commands::{Origin, Pull, UploadRequest};
use crate::bindings::keep::{BlockLayout, Form};
use crate::output::{Console, Exit, Report};

/// Returns the request to upload nothing in particular in the usual way.
pub(super) fn upload() -> UploadRequest {
    UploadRequest {
        origin: Origin::Engine,
        image: None,
        tag: None,
        selection: None,
        project: None,
        name: None,
        pull: Pull::Never,
        force: false,
        force_image_format: false,
        form: Form::Canonical,
        block_layout: BlockLayout::Layered,
        replicas: None,
        storage_classes: Vec::new(),
        reuse: true,
        resume: true,
    }
}

/// Writes the answer to standard output.
pub(super) fn answer(console: Console, text: impl AsRef<[u8]>) -> Result<(), Report> {
    console.answer(text).map_err(|error| {
        Report::new(
            Exit::Failed,
            format!("the answer cannot be written to standard output: {error}"),
        )
    })
}
