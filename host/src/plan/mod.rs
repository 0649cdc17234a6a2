//! Plans: what an upload or a repair would write, found out without writing, and held to later.
//!
//! The component runs as always. Where it would write, a [`Script`] answers in place of the
//! cluster and writes down the step; what the component reads afterwards includes what it believes to
//! have written. Applying a plan runs it again, refuses if other steps come out, and then has each
//! write compared with the plan before it is done.
//!
//! ```text
//! upload --dry-run ─▶ Script::rehearsal ─▶ steps ─▶ Plan ─▶ file
//! apply file ─▶ rehearsal again, the same steps? ─▶ Script::following ─▶ writes, each as planned
//! ```

mod error;
mod file;
mod script;
mod step;

pub use error::{Deviation, PlanError};
pub use file::{Plan, Planned, SCHEMA};
pub use script::Script;
pub(crate) use script::in_detail;
pub use step::Step;
