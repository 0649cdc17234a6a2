//! The audit log: what a run asked for, what was decided, and what came of it, so that it can be
//! checked and run again.
//!
//! ```text
//! gate ── Event ──▶ Log ── masked, canonical lines ──▶ RUN.jsonl   each line holds the hash of the one before
//!                    ├── what is too long for a line ▶ RUN.values.zst
//!                    ├── signed head ────────────────▶ RUN.note
//!                    └── first and last hash ────────▶ heads       the chain of all runs; the system's log, too
//! Run::read ◀── these files ──▶ Heads::judge ─▶ Verdict
//! ```
//! Nothing is known here of the contract with the component: requests and answers come as values that can be written
//! down (`Recordable` of the gate), and which types those are is the host's to say. What only the program knows, as what
//! user it runs for, it says in an [`Opening`]; whom a log tells that it is held up is its [`Program`].
//!
//! `docs/audit.md` explains it to an administrator.

mod age;
mod canonical;
mod chain;
mod export;
mod folder;
mod heads;
mod log;
mod mask;
mod note;
mod options;
mod program;
mod queue;
mod reading;
mod system_log;
#[cfg(test)]
mod tests;
mod values;
mod verification;
mod waiting;
mod writer;

pub use canonical::{Unrepresentable, as_contract};
pub use chain::Break;
pub use folder::Folder;
pub use log::{Closing, Connection, Log, Opening};
pub use mask::Mask;
pub use note::{KeyError, NoteError, SigningKey, VerifyingKey};
pub use options::{Error, OnFailure, Options};
pub use program::Program;
pub use reading::{Entry, NotFound, Run};
pub use verification::{Heads, Verdict};

/// The form of the log's lines.
pub const SCHEMA: &str = "keepdocker.audit/1";
