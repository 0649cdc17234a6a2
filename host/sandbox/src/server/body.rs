//! The bodies of answers.

use bytes::Bytes;
use futures_util::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use tokio::sync::mpsc;

/// The body of an answer.
pub(crate) type Answer = UnsyncBoxBody<Bytes, std::io::Error>;

/// A body that is there as a whole.
pub(crate) fn full(bytes: Bytes) -> Answer {
    Full::new(bytes)
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// A body that arrives in pieces.
pub(crate) fn pieces(receiver: mpsc::Receiver<std::io::Result<Bytes>>) -> Answer {
    let frames = stream::unfold(receiver, |mut receiver| async move {
        let piece = receiver.recv().await?;
        Some((piece.map(Frame::data), receiver))
    });
    StreamBody::new(frames).boxed_unsync()
}
