//! Where people who wrote something else probably wanted to go.

use std::path::Path;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::archive::Location;
use crate::harmless::escape;
use crate::output::{Exit, Report};

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
        "`{0}` is a file here; `keepdocker upload --from {transport}:{0}` uploads the image in it",
        escape(image)
    ))
}

/// Says how one of several images is named, where `source` is an archive that holds them.
///
/// The example is one that works: the first image of the archive's list, unless the source names an image already.
pub(super) fn for_several(report: Report, source: &str) -> Report {
    let names_image = match source.parse::<Location>() {
        Ok(
            Location::File { image, .. }
            | Location::Folder { image, .. }
            | Location::Stdin { image },
        ) => image.is_some(),
        _ => true,
    };
    if report.exit != Exit::AmbiguousImage || names_image {
        return report;
    }
    let source = match source {
        "-" => "docker-archive:-",
        source => source,
    };
    report.advise(format!(
        "name one of them after the source and a colon: by its name, its ID, or `@N`, which counts from 0; \
         the first is `keepdocker upload --from {}`",
        quoted(&format!("{source}:@0"))
    ))
}

/// Quotes a word for a shell where it needs that.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@=+,%".contains(c);
    let shown = escape(word);
    match shown.chars().all(is_plain) {
        true => shown.into_owned(),
        false => format!("'{}'", shown.replace('\'', "'\\''")),
    }
}

/// Says what a command of docker, skopeo or crane is called here.
pub(super) fn for_other_tools(error: &clap::Error) -> Option<&'static str> {
    if let Some(ContextValue::String(option)) = error.get(ContextKind::InvalidArg)
        && error.kind() == ErrorKind::UnknownArgument
        && ["--tag", "-t"].contains(&option.as_str())
    {
        return Some(
            "the tag is a part of the name: `lab/tool:1.2`; `keepdocker tag` gives further names",
        );
    }
    if error.kind() != ErrorKind::InvalidSubcommand {
        return None;
    }
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else {
        return None;
    };
    Some(match word.as_str() {
        "list" | "catalog" => "`keepdocker images` lists the images that the cluster has",
        "cp" | "import" => {
            "`keepdocker upload --from SOURCE` copies an image into Keep, and `keepdocker save` out of it"
        }
        "export" => "`keepdocker save IMAGE -o FILE` writes an image to a file",
        "digest" | "manifest" => {
            "`keepdocker inspect IMAGE` shows what an image is, and `keepdocker resolve IMAGE` what a name leads to"
        }
        "rmi" | "delete" => {
            "`keepdocker untag NAME` takes a name away, and `keepdocker rm NAME` moves the image to the trash"
        }
        "logout" => {
            "`keepdocker login` keeps the token as ARVADOS_API_TOKEN in settings.conf; `keepdocker config show --origin` tells where that is, and without the line it is gone"
        }
        "version" => "`keepdocker --version` shows the version",
        "validate" => {
            "`keepdocker upload --dry-run` reads and checks an image without uploading it"
        }
        _ => return None,
    })
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
