//! Why a command failed, in words: a function for each reason that the contract has.

pub mod archive;
pub mod cluster;
pub mod engine;

#[cfg(test)]
mod tests;

use keepdocker_terms::uuid::{self, Kind};

use crate::exit::Exit;
use crate::report::{Page, Purpose, Report};

/// The policy withholds something; the text says why.
#[must_use]
pub fn denied(reason: String) -> Report {
    Report::new(Exit::Denied, reason).page(Page::Policy)
}

/// No image of this name was found.
#[must_use]
pub fn no_such_image(name: &str, purpose: Purpose) -> Report {
    if uuid::is(name, Kind::Collection) && purpose == Purpose::Change {
        let report = Report::new(
            Exit::NoSuchImage,
            format!(
                "there is no collection {name} that the token may see, or it belongs to another project than was named"
            ),
        );
        let advice = "`keepdocker restore UUID` brings back what is in the trash, until the cluster removes it for good";
        return report.python("no matching image found").advise(advice);
    }
    let place = match purpose {
        Purpose::Store => ", neither here nor on the cluster",
        Purpose::Fetch => " in its registry",
        Purpose::Save | Purpose::Load | Purpose::Find | Purpose::Resolve => " on the cluster",
        Purpose::Change => " on the cluster, or in the project if one was named",
    };
    let what_to_do = match purpose {
        Purpose::Store => ", or pull or build the image first",
        Purpose::Fetch => "",
        _ => "; `keepdocker images` lists what the cluster has",
    };
    let of_id = if purpose == Purpose::Resolve && is_part_of_id(name) {
        "; the server looks for names, and for the beginning of the digest that an image is registered by, while `keepdocker images` takes the first digits of either digest"
    } else {
        ""
    };
    Report::new(
        Exit::NoSuchImage,
        format!("no image `{name}` was found{place}"),
    )
    .python("no matching image found")
    .advise(format!("check the spelling{what_to_do}{of_id}"))
}

/// Tells whether a text can be meant as the first digits of an image ID, as engines show them.
fn is_part_of_id(text: &str) -> bool {
    let digits = text.strip_prefix("sha256:").unwrap_or(text);
    (6..64).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What was asked for denotes several images, which these IDs name.
#[must_use]
pub fn ambiguous_image(asked: &str, images: &[String]) -> Report {
    let count = images.len();
    Report::new(
        Exit::AmbiguousImage,
        format!("`{asked}` matches {count} images"),
    )
    .python(format!("{count} images match {asked}"))
    .detail(images.join("\n"))
    .advise("give more of the ID, or a repository and tag")
}

/// The cluster does not run images of this format, but only of those; of none, if it does not say.
#[must_use]
pub fn unsupported_format(format: &str, supported: &[String]) -> Report {
    let refusal = "refusing to store incompatible format (use --force-image-format to override)";
    let report = if supported.is_empty() {
        Report::new(
            Exit::Failed,
            format!("the image has format {format}, and the cluster does not say what it runs"),
        )
    } else {
        let quoted: Vec<String> = supported
            .iter()
            .map(|format| format!("'{format}'"))
            .collect();
        Report::new(
            Exit::Failed,
            format!(
                "the image has format {format}, and the cluster runs only: {}",
                supported.join(", ")
            ),
        )
        .python(format!(
            "image format is '{format}' but server supports only [{}]",
            quoted.join(", ")
        ))
    };
    report
        .python(refusal)
        .advise("`--force-image-format` stores it anyway")
}

/// Another process keeps the lock on the image.
#[must_use]
pub fn lock_timed_out(reason: String) -> Report {
    Report::new(Exit::LockTimedOut, reason)
        .advise("wait for the other process, or give more time with `--lock-timeout`")
}

/// The lock on the image was not to be had for another reason.
#[must_use]
pub fn lock_failed(reason: String) -> Report {
    Report::new(Exit::Failed, "the lock on the image could not be taken").detail(reason)
}

/// The server counts in whole seconds, and the one that has to pass is not over; the text says what is there by now.
#[must_use]
pub fn too_early(text: String) -> Report {
    Report::new(Exit::Failed, text).advise("run the same command again to complete it")
}

/// Says how a program ended that was run for the user.
fn of_command(command: &str, status: Option<i32>, message: String) -> Report {
    let ending = match status {
        Some(status) => format!("ended with status {status}"),
        None => "was ended by a signal".to_owned(),
    };
    Report::new(Exit::Failed, format!("`{command}` {ending}")).detail(message)
}
