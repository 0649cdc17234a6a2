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
pub mod host;
mod journal;
mod moving;
mod pending;
mod proving;
mod read_ahead;
mod records;
mod store;
mod unhashed;
mod upload;
mod writer;

use crate::http::Client;

pub use charge::Charge;
pub use fetch::Destination;
pub use journal::{Identity, JournalFile, recall};
pub use keepdocker_arvados::keep::{
    Block, BlockHash, BlockId, Error, KnownBlocks, Lenders, Locator, MAXIMUM_SIZE, Stretch,
    Stretched, Timeouts, Wanted,
};
pub use records::LayerRecords;
pub use store::{ArchiveStore, StoreError};
pub use upload::{Journal, Stored, Upload, UploadOptions};
pub use writer::Writer;

/// The Keep of one cluster over this program's client.
pub type Keep = keepdocker_arvados::keep::Keep<Client>;
