//! Signals that end a command: the work is dropped, so that nothing is left half done.

use std::future::Future;

use tokio::signal::unix::{SignalKind, signal};

/// A signal ended the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupted {
    /// The signal's number.
    pub signal: i32,
}

/// Waits for `work`, or for a signal that asks the program to end.
///
/// Dropping the work ends the engine's command, gives the lock back, and closes connections.
///
/// # Errors
/// If a signal came first.
pub async fn or_signal<T>(work: impl Future<Output = T>) -> Result<T, Interrupted> {
    // Past a limit on the size of files a write fails, as on a full disk, and the program goes on.
    let _limit = signal(SignalKind::from_raw(libc::SIGXFSZ));
    tokio::select! {
        answer = work => Ok(answer),
        signal = any() => Err(Interrupted { signal }),
    }
}

async fn any() -> i32 {
    let wait = |kind: SignalKind| async move {
        match signal(kind) {
            Ok(mut stream) => {
                stream.recv().await;
                kind.as_raw_value()
            }
            // Without a handler the signal keeps its usual effect: it ends the program.
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        number = wait(SignalKind::interrupt()) => number,
        number = wait(SignalKind::terminate()) => number,
        number = wait(SignalKind::quit()) => number,
        number = wait(SignalKind::hangup()) => number,
    }
}
