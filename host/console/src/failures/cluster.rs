//! What the cluster, its API or its Keep, did not do.

use crate::exit::Exit;
use crate::report::{Page, Purpose, Report};

/// It does not accept the token.
#[must_use]
pub fn unauthorized(reason: String) -> Report {
    Report::new(Exit::Unauthorized, "the cluster does not accept the token")
        .detail(reason)
        .advise("get a current token from the cluster, and give it to `keepdocker login` or set ARVADOS_API_TOKEN")
        .page(Page::Configuration)
}

/// The token does not allow this.
#[must_use]
pub fn forbidden(reason: String) -> Report {
    Report::new(Exit::Failed, "the cluster does not permit this").detail(reason)
}

/// There is no such object, or the token may not see it.
#[must_use]
pub fn not_found(reason: String) -> Report {
    Report::new(
        Exit::Failed,
        "the cluster has no such object, or the token may not see it",
    )
    .detail(reason)
}

/// The request is wrong.
#[must_use]
pub fn rejected(reason: String) -> Report {
    Report::new(Exit::Failed, "the cluster refused the request").detail(reason)
}

/// No answer came, and nothing was changed.
#[must_use]
pub fn unreachable(reason: String) -> Report {
    Report::new(Exit::Failed, "the cluster cannot be reached")
        .detail(reason)
        .advise("check ARVADOS_API_HOST, the network and, if there is one, the proxy")
        .page(Page::Network)
}

/// No answer came to a request that changes something.
#[must_use]
pub fn uncertain(reason: String) -> Report {
    Report::new(
        Exit::Failed,
        "the cluster did not answer, so it is not known whether the request took effect",
    )
    .detail(reason)
    .advise("run the command again: it completes what is missing")
}

/// The request failed for another reason.
#[must_use]
pub fn failed(reason: String) -> Report {
    Report::new(Exit::Failed, "the request to the cluster failed").detail(reason)
}

/// It refused blocks that others lend, and the source cannot be read again to send them.
#[must_use]
pub fn reuse_refused(reason: String) -> Report {
    Report::new(
        Exit::Failed,
        "the cluster refused blocks that other collections have",
    )
    .detail(reason)
    .advise("the source cannot be read twice, so run the command again with `--no-reuse`, which sends every block")
}

/// No Keep service takes blocks.
#[must_use]
pub fn no_services() -> Report {
    Report::new(
        Exit::Failed,
        "the cluster offers no Keep service that can be written to",
    )
    .advise("ask the administrator of the cluster, or set ARVADOS_KEEP_SERVICES")
}

/// A block reached so many services of those that were wanted, which gave these reasons.
#[must_use]
pub fn too_few_replicas(written: u32, wanted: u32, reasons: &[String]) -> Report {
    Report::new(
        Exit::Failed,
        format!("a block reached {written} of the {wanted} replicas that were asked for"),
    )
    .detail(reasons.join("\n"))
    .advise("nothing was registered; fix what the services report, then run the command again")
}

/// Keep was not to be used for another reason.
#[must_use]
pub fn keep_failed(reason: String, purpose: Purpose) -> Report {
    let what = match purpose {
        Purpose::Store | Purpose::Fetch => "the image could not be stored in Keep",
        Purpose::Save => "the image could not be saved",
        Purpose::Load => "the image could not be loaded",
        Purpose::Change | Purpose::Find | Purpose::Resolve => {
            "the image could not be read from Keep"
        }
    };
    Report::new(Exit::Failed, what).detail(reason)
}

/// There is no such project, or the token may not see it; the cluster's reason is a detail.
#[must_use]
pub fn absent_project(project: &str, reason: String) -> Report {
    let message = format!(
        "there is no project {project}, or it is in the trash, or the token may not see it"
    );
    unusable_project(&message).detail(reason)
}

/// It is a group of another class, which owns nothing.
#[must_use]
pub fn no_project(project: &str, class: &str) -> Report {
    let message =
        format!("{project} is not a project but a group of class {class}, which owns nothing");
    unusable_project(&message)
}

/// The token may not write to the project, whose name may be empty.
#[must_use]
pub fn read_only_project(project: &str, name: &str, purpose: Purpose) -> Report {
    let name = if name.is_empty() {
        String::new()
    } else {
        format!(" ({name})")
    };
    let message =
        format!("the token may not write to project {project}{name}, or the project is frozen");
    let report = unusable_project(&message);
    match purpose {
        // Most changes are made where the image is.
        Purpose::Change => report.advise(
            "`keepdocker copy IMAGE --project PROJECT` gives the image to a project where you can write; or ask the owner of this one for permission",
        ),
        _ => report,
    }
}

fn unusable_project(message: &str) -> Report {
    Report::new(Exit::Failed, format!("{message}; nothing was sent"))
        .advise("name another project, or ask the owner of this one for permission to write")
        .page(Page::InKeep)
}
