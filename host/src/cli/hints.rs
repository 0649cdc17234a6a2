//! Where people who wrote something else probably wanted to go.

use std::path::Path;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::harmless::escape;
use crate::output::Report;

/// Says how an archive is uploaded, where the image that could not be is the path of one.
pub(super) fn for_archive(report: Report, image: Option<&str>) -> Report {
    let Some(image) = image else { return report };
    let path = Path::new(image);
    let transport = if path.is_file() {
        "docker-archive"
    } else if path.join("oci-layout").is_file() {
        "oci"
    } else {
        return report;
    };
    report.advise(format!(
        "`{0}` is a file here; to upload the image in it: keepdocker upload --from {transport}:{0}",
        escape(image)
    ))
}

/// Says what became of an option of old Python programs.
pub(super) fn for_unknown(error: &clap::Error) -> Option<&'static str> {
    let is_download = error.kind() == ErrorKind::UnknownArgument
        && matches!(
            error.get(ContextKind::InvalidArg),
            Some(ContextValue::String(argument)) if argument.starts_with("--download")
        );
    is_download.then_some(
        "`keepdocker load IMAGE` brings an image of the cluster into the container engine, and \
         `keepdocker save IMAGE -o FILE` writes its archive",
    )
}
