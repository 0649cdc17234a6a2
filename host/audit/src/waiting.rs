//! How long a run waits for its log. Others hold the lock on the heads for a fraction of a millisecond;
//! but a run may be stopped in that moment, a backup may hold it, and a disk of the network may not
//! answer at all.

use std::fmt;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::options::{Error, OnFailure};
use super::program::Program;

/// After how long a wait is worth a message.
pub(super) const SILENT: Duration = Duration::from_secs(1);

/// How long to sleep between attempts to lock, at first and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(50));

/// How long is waited, and who is told.
#[derive(Clone)]
pub(super) struct Waiting {
    /// For whoever holds the lock on the heads.
    lock: Duration,
    /// For anything that is done with the files; longer, so that of the two the lock is named.
    pub(super) answer: Duration,
    state: Arc<State>,
}

struct State {
    place: PathBuf,
    is_told: AtomicBool,
    is_given_up: AtomicBool,
    program: Arc<dyn Program>,
}

impl Waiting {
    /// Waits longer where nothing must be done without a log.
    pub(super) fn new(on_failure: OnFailure, place: &Path, program: Arc<dyn Program>) -> Self {
        let (lock, answer) = match on_failure {
            OnFailure::Continue => (4, 8),
            OnFailure::Stop => (30, 120),
        };
        Self {
            lock: Duration::from_secs(lock),
            answer: Duration::from_secs(answer),
            state: Arc::new(State {
                place: place.to_owned(),
                is_told: AtomicBool::new(false),
                is_given_up: AtomicBool::new(false),
                program,
            }),
        }
    }

    /// Says that something has not been done for some time, unless something was said already.
    pub(super) fn tell_of_silence(&self) {
        let place = self.state.place.display();
        self.tell(&format!(
            "waiting for the audit log in `{place}`: its disk does not answer"
        ));
    }

    fn tell(&self, text: &str) {
        if !self.state.is_told.swap(true, Ordering::Relaxed) {
            self.state.program.warn(text);
        }
    }

    /// Notes that nobody waits any more: what is done later must leave no trace.
    pub(super) fn give_up(&self) -> Error {
        self.state.is_given_up.store(true, Ordering::Relaxed);
        Error::Silent {
            path: self.state.place.clone(),
            waited: self.answer,
        }
    }

    /// Takes the lock on a file, which closing it gives back.
    ///
    /// # Errors
    /// If somebody holds it too long, the file system has no locks, or nobody waits any more.
    pub(super) fn lock(&self, file: &File, path: &Path) -> Result<(), Error> {
        let start = Instant::now();
        let mut pause = PAUSES.0;
        loop {
            let tried = file.try_lock();
            let silent = || Error::Silent {
                path: path.to_owned(),
                waited: start.elapsed(),
            };
            if self.state.is_given_up.load(Ordering::Relaxed) {
                return Err(silent());
            }
            match tried {
                // A run that is being ended by a signal writes its end, too.
                Ok(()) => return Ok(()),
                Err(TryLockError::WouldBlock) if self.state.program.ending_signal().is_some() => {
                    return Err(silent());
                }
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(source)) => {
                    return Err(Error::file("cannot lock", path)(source));
                }
            }
            let waited = start.elapsed();
            if waited >= self.lock {
                return Err(Error::Locked {
                    path: path.to_owned(),
                    waited,
                });
            }
            if waited >= SILENT {
                let path = path.display();
                self.tell(&format!(
                    "waiting for another process that holds the lock on the audit log's `{path}`"
                ));
            }
            thread::sleep(pause);
            pause = (2 * pause).min(PAUSES.1);
        }
    }
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Waiting").field(&self.state.place).finish()
    }
}
