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

/// How much of a block the real store hands on at once, compared with its size first.
const STREAMED: u64 = 64 << 10;

/// What a store says to those who show no token.
const NO_TOKEN: &str = "no token provided in Authorization header\n";

/// What a store says of bytes that do not have the hash or the size.
const MISMATCH: &str = "checksum mismatch in stored data\n";

/// How often a proxy asks a store that failed.
const ATTEMPTS: usize = 3;

/// Returns a block, or for HEAD only its size.
pub(super) async fn read(
    cluster: Arc<Cluster>,
    service: &Service,
    locator: String,
    token: Option<String>,
    is_head: bool,
) -> Response<Answer> {
    let is_proxy = service.kind == ServiceKind::Proxy;
    let locator = if is_proxy {
        without_place(&locator)
    } else {
        locator
    };
    let refuse = |status, words| refusal(&cluster, is_proxy, is_head, &locator, status, words);
    if is_proxy && locator.starts_with(&format!("{EMPTY_BLOCK}+0")) {
        // A proxy knows the block without bytes by itself.
        return empty();
    }
    if !is_readable(&locator) {
        return refuse(StatusCode::BAD_REQUEST, "invalid locator\n");
    }
    let size_hint: Option<u64> = locator.split('+').nth(1).and_then(|size| size.parse().ok());
    let size_hint = size_hint.filter(|size| *size > 0);
    if !is_head && size_hint.is_none() && !locator.starts_with(EMPTY_BLOCK) {
        return refuse(StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n");
    }
    if let Some(remote) = remote_cluster(&locator) {
        // There is no other cluster here.
        let words = match remote {
            Some(_) => "remote cluster not configured\n",
            None => "invalid remote hint\n",
        };
        return match token {
            Some(_) => refuse(StatusCode::BAD_REQUEST, words),
            None => refuse(StatusCode::UNAUTHORIZED, NO_TOKEN),
        };
    }
    let Some(token) = token else {
        return refuse(StatusCode::UNAUTHORIZED, NO_TOKEN);
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
        _ => return refuse(StatusCode::BAD_GATEWAY, MISMATCH),
    };
    // The size that the locator gives is believed: an answer too short for it breaks off. Where the
    // block is larger, nothing is sent of the piece that goes beyond.
    let claimed_size = size_hint.unwrap_or(size);
    let sent = match claimed_size < size {
        true => claimed_size / STREAMED * STREAMED,
        false => size,
    };
    if claimed_size != size && (is_head || sent == 0) {
        let mut refusal = refuse(StatusCode::BAD_GATEWAY, MISMATCH);
        // A store that has begun to count has lost the type of what it says instead.
        if !is_proxy && is_head && claimed_size > size {
            refusal.headers_mut().remove(CONTENT_TYPE);
        }
        return refusal;
    }
    let size = claimed_size;
    let mut response = Response::new(match file {
        Some(file) if !is_head => {
            let (sender, receiver) = mpsc::channel(QUEUE / 4);
            let file = file.take(sent);
            tokio::task::spawn_blocking(move || send(file, sent < size, &sender));
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

/// Leaves out hints that say where a block is, as a proxy does.
fn without_place(locator: &str) -> String {
    locator
        .split('+')
        .filter(|hint| !(hint.starts_with("K@") && hint.len() == 7))
        .collect::<Vec<_>>()
        .join("+")
}

/// Says whether a store can make something of a locator: a hash, a size and hints, none empty.
fn is_readable(locator: &str) -> bool {
    let mut parts = locator.split('+');
    parts.next().is_some_and(|hash| hash.len() == 32)
        && parts.enumerate().all(|(index, hint)| {
            let is_number = hint.starts_with(|c: char| c.is_ascii_digit());
            !hint.is_empty() && (index == 0 || !is_number)
        })
}

/// The cluster that an unsigned locator names; `Some(None)` if the hint cannot be read.
fn remote_cluster(locator: &str) -> Option<Option<&str>> {
    let hints: Vec<&str> = locator.split('+').skip(1).collect();
    if hints.iter().any(|hint| hint.starts_with('A')) {
        return None;
    }
    let hint = hints.iter().find(|hint| hint.starts_with('R'))?;
    Some(
        hint.split_once('-')
            .filter(|(cluster, rest)| cluster.len() == 6 && !rest.is_empty())
            .and_then(|(cluster, _)| cluster.get(1..)),
    )
}

/// Says why there is no block; a proxy hands on what each of its stores says.
fn refusal(
    cluster: &Cluster,
    is_proxy: bool,
    is_head: bool,
    locator: &str,
    status: StatusCode,
    words: &str,
) -> Response<Answer> {
    if is_proxy && status == StatusCode::NOT_FOUND {
        return text(status, "Block not found\n");
    }
    if is_proxy {
        let code = status.as_u16();
        let is_transient = status.is_server_error();
        let said: Vec<String> = stores(cluster)
            .iter()
            .map(|store| format!("{store}{locator}: HTTP {code} {:?}", words.trim()))
            .collect();
        let said = vec![said.join(" "); if is_transient { ATTEMPTS } else { 1 }].join(" ");
        let method = if is_head { "HEAD" } else { "GET" };
        let status = if is_transient {
            StatusCode::BAD_GATEWAY
        } else {
            StatusCode::UNPROCESSABLE_ENTITY
        };
        return text(status, &format!("{method} {locator} failed: [{said}]\n"));
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

/// Reads a file piece by piece; an answer that is too short is held open for a moment.
fn send(
    mut file: std::io::Take<File>,
    is_short: bool,
    sender: &mpsc::Sender<std::io::Result<Bytes>>,
) {
    loop {
        let mut piece = vec![0; PIECE];
        let result = match file.read(&mut piece) {
            Ok(0) => {
                if is_short {
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
