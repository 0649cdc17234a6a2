//! The policy: what the component may ask the host to do.
//!
//! A policy file lists rules that allow and rules that deny; what no rule allows is denied, and a
//! rule that denies wins. There are several files, the program's own first, and all of them must allow
//! an operation: a further one can only tighten.
//!
//! ```text
//! file ─▶ Layer::read ─▶ Layer ┐
//!                   built-in ──┴▶ Policy ── decide(Operation, Context) ─▶ Ruling ─▶ gate
//! ```
//! Everything is parsed when it is loaded; a decision only compares. `docs/policy.md` explains it to
//! the administrator who writes such a file.

mod audit;
mod cases;
mod context;
mod demands;
mod denial;
mod difference;
mod document;
mod draft;
mod error;
mod explanation;
mod file;
mod guest;
mod keepers;
mod keys;
mod layer;
mod limits;
mod lint;
mod matching;
mod origin;
mod overview;
mod probe;
pub mod quantity;
mod reader;
mod repository;
mod rule;
mod schema;
mod sources;
mod stack;
#[cfg(test)]
mod tests;

pub use audit::AuditRules;
pub use cases::Case;
pub use context::{Cluster, Context};
pub use demands::{Demand, Demands, Endpoints, Reuse, Verify};
pub use denial::Denial;
pub use difference::Difference;
pub use draft::{DraftError, draft};
pub use error::{Error, Fault};
pub use explanation::Explanation;
pub use guest::{Guest, Unfit};
pub use layer::{Layer, Mode};
pub use limits::{Counted, Limit, Limits};
pub use origin::Origin;
pub use reader::SCHEMA;
pub use rule::{Effect, Rule};
pub use schema::schema_json;
pub use sources::Sources;
pub use stack::{Cause, Decision, Policy, Ruling};
