//! Permissions: who may do what with an object.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::access::{find_readable, owner_of, table_of};
use super::list_options::Options;
use super::render::{Renderer, Shape};
use super::{Call, Reply};
use crate::error::ApiError;
use crate::permission::{Level, Permissions};
use crate::store::record::Record;
use crate::store::table::{LINKS, USERS};
use crate::uuid;

/// Lists the permission links that point to an object, for those who manage it.
pub(crate) fn of_object(call: &Call<'_>, uuid: &str) -> Result<Reply, ApiError> {
    call.cluster.store.with(|connection| {
        let actor = call.actor(connection)?;
        let Some(table) = table_of(uuid) else {
            // The real service stumbles over this.
            return Err(ApiError::invalid(
                "#<NoMethodError: undefined method `readable_by' for nil>",
            ));
        };
        let record = find_readable(connection, table, uuid, &actor.permissions, false)?;
        let owner = record.text("owner_uuid").unwrap_or_default();
        if !actor.permissions.allows(uuid, owner, Level::Manage) {
            let mut reply =
                Reply::service_json(StatusCode::FORBIDDEN, &json!({"errors": ["Forbidden"]}));
            reply.headers = vec![("cache-control", "no-cache".to_owned())];
            return Ok(reply);
        }
        let uuids: Vec<String> = connection
            .prepare_cached(
                "SELECT uuid FROM links WHERE link_class = 'permission' AND head_uuid = ?1 \
                 ORDER BY id",
            )?
            .query_map([uuid], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let renderer = Renderer::new(call, connection, &actor);
        let shape = Shape::handed_on(&LINKS, None);
        let mut items: Vec<Value> = Vec::new();
        for uuid in &uuids {
            if let Some(record) = Record::find(connection, &LINKS, uuid)? {
                items.push(renderer.shaped(&record, &shape)?.into());
            }
        }
        let count = items.len();
        Ok(Reply::service_json(
            StatusCode::OK,
            &json!({
                "kind": "arvados#linkList", "etag": "", "self_link": "", "offset": 0,
                "limit": count, "items": items, "items_available": count,
            }),
        ))
    })
}

/// Lists what follows from all links and owners, for administrators: who has which level on the
/// targets that a filter names.
pub(crate) fn computed(call: &Call<'_>) -> Result<Value, ApiError> {
    let options = Options::read(call)?;
    call.cluster.store.with(|connection| {
        let actor = call.actor(connection)?;
        if !actor.permissions.is_admin {
            return Err(ApiError::permission_denied());
        }
        let request = options.request(call)?;
        let target = match request.filters.as_slice() {
            [filter] if filter.attribute == "target_uuid" && filter.operator == "=" => {
                filter.operand.as_str().unwrap_or_default()
            }
            _ => {
                return Err(ApiError::controller(
                    StatusCode::NOT_IMPLEMENTED,
                    "the sandbox computes permissions on one target_uuid",
                ));
            }
        };
        let owner = owner_of(connection, target)?.unwrap_or_default();
        let users: Vec<String> = connection
            .prepare_cached(&format!("SELECT uuid FROM {} ORDER BY uuid", USERS.name))?
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let now = call.cluster.clock.now();
        let mut items = Vec::new();
        let system = uuid::system_user(&call.cluster.id);
        for user in users.into_iter().filter(|user| *user != system) {
            let permissions = Permissions::load(connection, &user, false, true, now)?;
            if let Some(level) = permissions.level(target, &owner) {
                items.push(json!({
                    "user_uuid": user, "target_uuid": target, "perm_level": level.name(),
                }));
            }
        }
        Ok(json!({
            "kind": "arvados#computedPermissionList", "etag": "", "self_link": "",
            "offset": request.offset, "limit": request.limit, "items": items,
        }))
    })
}
