//! Reads images from container registries, without an engine.
//!
//! [`Client::resolve`] asks what a name means: one image, or several for platforms of which the caller chooses
//! one. [`Client::image`] fetches the manifest and the config of that one. [`Client::layers`] makes its layers
//! readable, in order, each fetched some way ahead; a connection that is cut or still is taken up again where it
//! ended.
//!
//! What counts is content. A tag is asked once; all else is asked by digest, and what comes is held against it.
//! Logins go to the host that they are for and nowhere else. What a program has to lend for all that (certificates,
//! proxies, helpers that know logins), and whom it lets be asked, is behind [`Program`].

mod addresses;
mod ahead;
mod blob;
mod causes;
mod certificates;
mod challenge;
mod client;
mod documents;
mod error;
mod files;
mod login;
mod logins;
mod manifests;
mod mirrors;
mod place;
mod program;
mod refusal;
mod requests;
mod secrets;
mod signatures;
mod tally;
mod tokens;
mod transport;

pub use ahead::Layers;
pub use client::{Client, Image, Layer, Resolved, Settings};
pub use error::Error;
pub use logins::LoginSource;
pub use manifests::Candidate;
pub use mirrors::Mirrors;
pub use place::{Place, Target};
pub use program::{Certificates, Exchange, HelperOutput, Later, Program};
pub use signatures::{Signature, Signatures, Wanted};
pub use transport::Timing;
