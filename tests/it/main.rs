//! The whole programs on real parts: an embedded cluster, Docker engines, the Python client.
//!
//! A test arranges a cluster and an environment, runs programs, and looks at what they printed and
//! at what the cluster then holds. `support` has the parts; `docs/testing.md` tells how they start.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it must be"
)]

mod support;

mod bad_input; // messages and exit codes, and that nothing is left half-registered
mod docker_archive; // uploads of saved archives, without an engine
mod exchange; // images that go between our program and the Python ones
