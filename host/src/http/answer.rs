//! A whole answer of a server.

use bytes::{Bytes, BytesMut};
use reqwest::StatusCode;
use reqwest::header::HeaderMap;

use super::Failure;

/// What a server answered.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, whole.
    pub body: Bytes,
}

impl Answer {
    /// Reads the body of a response, up to `limit` bytes, into `room`, which is empty.
    pub(super) async fn read(
        mut response: reqwest::Response,
        limit: usize,
        mut room: BytesMut,
    ) -> Result<Self, Failure> {
        let status = response.status();
        let headers = std::mem::take(response.headers_mut());
        let announced = response.content_length();
        if announced.is_some_and(|length| length > limit as u64) {
            return Err(Failure::TooLarge { limit });
        }
        let announced = announced.and_then(|length| usize::try_from(length).ok());
        room.reserve(announced.unwrap_or(0));
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| Failure::of_answer(&error))?
        {
            if room.len() + chunk.len() > limit {
                return Err(Failure::TooLarge { limit });
            }
            room.extend_from_slice(&chunk);
        }
        Ok(Self {
            status,
            headers,
            body: room.freeze(),
        })
    }

    /// Reads at least `enough` bytes of a response's body, or all of it if it has no more.
    pub(super) async fn read_beginning(
        mut response: reqwest::Response,
        enough: usize,
    ) -> Result<Self, Failure> {
        let status = response.status();
        let headers = std::mem::take(response.headers_mut());
        let mut body = BytesMut::new();
        while body.len() < enough
            && let Some(chunk) = response
                .chunk()
                .await
                .map_err(|error| Failure::of_answer(&error))?
        {
            body.extend_from_slice(&chunk);
        }
        Ok(Self {
            status,
            headers,
            body: body.freeze(),
        })
    }

    /// Returns a header's value, if it is there and readable.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}
