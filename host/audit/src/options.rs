//! How a log is to be kept, and why one is not.

use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

use super::canonical::Unrepresentable;
use super::folder::Folder;
use super::note::{KeyError, SigningKey};
use super::system_log;

/// What happens when the log cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnFailure {
    /// The user is warned, and the run goes on without a log.
    #[default]
    Continue,
    /// Nothing more is done.
    Stop,
}

/// How a log is to be kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
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

impl Options {
    /// Tells whether a log could be kept like this now, by whoever asks. Nothing is left behind.
    ///
    /// # Errors
    /// If it could not, with all that stands in the way.
    pub fn check(&self) -> Result<(), Vec<Error>> {
        let key = self.sign_with.as_deref();
        let faults: Vec<Error> = [
            self.check_folder(),
            key.map_or(Ok(()), |key| Ok(SigningKey::read(key).map(drop)?)),
            self.system_log.as_deref().map_or(Ok(()), system_log::probe),
        ]
        .into_iter()
        .filter_map(Result::err)
        .collect();
        match faults.is_empty() {
            true => Ok(()),
            false => Err(faults),
        }
    }

    fn check_folder(&self) -> Result<(), Error> {
        let fault = Error::file("cannot write to", &self.directory);
        // A run makes what is not there yet, below what is there.
        let there = self.directory.ancestors().find(|folder| folder.exists());
        tempfile::tempfile_in(there.unwrap_or(&self.directory)).map_err(fault)?;
        let heads = Folder(self.directory.clone()).heads();
        if heads.exists() {
            File::options()
                .append(true)
                .open(&heads)
                .map_err(Error::file("cannot write", &heads))?;
        }
        Ok(())
    }
}

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum Error {
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

#[cfg(test)]
mod tests {
    use std::os::unix::net::{UnixDatagram, UnixListener};
    use std::path::Path;

    use super::*;

    #[test]
    fn whether_a_log_can_be_kept_is_told_beforehand_and_nothing_is_left() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("file");
        std::fs::write(&file, "").unwrap();
        let _daemon = UnixDatagram::bind(place.path().join("log")).unwrap();
        let _stream = UnixListener::bind(place.path().join("stream")).unwrap();
        let told = |directory: &Path, socket: Option<&str>| {
            let options = Options {
                directory: directory.to_owned(),
                system_log: socket.map(|name| place.path().join(name)),
                ..Options::default()
            };
            options.check().map_err(|faults| faults[0].to_string())
        };
        let good = place.path().join("audit/below");
        assert_eq!(told(&good, None), Ok(()));
        assert_eq!(told(&good, Some("log")), Ok(()));
        for socket in ["missing", "stream", "file"] {
            let said = told(&good, Some(socket)).unwrap_err();
            assert!(said.contains("the system's log at"), "{said}");
        }
        for bad in [Path::new("/dev/null/audit"), &file.join("audit")] {
            let said = told(bad, None).unwrap_err();
            assert!(said.starts_with("cannot write to `"), "{said}");
        }
        assert!(!place.path().join("audit").exists());
        std::fs::create_dir_all(good.join("heads")).unwrap();
        assert!(told(&good, None).is_err(), "its heads are a folder");
    }
}
