//! What the container engine did not do.

use super::of_command;
use crate::exit::Exit;
use crate::report::{Page, Report};

/// What may help where the engine failed: it sees less than the user's shell.
pub(super) const WITHHELD: &str = "the engine gets the environment variables that engines and credential helpers usually need, and no others; KEEPDOCKER_ENGINE_ENV=NAME,PREFIX_* gives it more of them";

/// It is not there, or does not answer.
#[must_use]
pub fn unavailable(reason: String) -> Report {
    Report::new(Exit::Failed, "the container engine cannot be reached")
        .detail(reason)
        .advise(format!("start the engine, name another with `--engine`/KEEPDOCKER_ENGINE, read the image from its registry without one with `keepdocker upload --from docker://IMAGE`, or upload a saved archive with `keepdocker upload --from docker-archive:FILE`; {WITHHELD}"))
        .page(Page::Engines)
}

/// A command of it failed, with this message.
#[must_use]
pub fn failed(command: &str, status: Option<i32>, message: String) -> Report {
    of_command(command, status, message)
        .advise(WITHHELD)
        .page(Page::Engines)
}

/// It does something else than engines do.
#[must_use]
pub fn unusable(reason: String) -> Report {
    Report::new(Exit::Failed, "the container engine could not be used").detail(reason)
}
