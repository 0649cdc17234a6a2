//! What is wrong with an image archive.

use super::engine::WITHHELD;
use super::of_command;
use crate::exit::Exit;
use crate::report::{Purpose, Report};

const NOTHING: &str = "nothing was registered";

/// It is not there.
#[must_use]
pub fn not_found(reason: String) -> Report {
    Report::new(Exit::Failed, reason)
        .advise("check the path; `docker save -o FILE IMAGE` makes such an archive")
}

/// It is not what an image archive is.
#[must_use]
pub fn unsound(reason: &str, purpose: Purpose) -> Report {
    match purpose {
        Purpose::Store => Report::new(
            Exit::Failed,
            format!("this is not a sound image archive: {reason}"),
        )
        .advise(format!(
            "{NOTHING}; save the image again, with `docker save -o FILE IMAGE` for example"
        )),
        _ => Report::new(
            Exit::Failed,
            format!("what the cluster has is not a sound image archive: {reason}"),
        )
        .advise("nothing was kept of it; upload the image again with `--force`"),
    }
}

/// It does not hold the image that was asked for.
#[must_use]
pub fn no_such_image(reason: String) -> Report {
    Report::new(Exit::NoSuchImage, reason)
        .python("no matching image found")
        .advise("name an image that it holds, or save the one you mean with `docker save -o FILE IMAGE`")
}

/// It holds several images that can be meant.
#[must_use]
pub fn ambiguous(reason: String) -> Report {
    Report::new(Exit::AmbiguousImage, reason).advise(
        "name one of them after the source and a colon: by its name, its ID, or `@N`, which counts from 0; or give `--platform`",
    )
}

/// The engine that makes it, or takes it, failed.
#[must_use]
pub fn engine_failed(
    command: &str,
    status: Option<i32>,
    message: String,
    purpose: Purpose,
) -> Report {
    let report = of_command(command, status, message);
    match purpose {
        Purpose::Store => report.advise(format!("{NOTHING}; {WITHHELD}")),
        _ => report.advise(WITHHELD),
    }
}

/// Its registry refuses it, or cannot be reached.
#[must_use]
pub fn registry_failed(reason: String) -> Report {
    Report::new(
        Exit::Failed,
        "the image could not be read from its registry",
    )
    .detail(reason)
    .advise("see `docs/registry.md` for logins, mirrors, certificates and limits")
}

/// It could not be read.
#[must_use]
pub fn unreadable(reason: String) -> Report {
    Report::new(Exit::Failed, "the image archive could not be read").detail(reason)
}
