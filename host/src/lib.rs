//! The library behind the programs `keepdocker` and `arv-keepdocker`.
//!
//! It offers the two programs as functions, their allocator, and with the feature `testing` what tests elsewhere need;
//! all else is for itself alone.

mod api;
mod archive;
mod bindings;
mod built;
mod cache;
mod cli;
mod component;
mod confinement;
mod engine;
mod http;
mod keep;
mod locks;
mod memory;
mod messages;
mod new_file;
mod output;
mod plan;
mod planner;
mod progress;
mod registry;
mod replay;
mod report;
mod run;
mod settings;
mod signals;
mod target;
mod terminal;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(test)]
#[cfg(feature = "testing")]
mod tests;

use std::process::ExitCode;

use keepdocker_audit as audit;
use keepdocker_gate::{self as gate, policy};
use keepdocker_wording::{self as wording, harmless};

pub use memory::Allocator;

/// Runs `keepdocker` on the process's command line and environment, and returns its exit status.
///
/// Packages install that program once and link `arv-keepdocker` to it: started by that name it is the drop-in.
#[must_use]
pub fn keepdocker() -> ExitCode {
    if cli::is_called("arv-keepdocker") {
        arv_keepdocker()
    } else {
        cli::keepdocker::main()
    }
}

/// Runs `arv-keepdocker` on the process's command line and environment, and returns its exit status.
#[must_use]
pub fn arv_keepdocker() -> ExitCode {
    cli::arv_keepdocker::main()
}
