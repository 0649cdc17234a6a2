//! What is wrong with an image archive.

use super::engine::WITHHELD;
use super::of_command;
use crate::exit::Exit;
use crate::report::{Purpose, Report};

const FAULT: &str =
    "whoever keeps it there can push it again; another tag or registry may have it whole";
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
        Purpose::Fetch => Report::new(
            Exit::Failed,
            format!("the image in its registry is not sound: {reason}"),
        )
        .advise(format!("{NOTHING}; {FAULT}")),
        _ => Report::new(
            Exit::Failed,
            format!("what the cluster has is not a sound image archive: {reason}"),
        )
        .advise(match purpose {
            // What is adopted need not have been uploaded by anybody.
            Purpose::Change => {
                "nothing was registered; name a collection that holds one image as `docker save` writes it, or upload the image"
            }
            _ => "nothing was kept of it; upload the image again with `--force`",
        }),
    }
}

/// It does not hold the image that was asked for.
#[must_use]
pub fn no_such_image(reason: String, purpose: Purpose) -> Report {
    let report = Report::new(Exit::NoSuchImage, reason).python("no matching image found");
    report.advise(match purpose {
        Purpose::Fetch => "check the spelling and the platform; a registry that wants a login may say the same of what it does not show",
        _ => "name one that is there, or save the one you mean with `docker save -o FILE IMAGE`",
    })
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
        Purpose::Store | Purpose::Fetch => report.advise(format!("{NOTHING}; {WITHHELD}")),
        _ => report.advise(WITHHELD),
    }
}

/// The registry does not give it.
#[must_use]
pub fn of_registry(reason: String) -> Report {
    Report::new(
        Exit::Failed,
        "the image could not be read from its registry",
    )
    .detail(reason)
    .advise("see `docs/registry.md` for logins, mirrors, certificates and limits")
}

/// It could not be read.
#[must_use]
pub fn unreadable(reason: String, purpose: Purpose) -> Report {
    let what = match purpose {
        Purpose::Fetch => "the image could not be read",
        _ => "the image archive could not be read",
    };
    Report::new(Exit::Failed, what).detail(reason)
}
