//! A whole answer of a server.

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use hyper::header::HeaderMap;
use hyper::{Response, StatusCode};

use super::Failure;

/// What a server answered.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body: whole, or of a refusal as much as came.
    pub body: Bytes,
}

impl Answer {
    /// Reads the body of a response, up to `limit` bytes, into `room`, which is empty.
    pub(super) async fn read(
        response: Response<Incoming>,
        limit: usize,
        mut room: BytesMut,
    ) -> Result<Self, Failure> {
        let (head, mut body) = response.into_parts();
        let announced = body.size_hint().exact();
        if announced.is_some_and(|length| length > limit as u64) {
            return Err(Failure::TooLarge { limit });
        }
        let announced = announced.and_then(|length| usize::try_from(length).ok());
        room.reserve(announced.unwrap_or(0));
        while let Some(frame) = body.frame().await {
            let frame = match frame {
                Ok(frame) => frame,
                // A server that refuses the rest of a request may cut the connection right behind
                // the status, and that is what counts of a refusal.
                Err(_) if is_refusal(head.status) => break,
                Err(error) => return Err(Failure::of_answer(&error, room.len())),
            };
            let Ok(data) = frame.into_data() else {
                continue;
            };
            if room.len() + data.len() > limit {
                return Err(Failure::TooLarge { limit });
            }
            room.extend_from_slice(&data);
        }
        Ok(Self {
            status: head.status,
            headers: head.headers,
            body: room.freeze(),
        })
    }

    /// Reads at least `enough` bytes of a response's body, or all of it if it has no more.
    pub(super) async fn read_beginning(
        response: Response<Incoming>,
        enough: usize,
    ) -> Result<Self, Failure> {
        let (head, mut body) = response.into_parts();
        let mut room = BytesMut::new();
        while room.len() < enough
            && let Some(frame) = body.frame().await
        {
            let frame = frame.map_err(|error| Failure::of_answer(&error, room.len()))?;
            if let Ok(data) = frame.into_data() {
                room.extend_from_slice(&data);
            }
        }
        Ok(Self {
            status: head.status,
            headers: head.headers,
            body: room.freeze(),
        })
    }

    /// Returns a header's value, if it is there and readable.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

fn is_refusal(status: StatusCode) -> bool {
    status.is_redirection() || status.is_client_error()
}
