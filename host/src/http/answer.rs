//! A whole answer of a server, read as it comes.

use bytes::BytesMut;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use hyper::{Response, StatusCode};

use super::failure::of_answer;
use super::{Answer, Failure};

/// Reads the body of a response, up to `limit` bytes, into `room`, which is empty.
pub(super) async fn read(
    response: Response<Incoming>,
    limit: usize,
    mut room: BytesMut,
) -> Result<Answer, Failure> {
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
            Err(error) => return Err(of_answer(&error, room.len())),
        };
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if room.len() + data.len() > limit {
            return Err(Failure::TooLarge { limit });
        }
        room.extend_from_slice(&data);
    }
    Ok(Answer {
        status: head.status,
        headers: head.headers,
        body: room.freeze(),
    })
}

/// Reads at least `enough` bytes of a response's body, or all of it if it has no more.
pub(super) async fn read_beginning(
    response: Response<Incoming>,
    enough: usize,
) -> Result<Answer, Failure> {
    let (head, mut body) = response.into_parts();
    let mut room = BytesMut::new();
    while room.len() < enough
        && let Some(frame) = body.frame().await
    {
        let frame = frame.map_err(|error| of_answer(&error, room.len()))?;
        if let Ok(data) = frame.into_data() {
            room.extend_from_slice(&data);
        }
    }
    Ok(Answer {
        status: head.status,
        headers: head.headers,
        body: room.freeze(),
    })
}

fn is_refusal(status: StatusCode) -> bool {
    status.is_redirection() || status.is_client_error()
}
