//! Plans: what a command would write, found out without writing, and held to later.
//!
//! What becomes of each write is said by the [`Effects`] that every capability has. Applying a plan runs the
//! component again, refuses if other steps come out, and then has each write compared with the plan before it
//! is done.
//!
//! ```text
//! upload --dry-run ─▶ Script::rehearsal ─▶ steps ─▶ Plan ─▶ file
//! apply file ─▶ rehearsal again, the same steps? ─▶ Script::following ─▶ writes, each as planned
//! ```

mod error;
mod file;

pub(crate) use error::PlanError;
pub(crate) use file::{Plan, SCHEMA, UPLOAD};
pub(crate) use keepdocker_arvados::effects::{Course, Deviation, Effects, Script, Step};
