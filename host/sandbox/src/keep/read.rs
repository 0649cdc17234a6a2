//! Blocks out of a Keep service.

use std::fs::File;
use std::io::Read;
use std::sync::Arc;

use bytes::Bytes;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, VARY};
use hyper::{Response, StatusCode};
use tokio::sync::mpsc;

use super::service::{QUEUE, number, text};
use crate::clock::SECOND;
use crate::cluster::{Cluster, Service};
use crate::manifest::EMPTY_BLOCK;
use crate::options::ServiceKind;
use crate::server::body::{Answer, full, pieces};
use crate::signature::Refusal;

/// How much of a block is sent at once.
const PIECE: usize = 256 << 10;

/// Returns a block, or for HEAD only its size.
pub(super) async fn read(
    cluster: Arc<Cluster>,
    service: &Service,
    locator: String,
    token: Option<String>,
    is_head: bool,
) -> Response<Answer> {
    let is_proxy = service.kind == ServiceKind::Proxy;
    let refuse = |status, words| refusal(&cluster, is_proxy, &locator, status, words);
    if is_proxy && locator.starts_with(&format!("{EMPTY_BLOCK}+0")) {
        // A proxy knows the block without bytes by itself.
        return empty();
    }
    let size_hint = locator.split('+').nth(1).and_then(|size| size.parse().ok());
    if !is_head && size_hint.is_none() {
        return refuse(StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n");
    }
    let Some(token) = token else {
        return refuse(
            StatusCode::UNAUTHORIZED,
            "no token provided in Authorization header\n",
        );
    };
    match cluster
        .signer
        .verify(&locator, &token, cluster.clock.now() / SECOND)
    {
        Ok(()) => {}
        Err(Refusal::Invalid) => return refuse(StatusCode::BAD_REQUEST, "invalid signature\n"),
        Err(Refusal::Expired) => return refuse(StatusCode::UNAUTHORIZED, "expired signature\n"),
    }
    let volumes: Vec<usize> = if is_proxy {
        (0..cluster.blocks.volumes()).collect()
    } else {
        vec![service.volume]
    };
    let keeper = Arc::clone(&cluster);
    let wanted = locator.get(..32).unwrap_or_default().to_owned();
    let found = tokio::task::spawn_blocking(move || keeper.blocks.find(&wanted, &volumes)).await;
    let (file, size) = match found {
        Ok(Ok(Some((file, size)))) => (Some(file), size),
        #[cfg(feature = "testing")]
        Ok(Ok(None)) if is_head && let Some(size) = claimed(&cluster, &locator) => (None, size),
        Ok(Ok(None)) => return refuse(StatusCode::NOT_FOUND, "file does not exist\n"),
        _ => {
            return refuse(
                StatusCode::BAD_GATEWAY,
                "checksum mismatch in stored data\n",
            );
        }
    };
    // The size that the locator gives is believed: an answer too short for it breaks off.
    let claimed_size: u64 = size_hint.unwrap_or(size);
    if is_head && claimed_size != size {
        let mut response = refuse(StatusCode::BAD_GATEWAY, "");
        if is_proxy {
            *response.status_mut() = StatusCode::BAD_GATEWAY;
        }
        return response;
    }
    let size = claimed_size;
    let mut response = Response::new(match file {
        Some(file) if !is_head => {
            let (sender, receiver) = mpsc::channel(QUEUE / 4);
            let file = file.take(size);
            tokio::task::spawn_blocking(move || send(file, &sender));
            pieces(receiver)
        }
        _ => full(Bytes::new()),
    });
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, number(size));
    if !is_head {
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        );
    }
    if !is_proxy {
        headers.insert(VARY, HeaderValue::from_static("X-Keep-Signature"));
    }
    response
}

/// Says why there is no block; a proxy hands on what each of its stores says.
fn refusal(
    cluster: &Cluster,
    is_proxy: bool,
    locator: &str,
    status: StatusCode,
    words: &str,
) -> Response<Answer> {
    if is_proxy && status == StatusCode::NOT_FOUND {
        return text(status, "Block not found\n");
    }
    if is_proxy {
        let code = status.as_u16();
        let said: Vec<String> = stores(cluster)
            .iter()
            .map(|store| format!("{store}{locator}: HTTP {code} {:?}", words.trim()))
            .collect();
        let reasons = format!("GET {locator} failed: [{}]\n", said.join(" "));
        return text(StatusCode::UNPROCESSABLE_ENTITY, &reasons);
    }
    let mut response = text(status, words);
    response
        .headers_mut()
        .insert(VARY, HeaderValue::from_static("X-Keep-Signature"));
    response
}

/// The block without bytes.
fn empty() -> Response<Answer> {
    let mut response = Response::new(full(Bytes::new()));
    response.headers_mut().insert(CONTENT_LENGTH, number(0));
    response
}

/// The size of a block that is not there, and is said to be: because a test wants that, or because
/// the block was taken and not kept.
#[cfg(feature = "testing")]
fn claimed(cluster: &Cluster, locator: &str) -> Option<u64> {
    if cluster.faults.confirms_lost_blocks() {
        return locator.split('+').nth(1)?.parse().ok();
    }
    cluster.blocks.discarded(locator.get(..32)?)
}

/// The root URLs of the stores behind a proxy; a proxy without any is its own store.
fn stores(cluster: &Cluster) -> Vec<String> {
    let services = cluster.services();
    let has_store = services
        .iter()
        .any(|service| service.kind == ServiceKind::Disk);
    services
        .iter()
        .filter(|service| !has_store || service.kind == ServiceKind::Disk)
        .map(Service::url)
        .collect()
}

/// How long an answer that is too short is held open, so that what there is of it gets out.
const HELD: std::time::Duration = std::time::Duration::from_millis(50);

/// Reads a file piece by piece.
fn send(mut file: std::io::Take<File>, sender: &mpsc::Sender<std::io::Result<Bytes>>) {
    loop {
        let mut piece = vec![0; PIECE];
        let result = match file.read(&mut piece) {
            Ok(0) => {
                if file.limit() > 0 {
                    std::thread::sleep(HELD);
                }
                return;
            }
            Ok(length) => {
                piece.truncate(length);
                Ok(piece.into())
            }
            Err(error) => Err(error),
        };
        if sender.blocking_send(result).is_err() {
            return;
        }
    }
}
