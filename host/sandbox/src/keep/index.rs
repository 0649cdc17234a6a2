//! Lists the blocks of a store, for the cluster itself only.

use std::sync::Arc;

use hyper::{Response, StatusCode};

use super::service::text;
use crate::cluster::{Cluster, Service};
use crate::options::ServiceKind;
use crate::permission::Permissions;
use crate::server::body::Answer;
use crate::uuid;

/// Answers with a line for each block whose hash has the prefix: locator and time of writing.
pub(super) async fn list(
    cluster: Arc<Cluster>,
    service: &Service,
    prefix: &str,
    user: Option<Permissions>,
) -> Response<Answer> {
    let is_proxy = service.kind == ServiceKind::Proxy;
    let is_system = user.is_some_and(|user| user.user_uuid == uuid::system_user(&cluster.id));
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
