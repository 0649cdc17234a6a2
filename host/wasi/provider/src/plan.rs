//! Plans: what an upload would write, found out without writing.

#[path = "../../../src/plan/error.rs"]
mod error;
#[path = "../../../src/plan/script.rs"]
mod script;
#[path = "../../../src/plan/step.rs"]
mod step;

pub(crate) use error::Deviation;
pub(crate) use script::{Script, in_detail};
pub(crate) use step::Step;
