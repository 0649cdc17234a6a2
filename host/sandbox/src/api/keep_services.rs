//! Tells clients where the Keep services are.

use serde_json::{Value, json};

use super::Call;
use crate::cluster::{Cluster, Service};
use crate::error::ApiError;
use crate::options::ServiceKind;
use crate::{clock, uuid};

/// Lists every service; only for those who are logged in.
pub(crate) fn list(call: &Call<'_>) -> Result<Value, ApiError> {
    call.cluster
        .store
        .with(|connection| call.actor(connection).map(|_| ()))?;
    let cluster = call.cluster;
    Ok(envelope(
        cluster,
        cluster.services().iter().collect(),
        0.into(),
        100.into(),
    ))
}

/// Lists the services that a client should use: from outside the proxies, else the stores.
///
/// A sandbox without stores shows its proxies to everybody.
pub(crate) fn accessible(cluster: &Cluster, is_external: bool) -> Value {
    let services = cluster.services();
    let has_store = services
        .iter()
        .any(|service| service.kind != ServiceKind::Proxy);
    let wants_proxy = is_external || !has_store;
    let services = services
        .iter()
        .filter(|s| (s.kind == ServiceKind::Proxy) == wants_proxy)
        .collect();
    envelope(cluster, services, Value::Null, Value::Null)
}

fn envelope(cluster: &Cluster, services: Vec<&Service>, offset: Value, limit: Value) -> Value {
    let items: Vec<Value> = services
        .iter()
        .map(|service| show(cluster, service))
        .collect();
    json!({
        "kind": "arvados#keepServiceList",
        "etag": "",
        "self_link": "",
        "offset": offset,
        "limit": limit,
        "items_available": items.len(),
        "items": items,
    })
}

fn show(cluster: &Cluster, service: &Service) -> Value {
    let system = uuid::system_user(&cluster.id);
    let started = clock::format(cluster.started_at);
    json!({
        "kind": "arvados#keepService",
        "etag": &service.uuid[12..],
        "uuid": service.uuid,
        "owner_uuid": system,
        "created_at": started,
        "modified_by_user_uuid": system,
        "modified_at": started,
        "service_host": service.address.ip().to_string(),
        "service_port": service.address.port(),
        "service_ssl_flag": service.is_encrypted,
        "service_type": service.kind.name(),
        "read_only": false,
    })
}
