//! Blocks into a Keep service.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming as Body;
use hyper::header::{CONTENT_LENGTH, HeaderMap, HeaderValue};
use hyper::{Request, Response, StatusCode};
use tokio::sync::mpsc;

use super::blocks::{MAX_SIZE, Received};
use super::service::{QUEUE, number, text};
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
    let wanted = headers
        .get("x-keep-desired-replicas")
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .unwrap_or(cluster.settings.default_replication);
    // A proxy compares with all that it was given, a hint included.
    let expected = if is_proxy {
        locator.to_owned()
    } else {
        locator.get(..32).unwrap_or_default().to_owned()
    };
    let received = match receive(&cluster, request).await {
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
        cluster.settings.classes_of(service.volume).to_vec()
    };
    confirm(locator, is_proxy, target.replicas, confirmed)
}

/// Says that a block is kept: its locator, how many copies there are and of which classes.
fn confirm(
    mut locator: String,
    is_proxy: bool,
    replicas: u32,
    mut classes: Vec<String>,
) -> Response<Answer> {
    if !is_proxy {
        locator.push('\n');
    }
    let mut response = text(StatusCode::OK, &locator);
    let headers = response.headers_mut();
    headers.insert("x-keep-replicas-stored", number(u64::from(replicas)));
    classes.sort();
    let confirmed: Vec<String> = classes
        .iter()
        .map(|class| format!("{class}={replicas}"))
        .collect();
    if !confirmed.is_empty()
        && let Ok(value) = HeaderValue::from_str(&confirmed.join(", "))
    {
        headers.insert("x-keep-storage-classes-confirmed", value);
    }
    response
}

/// Where a block is to be kept.
struct Target {
    volumes: Vec<usize>,
    /// How many copies there are then.
    replicas: u32,
    /// How many stores have no room, or not the class asked for.
    full: usize,
    /// Whether that is all that was asked for.
    is_enough: bool,
}

impl Target {
    /// Finds the volumes for the classes and the number of copies asked for.
    fn choose(cluster: &Cluster, service: &Service, classes: &[String], wanted: u32) -> Target {
        let settings = &cluster.settings;
        let has_room = |volume: &usize| {
            #[cfg(feature = "testing")]
            if cluster.faults.is_full() {
                return false;
            }
            let offered = settings.classes_of(*volume);
            classes.is_empty() || classes.iter().any(|class| offered.contains(class))
        };
        let is_known = classes
            .iter()
            .all(|class| settings.storage_classes.contains(class));
        let candidates: Vec<usize> = match service.kind {
            ServiceKind::Disk => vec![service.volume],
            ServiceKind::Proxy => (0..cluster.blocks.volumes()).collect(),
        };
        let (mut volumes, full): (Vec<usize>, Vec<usize>) =
            candidates.into_iter().partition(has_room);
        let has_stores = cluster
            .services()
            .iter()
            .any(|service| service.kind == ServiceKind::Disk);
        let count = |volumes: &[usize]| u32::try_from(volumes.len()).unwrap_or(u32::MAX);
        let wanted = wanted.max(1);
        if service.kind == ServiceKind::Disk {
            let (replicas, is_enough) = (count(&volumes), !volumes.is_empty());
            return Target {
                volumes,
                replicas,
                full: full.len(),
                is_enough,
            };
        }
        volumes.truncate(usize::try_from(wanted).unwrap_or(1));
        // A proxy without stores stands for as many as were wanted.
        let replicas = if has_stores || volumes.is_empty() {
            count(&volumes)
        } else {
            wanted
        };
        Target {
            volumes,
            replicas,
            full: full.len(),
            is_enough: is_known && replicas >= wanted,
        }
    }

    /// Says what the client gets to hear if that is not enough.
    fn refusal(&self, is_proxy: bool) -> Option<Response<Answer>> {
        if self.is_enough {
            return None;
        }
        if !is_proxy {
            return Some(text(
                StatusCode::INSUFFICIENT_STORAGE,
                "insufficient storage\n",
            ));
        }
        let reasons = vec!["[507] insufficient storage"; self.full].join("; ");
        let words = match reasons.as_str() {
            "" => "Could not write sufficient replicas\n".to_owned(),
            reasons => format!("Could not write sufficient replicas: {reasons}\n"),
        };
        let mut response = text(StatusCode::SERVICE_UNAVAILABLE, &words);
        response
            .headers_mut()
            .insert("x-keep-replicas-stored", number(self.replicas.into()));
        Some(response)
    }
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
    let (sender, mut receiver) = mpsc::channel::<Bytes>(QUEUE);
    #[cfg(feature = "testing")]
    let hash = request.uri().path().get(1..33).map(str::to_owned);
    let keeper = Arc::clone(cluster);
    let writer = tokio::task::spawn_blocking(move || {
        #[cfg(feature = "testing")]
        if keeper.faults.discards_blocks() {
            let believed = hash.filter(|_| keeper.faults.trusts_hashes());
            return Ok(super::unkept::receive(&mut receiver, believed));
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
