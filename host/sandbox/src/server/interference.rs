//! What tests planned to go wrong with a request, and the note of every answer.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Body as _, Frame, Incoming as Body};
use hyper::header::{CONTENT_LENGTH, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};

use super::body::{Answer, full};
use super::{Role, finish, incoming, perform};
use crate::cluster::Cluster;
use crate::faults::Action;
use crate::request_log::Entry;

/// Why a connection is broken off.
#[derive(Debug, thiserror::Error)]
#[error("connection dropped by a planned fault")]
pub(super) struct Dropped;

/// Answers one request, with the fault planned for it, and notes it in the log.
pub(super) async fn answer(
    cluster: Arc<Cluster>,
    role: Role,
    request: Request<Body>,
    request_id: &str,
) -> Result<Response<Answer>, Dropped> {
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let received = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .unwrap_or(0);
    let is_keep = matches!(role, Role::Keep(_));
    let note = |status: u16, sent: u64| {
        cluster.log.add(Entry {
            is_keep,
            method: method.as_str().to_owned(),
            path: path.clone(),
            query: query.clone(),
            status,
            received,
            sent,
            request_id: request_id.to_owned(),
        });
    };
    let fault = cluster.faults.take(method.as_str(), &path);
    match &fault {
        Some(Action::DropBefore) => {
            note(0, 0);
            return Err(Dropped);
        }
        Some(Action::CloseHandshakes(count)) => {
            cluster.faults.close_handshakes(*count);
            note(0, 0);
            return Err(Dropped);
        }
        Some(Action::Endless) => {
            let mut answered = planned(200, "", request).await;
            *answered.body_mut() = endless();
            note(200, 0);
            return Ok(finish(answered, request_id, is_keep));
        }
        Some(Action::Answer(status)) => {
            let answered = planned(*status, "", request).await;
            note(*status, 0);
            return Ok(finish(answered, request_id, is_keep));
        }
        Some(Action::AnswerWith(status, body)) => {
            let answered = planned(*status, body, request).await;
            note(*status, body.len() as u64);
            return Ok(finish(answered, request_id, is_keep));
        }
        Some(Action::AnswerWithHeaders(status, headers, body)) => {
            let mut answered = planned(*status, body, request).await;
            for (name, value) in headers {
                if let (Ok(name), Ok(value)) =
                    (HeaderName::try_from(name), HeaderValue::try_from(value))
                {
                    answered.headers_mut().append(name, value);
                }
            }
            note(*status, body.len() as u64);
            return Ok(finish(answered, request_id, is_keep));
        }
        Some(Action::AnswerFirst(status, time)) if !is_keep => {
            if let Ok(incoming) = incoming(&cluster, request, request_id).await {
                let (cluster, time) = (Arc::clone(&cluster), *time);
                tokio::spawn(async move {
                    tokio::time::sleep(time).await;
                    perform(&cluster, incoming).await
                });
            }
            note(*status, 0);
            let mut response = Response::new(full(Bytes::new()));
            *response.status_mut() =
                StatusCode::from_u16(*status).unwrap_or(StatusCode::GATEWAY_TIMEOUT);
            return Ok(finish(response, request_id, is_keep));
        }
        Some(Action::Delay(time)) => tokio::time::sleep(*time).await,
        _ => {}
    }
    let mut response = super::answer(Arc::clone(&cluster), role, request, request_id).await;
    let sent = response.body().size_hint().exact().unwrap_or(0);
    match fault {
        Some(Action::DropAfter) => {
            note(0, 0);
            return Err(Dropped);
        }
        Some(Action::CutBody) => {
            let bytes = whole(&mut response).await;
            response
                .headers_mut()
                .insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
            *response.body_mut() = broken(bytes.slice(..bytes.len() / 2));
        }
        Some(Action::Drip(pause)) => {
            let bytes = whole(&mut response).await;
            response
                .headers_mut()
                .insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
            *response.body_mut() = dripping(bytes, pause);
        }
        Some(Action::WrongHash) if is_keep && response.status() == StatusCode::OK => {
            let mut bytes = whole(&mut response).await.to_vec();
            if method == Method::GET {
                if let Some(first) = bytes.first_mut() {
                    *first ^= 1;
                }
            } else if let Some(hash) = bytes.get_mut(..32) {
                hash.reverse();
            }
            *response.body_mut() = full(bytes.into());
        }
        _ => {}
    }
    note(response.status().as_u16(), sent);
    Ok(response)
}

/// Makes the answer that a test planned.
async fn planned(status: u16, body: &str, request: Request<Body>) -> Response<Answer> {
    // The request's body is read so that a client which sends it all first gets to the answer.
    let _ = request.into_body().collect().await;
    let mut response = Response::new(full(Bytes::copy_from_slice(body.as_bytes())));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    response
}

/// Returns the body of an answer, or nothing if it breaks off.
async fn whole(response: &mut Response<Answer>) -> Bytes {
    match response.body_mut().collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => Bytes::new(),
    }
}

/// A body that breaks off after its bytes.
fn broken(bytes: Bytes) -> Answer {
    let frames = stream::iter([
        Ok(Frame::data(bytes)),
        Err(std::io::Error::from(std::io::ErrorKind::ConnectionAborted)),
    ]);
    StreamBody::new(frames).boxed_unsync()
}

/// A body whose bytes come one by one.
fn dripping(bytes: Bytes, pause: Duration) -> Answer {
    let frames = stream::unfold(bytes, move |mut bytes| async move {
        if bytes.is_empty() {
            return None;
        }
        tokio::time::sleep(pause).await;
        Some((Ok(Frame::data(bytes.split_to(1))), bytes))
    });
    StreamBody::new(frames).boxed_unsync()
}

/// A body that goes on for as long as somebody reads it.
fn endless() -> Answer {
    let piece = Bytes::from_static(&[b' '; 64 << 10]);
    StreamBody::new(stream::repeat(piece).map(|piece| Ok(Frame::data(piece)))).boxed_unsync()
}
