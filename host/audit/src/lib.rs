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
mod queue;
mod reading;
mod system_log;
#[cfg(test)]
mod tests;
mod values;
mod verification;
mod waiting;
mod writer;

pub(crate) use folder::Folder;
pub(crate) use log::{Closing, Log, Opening};
pub(crate) use mask::Mask;
pub(crate) use note::{SigningKey, VerifyingKey};
pub(crate) use options::{Error, OnFailure, Options};
pub(crate) use reading::{Entry, NotFound, Run};
pub(crate) use verification::{Heads, Verdict};

/// The form of the log's lines.
pub(crate) const SCHEMA: &str = "keepdocker.audit/1";
