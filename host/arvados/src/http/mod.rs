//! One exchange with a server: what a host has to be able to do for all the rest of this package.
//!
//! A host sends one request and returns one answer; whether to try again is for the callers, who know what a
//! repetition would do. It alone knows the token's text, and the certificates to trust.

mod answer;
mod explained;
mod failure;
mod request;
mod request_id;
mod retry;

use std::fmt;

use bytes::BytesMut;

pub use answer::Answer;
pub use failure::Failure;
pub use request::{Activity, Body, Patience, Request, Watcher};
pub use request_id::RequestId;
pub use retry::{Attempts, Retry, Setback, Waits};
// What requests are made of.
pub use http::{HeaderMap, Method, StatusCode, header};

/// Sends requests with the user's token, and waits between them.
pub trait Http: Waits + fmt::Debug + Send + Sync {
    /// Sends a request, and reads as much of the answer as is wanted. An answer is any status at all.
    ///
    /// # Errors
    /// If no answer came, or not enough of it.
    fn exchange(
        &self,
        request: Request,
        reading: Reading,
    ) -> impl Future<Output = Result<Answer, Failure>> + Send;
}

/// How much of an answer's body is read.
#[derive(Debug)]
pub enum Reading {
    /// All of it, which is too much if it has more bytes than `limit`.
    Whole {
        /// The most bytes that make sense.
        limit: usize,
        /// Memory that is no longer used for something else, and may take the body.
        room: BytesMut,
    },
    /// At least so many bytes from its beginning, or all of it. A host may read on.
    Beginning(usize),
}

impl Reading {
    /// Reads all of a body of up to so many bytes.
    #[must_use]
    pub fn whole(limit: usize) -> Self {
        Self::Whole {
            limit,
            room: BytesMut::new(),
        }
    }
}
