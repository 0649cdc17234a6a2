//! A request's body that notes how far it has been sent.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use keepdocker_arvados::http::Activity;

/// How much is handed to the connection at a time.
const PIECE: usize = 256 * 1024;

/// A body of known length, sent piece by piece without being copied.
#[derive(Debug, Default)]
pub(crate) struct ProgressBody {
    rest: Bytes,
    activity: Activity,
}

impl ProgressBody {
    /// Creates a body of these bytes.
    pub(crate) fn new(bytes: Bytes, activity: Activity) -> Self {
        Self {
            rest: bytes,
            activity,
        }
    }
}

/// A body that nobody watches.
impl From<Bytes> for ProgressBody {
    fn from(bytes: Bytes) -> Self {
        Self::new(bytes, Activity::default())
    }
}

/// A body that nobody watches.
impl From<String> for ProgressBody {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl Body for ProgressBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.rest.len().min(PIECE);
        let piece = self.rest.split_to(length);
        self.activity.add(length as u64);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
