//! The published files: what they import, how large they are, and that they decide alike in our
//! engine, in Python and in Node.
//!
//! There are two files of cases, one a line: functions of the planner with their arguments and
//! results, and whole runs with every call of a capability. They are made from what a real API
//! server answered, and from texts and states at the edges.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it must be"
)]

mod cases;
mod cluster;
mod contract;
mod packages;
mod published;
mod runs;
mod runtimes;
mod scenarios;
