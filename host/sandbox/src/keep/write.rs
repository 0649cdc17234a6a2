//! Blocks into a Keep service.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming as Body;
use hyper::header::{CONTENT_LENGTH, HeaderMap, HeaderValue};
use hyper::{Request, Response, StatusCode};
use tokio::sync::mpsc;

use super::blocks::{MAX_SIZE, Received};
use super::replicas::Target;
use super::service::{NO_ACCESS, QUEUE, number, permissions, text};
use crate::clock::SECOND;
use crate::cluster::{Cluster, Service};
use crate::options::ServiceKind;
use crate::server::body::Answer;

/// Stores a block; an empty locator accepts any.
pub(super) async fn write(
    cluster: Arc<Cluster>,
    service: &Service,
    request: Request<Body>,
    locator: &str,
    token: Option<String>,
) -> Response<Answer> {
    let is_proxy = service.kind == ServiceKind::Proxy;
    let headers = request.headers();
    let length: Option<u64> = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    if is_proxy {
        let Some(length) = length else {
            return text(StatusCode::LENGTH_REQUIRED, "Length Required\n");
        };
        let hint = locator.split('+').nth(1).and_then(|hint| hint.parse().ok());
        if hint.is_some_and(|hint: u64| hint > 0 && hint != length) {
            let words = "Locator size hint does not match Content-Length header\n";
            return text(StatusCode::BAD_REQUEST, words);
        }
        if permissions(&cluster, token.clone()).await.is_err() {
            return text(StatusCode::FORBIDDEN, NO_ACCESS);
        }
    }
    if length.is_some_and(|length| length > MAX_SIZE) {
        return too_large(is_proxy);
    }
    let classes = wanted_classes(headers, is_proxy);
    let wanted = headers
        .get("x-keep-desired-replicas")
        .and_then(|value| leading_number(value.to_str().ok()?))
        .unwrap_or_else(|| cluster.settings.default_replication.into());
    let received = match receive(&cluster, request).await {
        Ok(received) => received,
        Err(error) => {
            return text(
                StatusCode::INTERNAL_SERVER_ERROR,
                &format!("sandbox: {error}\n"),
            );
        }
    };
    if length.is_some_and(|length| received.size != length) {
        return text(StatusCode::BAD_REQUEST, "unexpected EOF\n");
    }
    if is_proxy && wanted < 1 {
        // Nothing is wanted, so nothing is compared and kept.
        let mut response = text(StatusCode::OK, "");
        let headers = response.headers_mut();
        headers.insert("x-keep-replicas-stored", number(0));
        confirm_classes(headers, &classes, 0);
        return response;
    }
    // A proxy compares with all that it was given, a hint included.
    let is_expected = match is_proxy {
        true => locator.is_empty() || received.hash == locator,
        false => locator.starts_with(&received.hash),
    };
    if !is_expected {
        return mismatch(is_proxy, &received.hash, locator);
    }
    let target = Target::choose(&cluster, service, &classes, wanted);
    let (hash, size) = (received.hash.clone(), received.size);
    let volumes = target.volumes.clone();
    let keeper = Arc::clone(&cluster);
    let kept = tokio::task::spawn_blocking(move || keeper.blocks.keep(received, &volumes)).await;
    match kept {
        Ok(Ok(())) => {}
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return collision(is_proxy);
        }
        _ => return text(StatusCode::SERVICE_UNAVAILABLE, "volume unavailable\n"),
    }
    if let Some(refusal) = target.refusal(is_proxy) {
        return refusal;
    }
    let mut locator = format!("{hash}+{size}");
    if let Some(token) = token {
        let expiry = cluster.clock.now() / SECOND + cluster.signer.ttl();
        locator = cluster.signer.sign(&locator, &token, expiry);
    }
    // A proxy that was not asked for classes does not speak of them.
    let confirmed = if is_proxy {
        classes
    } else {
        let mut offered = cluster.settings.classes_of(service.volume).to_vec();
        offered.sort();
        offered
    };
    confirm(locator, is_proxy, target.replicas, &confirmed)
}

/// Says that a block is kept: its locator, how many copies there are and of which classes.
fn confirm(
    mut locator: String,
    is_proxy: bool,
    replicas: u32,
    classes: &[String],
) -> Response<Answer> {
    if !is_proxy {
        locator.push('\n');
    }
    let mut response = text(StatusCode::OK, &locator);
    let headers = response.headers_mut();
    headers.insert("x-keep-replicas-stored", number(u64::from(replicas)));
    confirm_classes(headers, classes, replicas);
    response
}

/// Says how many copies there are of each class.
fn confirm_classes(headers: &mut HeaderMap, classes: &[String], replicas: u32) {
    let confirmed: Vec<String> = classes
        .iter()
        .map(|class| format!("{class}={replicas}"))
        .collect();
    if !confirmed.is_empty()
        && let Ok(value) = HeaderValue::from_str(&confirmed.join(", "))
    {
        headers.insert("x-keep-storage-classes-confirmed", value);
    }
}

/// Refuses more bytes than a block may have.
fn too_large(is_proxy: bool) -> Response<Answer> {
    if !is_proxy {
        return text(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large\n");
    }
    let words = format!("Exceeded maximum block size ({MAX_SIZE})\n");
    let mut response = text(StatusCode::PAYLOAD_TOO_LARGE, &words);
    response
        .headers_mut()
        .insert("x-keep-replicas-stored", number(0));
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
async fn receive(cluster: &Arc<Cluster>, request: Request<Body>) -> std::io::Result<Received> {
    #[cfg(feature = "testing")]
    if cluster.faults.discards_blocks()
        && cluster.faults.trusts_hashes()
        && let Some(hash) = request.uri().path().get(1..33).map(str::to_owned)
    {
        return super::unkept::count(request.into_body(), hash).await;
    }
    let (sender, mut receiver) = mpsc::channel::<Bytes>(QUEUE);
    let keeper = Arc::clone(cluster);
    let writer = tokio::task::spawn_blocking(move || {
        #[cfg(feature = "testing")]
        if keeper.faults.discards_blocks() {
            return Ok(super::unkept::receive(&mut receiver));
        }
        keeper.blocks.receive(&mut receiver)
    });
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

/// The storage classes that a client asks for. A proxy does not mind empty ones between commas.
fn wanted_classes(headers: &HeaderMap, is_proxy: bool) -> Vec<String> {
    let asked = headers
        .get("x-keep-storage-classes")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if asked.is_empty() {
        return Vec::new();
    }
    asked
        .split(',')
        .map(|class| class.trim().to_owned())
        .filter(|class| is_proxy || !class.is_empty())
        .collect()
}

/// The whole number that a text begins with.
fn leading_number(text: &str) -> Option<i64> {
    let text = text.trim_start();
    let digits = text.trim_start_matches(['+', '-']);
    let sign = text.len() - digits.len();
    let end = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    text[..sign + end].parse().ok()
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
