//! The command lines of the two programs.

pub mod arv_keepdocker;
pub mod audit;
pub mod cache;
pub mod component;
pub mod download;
pub mod keepdocker;
pub mod plan;
pub mod policy;
pub mod progress_form;
mod request;
pub mod upload;

use std::future::Future;

use crate::confinement;
use crate::output::{Console, Exit, Report};
use crate::run::{Interrupted, or_signal};

/// Returns the words of the process's command line; what is not UTF-8 in them becomes U+FFFD.
fn words() -> Vec<String> {
    std::env::args_os()
        .map(|word| word.to_string_lossy().into_owned())
        .collect()
}

/// Runs a command to its end, or until a signal asks the program to end.
fn drive(console: Console, command: impl Future<Output = Exit>) -> Result<Exit, Interrupted> {
    // Threads of the runtime inherit it, so it comes first.
    confinement::enter();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            console.report(&Report::new(
                Exit::Failed,
                format!("the program cannot start its threads: {error}"),
            ));
            return Ok(Exit::Failed);
        }
    };
    let ended = runtime.block_on(or_signal(command));
    // Work on threads that wait for the engine or a file is not waited for: it can do no more harm.
    runtime.shutdown_background();
    ended
}
