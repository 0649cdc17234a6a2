//! Why Keep could not be used.

use super::block::BlockId;
use crate::api;

/// Why Keep could not be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The cluster offers no service that accepts writes.
    #[error("the cluster has no Keep service that accepts blocks from here")]
    NoServices,
    /// A block reached fewer services than asked for, after all retries.
    #[error(
        "block {block} was written to {written} of {wanted} replicas: {}", list(.reasons)
    )]
    TooFewReplicas {
        /// The block.
        block: BlockId,
        /// How many replicas were asked for.
        wanted: u32,
        /// How many there are.
        written: u32,
        /// What each service answered the last time.
        reasons: Vec<String>,
    },
    /// No service accepts the token.
    #[error(
        "no Keep service accepts ARVADOS_API_TOKEN, which may be mistyped or expired: {}",
        list(.0)
    )]
    Unauthorized(Vec<String>),
    /// No service has the block.
    #[error("no Keep service has block {0}")]
    NotFound(BlockId),
    /// A block could not be read, after all retries.
    #[error("block {block} cannot be read: {}", list(.reasons))]
    Unreadable {
        /// The block.
        block: BlockId,
        /// What each service answered the last time.
        reasons: Vec<String>,
    },
    /// The policy withholds sending more; the text says which rule.
    #[error("{0}")]
    Withheld(String),
    /// The program is ending.
    #[error("the upload was cancelled")]
    Cancelled,
    /// The API failed.
    #[error(transparent)]
    Api(#[from] api::Error),
}

fn list(reasons: &[String]) -> String {
    if reasons.is_empty() {
        return "no service could be asked".to_owned();
    }
    reasons.join("; ")
}
