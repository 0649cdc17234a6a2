//! One Keep service: a store that checks signatures, or a proxy that checks tokens.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming as Body;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use tokio::sync::mpsc;

use super::blocks::{MAX_SIZE, Received};
use super::read::read;
use crate::api::auth;
use crate::clock::SECOND;
use crate::cluster::{Cluster, Service};
use crate::faults::Action;
use crate::manifest;
use crate::options::ServiceKind;
use crate::server::body::{Answer, full};
use crate::server::request::token;

/// How many pieces of a block wait between the network and the disk.
pub(super) const QUEUE: usize = 16;

/// What a proxy says to those without a good token.
const NO_ACCESS: &str = "Missing or invalid Authorization header, or method not allowed\n";

/// Answers one request to a Keep service.
pub(crate) async fn answer(
    cluster: Arc<Cluster>,
    service: Service,
    request: Request<Body>,
    fault: Option<Action>,
) -> Response<Answer> {
    let token = token(request.headers());
    let path = request.uri().path().to_owned();
    let locator = path.trim_start_matches('/').to_owned();
    let is_proxy = service.kind == ServiceKind::Proxy;
    let has_access = !is_proxy || has_token(&cluster, token.clone()).await;
    match *request.method() {
        Method::OPTIONS => text(StatusCode::OK, ""),
        _ if !has_access => text(StatusCode::FORBIDDEN, NO_ACCESS),
        Method::PUT if manifest::is_locator(&locator) => {
            write(cluster, &service, request, &locator, token, fault).await
        }
        Method::POST if is_proxy && locator.is_empty() => {
            write(cluster, &service, request, "", token, fault).await
        }
        Method::GET | Method::HEAD if manifest::is_locator(&locator) => {
            let is_head = request.method() == Method::HEAD;
            read(cluster, &service, locator, token, is_head, fault).await
        }
        Method::GET if path.starts_with("/index") => text(StatusCode::FORBIDDEN, "Forbidden\n"),
        _ => text(StatusCode::BAD_REQUEST, "Bad Request\n"),
    }
}

/// Says whether a proxy lets the token in.
async fn has_token(cluster: &Arc<Cluster>, token: Option<String>) -> bool {
    let cluster = Arc::clone(cluster);
    let check = move || {
        cluster.store.with(|connection| {
            auth::authenticate(
                connection,
                token.as_deref(),
                "GET",
                "/arvados/v1/users/current",
                cluster.clock.now(),
            )
            .map(|_| ())
        })
    };
    matches!(tokio::task::spawn_blocking(check).await, Ok(Ok(())))
}

/// Stores a block; an empty locator accepts any.
async fn write(
    cluster: Arc<Cluster>,
    service: &Service,
    request: Request<Body>,
    locator: &str,
    token: Option<String>,
    fault: Option<Action>,
) -> Response<Answer> {
    let is_proxy = service.kind == ServiceKind::Proxy;
    let headers = request.headers();
    let length = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    let Some(length): Option<u64> = length else {
        return text(StatusCode::LENGTH_REQUIRED, "Length Required\n");
    };
    if length > MAX_SIZE {
        return text(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large\n");
    }
    let classes = wanted_classes(headers);
    let is_known = classes
        .iter()
        .all(|class| cluster.settings.storage_classes.contains(class));
    let wanted = headers
        .get("x-keep-desired-replicas")
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .unwrap_or(cluster.settings.default_replication);
    let expected = locator.get(..32).unwrap_or_default().to_owned();
    let believed =
        (cluster.faults.trusts_hashes() && !expected.is_empty()).then(|| expected.clone());
    let received = match receive(&cluster, request, believed).await {
        Ok(received) => received,
        Err(error) => {
            return text(
                StatusCode::INTERNAL_SERVER_ERROR,
                &format!("sandbox: {error}\n"),
            );
        }
    };
    if received.size != length {
        return text(StatusCode::BAD_REQUEST, "unexpected EOF\n");
    }
    if !expected.is_empty() && received.hash != expected {
        return mismatch(is_proxy, &received.hash, &expected);
    }
    if cluster.faults.is_full() || !is_known {
        let mut response = text(StatusCode::INSUFFICIENT_STORAGE, "insufficient storage\n");
        if is_proxy {
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            response
                .headers_mut()
                .insert("x-keep-replicas-stored", HeaderValue::from_static("0"));
        }
        return response;
    }
    let (hash, size) = (received.hash.clone(), received.size);
    let (volumes, replicas) = if is_proxy {
        let has_stores = cluster
            .services()
            .iter()
            .any(|service| service.kind == ServiceKind::Disk);
        let count = cluster
            .blocks
            .volumes()
            .min(usize::try_from(wanted).unwrap_or(1).max(1));
        let replicas = if has_stores {
            u32::try_from(count).unwrap_or(1)
        } else {
            wanted.max(1)
        };
        ((0..count).collect(), replicas)
    } else {
        (vec![service.volume], 1)
    };
    let keeper = Arc::clone(&cluster);
    let kept = tokio::task::spawn_blocking(move || keeper.blocks.keep(received, &volumes)).await;
    match kept {
        Ok(Ok(())) => {}
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return collision(is_proxy);
        }
        _ => return text(StatusCode::SERVICE_UNAVAILABLE, "volume unavailable\n"),
    }
    let hash = match fault {
        Some(Action::WrongHash) => hash.chars().rev().collect(),
        _ => hash,
    };
    let mut answer = format!("{hash}+{size}");
    if let Some(token) = token {
        let expiry = cluster.clock.now() / SECOND + cluster.signer.ttl();
        answer = cluster.signer.sign(&answer, &token, expiry);
    }
    if !is_proxy {
        answer.push('\n');
    }
    let mut response = text(StatusCode::OK, &answer);
    response
        .headers_mut()
        .insert("x-keep-replicas-stored", number(u64::from(replicas)));
    // A proxy that was not asked for classes does not speak of them.
    let confirmed = if classes.is_empty() && !is_proxy {
        cluster
            .settings
            .storage_classes
            .iter()
            .take(1)
            .cloned()
            .collect()
    } else {
        classes
    };
    let confirmed: Vec<String> = confirmed
        .iter()
        .map(|class| format!("{class}={replicas}"))
        .collect();
    if !confirmed.is_empty()
        && let Ok(value) = HeaderValue::from_str(&confirmed.join(", "))
    {
        response
            .headers_mut()
            .insert("x-keep-storage-classes-confirmed", value);
    }
    response
}

/// Refuses a block whose hash another block has.
fn collision(is_proxy: bool) -> Response<Answer> {
    if !is_proxy {
        return text(StatusCode::INTERNAL_SERVER_ERROR, "hash collision\n");
    }
    let words = "Could not write sufficient replicas: [500] hash collision\n";
    let mut response = text(StatusCode::SERVICE_UNAVAILABLE, words);
    response
        .headers_mut()
        .insert("x-keep-replicas-stored", HeaderValue::from_static("0"));
    response
}

/// Takes the body of a request to a temporary file.
async fn receive(
    cluster: &Arc<Cluster>,
    request: Request<Body>,
    believed: Option<String>,
) -> std::io::Result<Received> {
    let (sender, mut receiver) = mpsc::channel::<Bytes>(QUEUE);
    let keeps = !cluster.faults.discards_blocks();
    let keeper = Arc::clone(cluster);
    let writer =
        tokio::task::spawn_blocking(move || keeper.blocks.receive(&mut receiver, keeps, believed));
    let mut body = request.into_body();
    let mut received: u64 = 0;
    while let Some(frame) = body.frame().await {
        let Ok(piece) = frame.map_err(std::io::Error::other)?.into_data() else {
            continue;
        };
        received += piece.len() as u64;
        if received > MAX_SIZE || sender.send(piece).await.is_err() {
            break;
        }
    }
    drop(sender);
    writer.await.map_err(std::io::Error::other)?
}

/// The storage classes that a client asks for.
fn wanted_classes(headers: &HeaderMap) -> Vec<String> {
    headers
        .get("x-keep-storage-classes")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .split(',')
        .map(|class| class.trim().to_owned())
        .filter(|class| !class.is_empty())
        .collect()
}

fn mismatch(is_proxy: bool, found: &str, expected: &str) -> Response<Answer> {
    if is_proxy {
        let words = format!("block hash {found} did not match provided hash {expected}\n");
        let mut response = text(StatusCode::BAD_GATEWAY, &words);
        response
            .headers_mut()
            .insert("x-keep-replicas-stored", HeaderValue::from_static("0"));
        response
    } else {
        let words = format!("content hash {found} did not match specified locator {expected}\n");
        text(StatusCode::BAD_REQUEST, &words)
    }
}

pub(super) fn number(number: u64) -> HeaderValue {
    HeaderValue::from(number)
}

pub(super) fn text(status: StatusCode, text: &str) -> Response<Answer> {
    let mut response = Response::new(full(Bytes::copy_from_slice(text.as_bytes())));
    *response.status_mut() = status;
    if !text.is_empty() {
        response.headers_mut().insert(
            CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        );
    }
    response
}
