//! Why a command of the engine gave no result.

use std::io;

use crate::bindings::types::CommandFailure;

/// Why a command of the engine gave no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// There is no such program.
    #[error(
        "the program `{0}` was not found; install a container engine, or name one with `--engine` or KEEPDOCKER_ENGINE"
    )]
    Missing(String),
    /// The program is there and could not be started, or its output not be read.
    #[error("cannot run `{program}`: {source}")]
    Unusable {
        /// The program's name or path.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// The program's engine does not answer.
    #[error("the engine does not answer: {}", text(.0))]
    Down(CommandFailure),
    /// The command failed.
    #[error("{}", text(.0))]
    Failed(CommandFailure),
    /// The command's output is not what it should be.
    #[error("`{command}` wrote something else than expected: {problem}")]
    Nonsense {
        /// The program and verb.
        command: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A plan ends here, and the image was not pulled.
    #[error("a plan ends where `{0}` would be pulled")]
    Planned(String),
    /// A plan has something else in this place.
    #[error(transparent)]
    OffPlan(#[from] crate::plan::Deviation),
    /// A name that cannot be one of an image.
    #[error("`{0}` cannot name an image")]
    BadName(String),
}

fn text(failure: &CommandFailure) -> String {
    let end = match failure.status {
        Some(status) => format!("ended with status {status}"),
        None => "was ended by a signal".to_owned(),
    };
    match failure.message.as_str() {
        "" => format!("`{}` {end} and no message", failure.command),
        message => format!("`{}` {end}: {message}", failure.command),
    }
}
