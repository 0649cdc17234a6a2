//! What a store does for the cluster itself only: it lists its blocks and tells of its volume.

use std::sync::Arc;

use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Response, StatusCode};
use serde_json::{Map, Value, json};

use super::service::text;
use crate::cluster::{Cluster, Service};
use crate::error::ApiError;
use crate::options::ServiceKind;
use crate::permission::Permissions;
use crate::server::body::Answer;
use crate::uuid;

/// Answers what concerns the store as a whole and no block; `None` for all else.
pub(super) fn administer(
    cluster: &Cluster,
    service: &Service,
    method: &Method,
    path: &str,
    user: &Result<Permissions, ApiError>,
) -> Option<Response<Answer>> {
    let is_mounts = path == "/mounts" && matches!(*method, Method::GET | Method::HEAD);
    let is_order = *method == Method::PUT
        && (matches!(path, "/pull" | "/trash") || path.starts_with("/untrash/"));
    if !is_mounts && !is_order {
        return None;
    }
    if !is_system(cluster, user.as_ref().ok()) {
        return Some(text(StatusCode::FORBIDDEN, "Forbidden\n"));
    }
    if !is_mounts {
        let words = "the sandbox pulls and trashes no blocks\n";
        return Some(text(StatusCode::NOT_IMPLEMENTED, words));
    }
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
    let mut answer = text(StatusCode::OK, &format!("{mounts}\n"));
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Some(answer)
}

/// Names the volume of a store.
pub(crate) fn volume_uuid(cluster: &Cluster, service: &Service) -> String {
    format!("{}-nyw5e-{:015}", cluster.id, service.volume)
}

fn is_system(cluster: &Cluster, user: Option<&Permissions>) -> bool {
    user.is_some_and(|user| user.user_uuid == uuid::system_user(&cluster.id))
}

/// Answers with a line for each block whose hash has the prefix: locator and time of writing.
pub(super) async fn list(
    cluster: Arc<Cluster>,
    service: &Service,
    prefix: &str,
    user: Option<Permissions>,
) -> Response<Answer> {
    let is_proxy = service.kind == ServiceKind::Proxy;
    let is_system = is_system(&cluster, user.as_ref());
    if !is_system && is_proxy {
        // A proxy hands on how its first store refuses.
        return text(StatusCode::BAD_GATEWAY, "Got http status code: 403\n");
    }
    if !is_system {
        return text(StatusCode::FORBIDDEN, "Forbidden\n");
    }
    let volumes: Vec<usize> = if is_proxy {
        (0..cluster.blocks.volumes()).collect()
    } else {
        vec![service.volume]
    };
    let prefix = prefix.to_owned();
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
