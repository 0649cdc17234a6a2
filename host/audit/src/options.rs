//! How a log is to be kept, and why one is not.

use std::path::PathBuf;
use std::time::Duration;

use super::canonical::Unrepresentable;
use super::note::KeyError;

/// What happens when the log cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum OnFailure {
    /// The user is warned, and the run goes on without a log.
    #[default]
    Continue,
    /// Nothing more is done.
    Stop,
}

/// How a log is to be kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// The folder of the logs; created if it is not there.
    pub directory: PathBuf,
    /// What happens when the log cannot be written.
    pub on_failure: OnFailure,
    /// The socket of the system's log that each line of the heads is sent to.
    pub system_log: Option<PathBuf>,
    /// The key to sign the head of each log with.
    pub sign_with: Option<PathBuf>,
    /// How long logs are kept; without it 90 days, and no more than 256 MiB of them.
    pub retain: Option<Duration>,
}

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// There is no home directory to put the folder in.
    #[error(
        "there is no home directory to keep the audit log in; name a `directory` in the policy, or set XDG_STATE_HOME"
    )]
    NoPlace,
    /// A file or folder cannot be used.
    #[error("{action} `{}`: {source}", path.display())]
    File {
        /// What was tried, such as `cannot write`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Somebody holds the lock on the heads.
    #[error(
        "another process holds the lock on `{}`, and did not give it back within {} s",
        path.display(),
        waited.as_secs()
    )]
    Locked {
        /// The file.
        path: PathBuf,
        /// How long it was waited for.
        waited: Duration,
    },
    /// What was asked of the disk is not done.
    #[error("the disk of `{}` did not answer within {} s", path.display(), waited.as_secs())]
    Silent {
        /// The file or folder.
        path: PathBuf,
        /// How long it was waited for.
        waited: Duration,
    },
    /// The system's log does not take what it is sent.
    #[error("cannot send the head of the audit log to the system's log at `{}`: {source}", path.display())]
    SystemLog {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// There is no thread to write with.
    #[error("cannot start a thread that writes: {0}")]
    Thread(std::io::Error),
    /// An entry cannot be written in the log's form.
    #[error(transparent)]
    Entry(#[from] Unrepresentable),
    /// The program's own part that writes the log broke down.
    #[error("what writes the audit log broke down; this is a fault of the program")]
    Broken,
    /// The key to sign with cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl Error {
    pub(super) fn file(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File {
            action,
            path,
            source,
        }
    }
}
