//! Keep as this program uses it: several blocks at a time, on threads that may wait, with journals.
//!
//! How one block is written and read, and how much of that counts, is `keepdocker_arvados`'.
//!
//! ```text
//! archive ── Writer ──▶ hash ──▶ already known? ──▶ put ──▶ Locator
//!             ▲                                      │
//!             └───────────── buffers ◀───────────────┘
//! ```

mod buffers;
mod charge;
mod examine;
mod fetch;
pub(crate) mod host;
mod journal;
mod looking;
mod moving;
mod pending;
mod presence;
mod proving;
mod read_ahead;
mod records;
mod standing;
mod store;
mod unhashed;
mod upload;
mod writer;

use crate::http::Client;

pub(crate) use charge::Charge;
pub(crate) use fetch::Destination;
pub(crate) use journal::Identity;
pub(crate) use keepdocker_arvados::keep::{
    Block, BlockHash, BlockId, Error, KnownBlocks, Lenders, Locator, MAXIMUM_SIZE, Stretch,
    Stretched, Trouble, Wanted,
};
pub(crate) use looking::Looked;
pub(crate) use presence::{Presence, Verdict, locators};
pub(crate) use standing::Standing;
pub(crate) use store::ArchiveStore;
#[cfg(test)]
pub(crate) use upload::Stored;
pub(crate) use upload::{Journal, Upload, UploadOptions};
#[cfg(test)]
pub(crate) use writer::Writer;

/// The Keep of one cluster over this program's client.
pub(crate) type Keep = keepdocker_arvados::keep::Keep<Client>;
