//! The published files: what they import, how large they are, and that they decide alike in our
//! engine, in Python and in Node.
//!
//! The corpus is a file of cases, one a line: a function of the planner, its arguments, its result.
//! It is made from what a real API server answered and from texts at the edges of the grammar.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it must be"
)]

mod cases;
mod published;
mod runtimes;
#[path = "../../../it/support/skip.rs"]
mod skip;
