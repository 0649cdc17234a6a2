//! Reads images from container registries, without an engine.
//!
//! [`Client::resolve`] asks what a name means: one image, or several for platforms of which the caller chooses
//! one. [`Client::image`] fetches the manifest and the config of that one. [`Client::layers`] makes its layers
//! readable, in order, each fetched some way ahead; a connection that is cut or still is taken up again where it
//! ended.
//!
//! What counts is content. A tag is asked once; all else is asked by digest, and what comes is held against it.
//! Logins go to the host that they are for and nowhere else. What a program has to lend for all that (helpers that know
//! logins), and whom it lets be asked, is behind [`Program`]; what carries a request is behind [`Wire`]: connections of
//! our own, or those of a WebAssembly runtime.

mod addresses;
mod blob;
mod challenge;
mod client;
mod contract;
mod documents;
mod error;
mod files;
mod login;
mod logins;
mod manifests;
mod mirrors;
mod names;
#[cfg(not(target_family = "wasm"))]
mod native;
mod place;
mod program;
mod refusal;
mod requests;
mod secrets;
#[cfg(not(target_family = "wasm"))]
mod signatures;
#[cfg(not(target_family = "wasm"))]
mod tally;
mod tokens;
mod transport;
#[cfg(target_family = "wasm")]
mod wasi;
mod wire;

#[cfg(not(target_family = "wasm"))]
use native as machine;
#[cfg(target_family = "wasm")]
use wasi as machine;

pub use client::{Client, Image, Layer, Resolved, Settings};
pub use error::Error;
pub use logins::LoginSource;
pub use machine::layers::Layers;
pub use manifests::Candidate;
pub use mirrors::Mirrors;
pub use names::Names;
#[cfg(not(target_family = "wasm"))]
pub use native::{Certificates, Connections, Network};
pub use place::{Place, Target};
pub use program::{Exchange, HelperOutput, Later, Program};
#[cfg(not(target_family = "wasm"))]
pub use signatures::{Signature, Signatures, Wanted};
pub use transport::Timing;
pub use wire::{Body, Lost, Response, Route, Sending, Wire};
