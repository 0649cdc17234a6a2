//! What the two command lines have in common.

use std::time::Duration;

use crate::bindings::commands::{ImageDigest, Origin, Pull, Reach, UploadRequest};
use crate::bindings::keep::{BlockLayout, Depth, Form};
use crate::output::{Console, Exit, Report};
use crate::policy::quantity;
use crate::settings::{Environment, ImageId, Preferences};

/// Returns the request to upload nothing in particular in the usual way.
pub(super) fn upload() -> UploadRequest {
    UploadRequest {
        origin: Origin::Engine,
        image: None,
        tag: None,
        selection: None,
        platform: None,
        project: None,
        name: None,
        pull: Pull::Never,
        force: false,
        force_image_format: false,
        form: Form::Canonical,
        block_layout: BlockLayout::Layered,
        replicas: None,
        storage_classes: Vec::new(),
        reuse: Reach::Readable,
        verify: Depth::Config,
        resume: true,
        named_by: ImageDigest::Config,
    }
}

/// Returns by which of its digests an image is registered: as the command line says, else as was said once
/// for all commands.
pub(super) fn image_id(
    given: Option<ImageId>,
    environment: &Environment,
) -> Result<ImageId, Report> {
    Ok(image_id_with_origin(given, &preferences(environment)?).0)
}

/// Returns what was said once for all commands.
///
/// # Errors
/// If something that was said cannot be meant.
pub(super) fn preferences(environment: &Environment) -> Result<Preferences, Report> {
    Preferences::load(environment).map_err(|error| {
        Report::new(Exit::Unauthorized, error.to_string()).advise(
            "mend that, as docs/configuration.md says; `keepdocker config show` tells what counts then",
        )
    })
}

/// Returns by which of its digests an image is registered, and where that was said.
pub(super) fn image_id_with_origin(
    given: Option<ImageId>,
    preferences: &Preferences,
) -> (ImageId, String) {
    match (given, &preferences.image_id) {
        (Some(given), _) => (given, "`--image-id`".to_owned()),
        (None, Some(said)) => (said.value, said.from.clone()),
        (None, None) => (ImageId::default(), "the default".to_owned()),
    }
}

impl From<ImageId> for ImageDigest {
    fn from(id: ImageId) -> Self {
        match id {
            ImageId::Config => Self::Config,
            ImageId::Manifest => Self::Manifest,
        }
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

/// Reads a duration such as `10m`. A number without a unit is refused: `7` may have been meant as days.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    quantity::seconds(text)
        .map(Duration::from_secs)
        .ok_or_else(|| "expected a number with a unit: 90s, 10m, 12h, 7d".to_owned())
}

/// Reads a size such as `10GiB`. A number without a unit is refused: `10` may have been meant as GiB.
pub(super) fn size(text: &str) -> Result<u64, String> {
    quantity::size(text).ok_or_else(|| "expected a number with a unit: 500MiB, 10GiB".to_owned())
}
