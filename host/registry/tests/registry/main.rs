//! Pulls from registries that misbehave in every way that real ones do.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it must be"
)]

mod fake;
mod pages;
mod program;

mod blobs;
mod helpers;
mod images;
mod layers;
mod logins;
mod redirects;
mod refusals;
mod signatures;
