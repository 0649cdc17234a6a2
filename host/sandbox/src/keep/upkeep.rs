//! What a store does for the cluster itself only: it lists its blocks, tells of its volume, and
//! touches and throws away blocks.

use std::sync::Arc;

use hyper::{Response, StatusCode};
use serde_json::{Map, Value, json};

use super::route::Route;
use super::service::{NO_ACCESS, permissions, text};
use crate::cluster::{Cluster, Service};
use crate::options::ServiceKind;
use crate::server::body::Answer;
use crate::uuid;

/// Answers what concerns the store as a whole or changes its blocks.
pub(super) async fn administer(
    cluster: Arc<Cluster>,
    service: &Service,
    route: Route,
    token: Option<String>,
) -> Response<Answer> {
    if let Some(refusal) = refusal(&cluster, token).await {
        return refusal;
    }
    match route {
        Route::Mounts => mounts(&cluster, service),
        Route::Touch(locator) => change(cluster, service, locator, Change::Touch).await,
        Route::Trash(locator) => change(cluster, service, locator, Change::Trash).await,
        _ => text(
            StatusCode::NOT_IMPLEMENTED,
            "the sandbox takes no orders to pull and trash blocks\n",
        ),
    }
}

/// Refuses everybody but the cluster itself.
async fn refusal(cluster: &Arc<Cluster>, token: Option<String>) -> Option<Response<Answer>> {
    if token.is_none() {
        return Some(text(StatusCode::UNAUTHORIZED, "Unauthorized\n"));
    }
    let user = permissions(cluster, token).await.ok();
    let is_system = user.is_some_and(|user| user.user_uuid == uuid::system_user(&cluster.id));
    (!is_system).then(|| text(StatusCode::FORBIDDEN, "Forbidden\n"))
}

fn mounts(cluster: &Cluster, service: &Service) -> Response<Answer> {
    let classes: Map<String, Value> = cluster
        .settings
        .classes_of(service.volume)
        .iter()
        .map(|class| (class.clone(), true.into()))
        .collect();
    let uuid = volume_uuid(cluster, service);
    let mounts = json!([{
        "uuid": uuid, "device_id": uuid, "allow_write": true, "allow_trash": true,
        "replication": 1, "storage_classes": classes,
    }]);
    text(StatusCode::OK, &format!("{mounts}\n"))
}

/// Names the volume of a store.
pub(crate) fn volume_uuid(cluster: &Cluster, service: &Service) -> String {
    format!("{}-nyw5e-{:015}", cluster.id, service.volume)
}

/// What is done to one block.
#[derive(Debug, Clone, Copy)]
enum Change {
    /// Its time is set to now.
    Touch,
    /// It is thrown away, unless somebody may still have a signature for it.
    Trash,
}

/// Changes a block of the store's volume.
async fn change(
    cluster: Arc<Cluster>,
    service: &Service,
    locator: String,
    change: Change,
) -> Response<Answer> {
    let volume = service.volume;
    let age = std::time::Duration::from_secs(u64::try_from(cluster.signer.ttl()).unwrap_or(0));
    let work = move || {
        let hash = locator.get(..32).unwrap_or_default();
        match change {
            Change::Touch => cluster.blocks.touch(volume, hash),
            Change::Trash => cluster.blocks.trash(volume, hash, age),
        }
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(())) => text(StatusCode::OK, ""),
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => {
            text(StatusCode::NOT_FOUND, "file does not exist\n")
        }
        _ => text(StatusCode::INTERNAL_SERVER_ERROR, "volume unavailable\n"),
    }
}

/// Answers with a line for each block whose hash has the prefix: locator and time of writing.
pub(super) async fn index(
    cluster: Arc<Cluster>,
    service: &Service,
    prefix: String,
    token: Option<String>,
) -> Response<Answer> {
    let is_proxy = service.kind == ServiceKind::Proxy;
    if is_proxy && permissions(&cluster, token.clone()).await.is_err() {
        return text(StatusCode::FORBIDDEN, NO_ACCESS);
    }
    match refusal(&cluster, token).await {
        // A proxy hands on how its first store refuses.
        Some(refusal) if is_proxy => {
            let code = refusal.status().as_u16();
            return text(
                StatusCode::BAD_GATEWAY,
                &format!("Got http status code: {code}\n"),
            );
        }
        Some(refusal) => return refusal,
        None => {}
    }
    let volumes: Vec<usize> = if is_proxy {
        (0..cluster.blocks.volumes()).collect()
    } else {
        vec![service.volume]
    };
    let read = move || -> std::io::Result<String> {
        let mut lines = String::new();
        for volume in volumes {
            for (hash, size, changed) in cluster.blocks.index(volume, &prefix)? {
                lines.push_str(&format!("{hash}+{size} {changed}\n"));
            }
        }
        Ok(lines)
    };
    match tokio::task::spawn_blocking(read).await {
        Ok(Ok(lines)) => text(StatusCode::OK, &format!("{lines}\n")),
        _ => text(StatusCode::INTERNAL_SERVER_ERROR, "volume unavailable\n"),
    }
}
