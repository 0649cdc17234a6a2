//! How the component can fail as a whole, apart from the failures that it reports itself.

use std::path::PathBuf;

use wasmtime::Trap;

use super::limits::{Limits, MemoryExceeded};
use super::replay::Deviation;
use crate::gate::Refusal;

/// Why the component did not come to an end of its own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    /// The embedded one cannot be loaded.
    #[error("the component cannot be loaded: {0}")]
    Load(String),
    /// The file cannot be read.
    #[error("the component {} cannot be read: {reason}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system said, or what is wrong with the file.
        reason: String,
    },
    /// The file holds no component, or one that does not fit the contract.
    #[error("this is no component for this program: {0}")]
    Unsuitable(String),
    /// It imports what the contract does not offer.
    #[error("the component asks for more than the contract offers: {}", .0.join(", "))]
    Excess(Vec<String>),
    /// It computed more than it may.
    #[error("the component used up its computing budget of {0} units")]
    OutOfFuel(u64),
    /// It asked for more memory than it may have.
    #[error("the component asked for more than its {} MiB of memory", .0 >> 20)]
    OutOfMemory(usize),
    /// The system gives the program too little memory to run it.
    #[error("this machine gives the program too little memory for the component")]
    NoMemory,
    /// It called the host more often than it may.
    #[error("the component made more than {0} calls to the host")]
    TooManyCalls(u64),
    /// What it did cannot be recorded any more.
    #[error("the record cannot be kept, so nothing more is done: {0}")]
    Unrecorded(String),
    /// The command took longer than it may.
    #[error("the command was not done after {} seconds", .0.as_secs())]
    TimedOut(std::time::Duration),
    /// It does something else than the record that answers it.
    #[error("the component does not do what the record says: {0}")]
    Deviates(Deviation),
    /// It broke off.
    #[error("the component broke off: {0}")]
    Trapped(String),
}

impl Error {
    /// Finds out what ended the component.
    pub(super) fn from_trap(error: &wasmtime::Error, limits: &Limits) -> Self {
        if let Some(MemoryExceeded { limit }) = error.downcast_ref() {
            return Self::OutOfMemory(*limit);
        }
        match error.downcast_ref() {
            Some(Refusal::TooManyCalls { limit }) => return Self::TooManyCalls(*limit),
            Some(Refusal::Unrecorded { reason }) => return Self::Unrecorded(reason.clone()),
            Some(Refusal::Denied(_)) | None => {}
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::OutOfFuel) => Self::OutOfFuel(limits.fuel),
            Some(trap) => Self::Trapped(trap.to_string()),
            None => Self::from_cause(&error.root_cause().to_string()),
        }
    }

    /// Tells what the machine withholds from what is wrong with the component.
    fn from_cause(cause: &str) -> Self {
        let no_memory = std::io::Error::from_raw_os_error(libc::ENOMEM);
        if cause == no_memory.to_string() {
            return Self::NoMemory;
        }
        Self::Trapped(cause.to_owned())
    }
}
