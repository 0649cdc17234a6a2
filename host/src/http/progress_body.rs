//! A request's body that tells how far it has been sent.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// How much is handed to the connection at a time.
const PIECE: usize = 256 * 1024;

/// How many bytes of a body have been handed to the connection.
#[derive(Clone, Default)]
pub struct Activity {
    bytes: Arc<AtomicU64>,
    watcher: Option<Watcher>,
}

/// Is told, each time that a body moves on, how many of its bytes have been handed over.
pub type Watcher = Arc<dyn Fn(u64) + Send + Sync>;

impl Activity {
    /// Begins with no byte, and has `watcher` told of those to come.
    pub fn watched(watcher: Option<Watcher>) -> Self {
        Self {
            bytes: Arc::default(),
            watcher,
        }
    }

    /// Returns the number of bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    fn add(&self, count: u64) {
        let bytes = self.bytes.fetch_add(count, Ordering::Relaxed) + count;
        if let Some(watcher) = &self.watcher {
            watcher(bytes);
        }
    }
}

impl fmt::Debug for Activity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Activity").field(&self.bytes()).finish()
    }
}

/// A body of known length, sent piece by piece without being copied.
#[derive(Debug, Default)]
pub struct ProgressBody {
    rest: Bytes,
    activity: Activity,
}

impl ProgressBody {
    /// Creates a body of these bytes.
    pub fn new(bytes: Bytes, activity: Activity) -> Self {
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
