//! Permissions: who may do what with an object.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::access::{find_readable, table_of};
use super::list_options::Options;
use super::render::{Renderer, Shape};
use super::{Call, Reply};
use crate::error::ApiError;
use crate::permission::{Level, Permissions};
use crate::query::filter::Filter;
use crate::store::record::Record;
use crate::store::table::LINKS;
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

/// Lists what follows from all links and owners, for administrators: who has which level on what.
pub(crate) fn computed(call: &Call<'_>) -> Result<Value, ApiError> {
    let options = Options::read(call)?;
    call.cluster.store.with(|connection| {
        let actor = call.actor(connection)?;
        if !actor.permissions.is_admin {
            return Err(ApiError::service(StatusCode::FORBIDDEN, "Forbidden"));
        }
        let request = options.request(call)?;
        let system = uuid::system_user(&call.cluster.id);
        let users: Vec<String> = connection
            .prepare_cached("SELECT uuid FROM users WHERE uuid <> ?1 ORDER BY uuid")?
            .query_map([system], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let now = call.cluster.clock.now();
        let mut items = Vec::new();
        for user in users {
            // What administrators may do beyond it is not computed.
            let permissions = Permissions::load(connection, &user, false, true, now)?;
            for (target, level) in permissions.all() {
                let item = json!({
                    "user_uuid": user, "target_uuid": target, "perm_level": level.name(),
                });
                if matches(&item, &request.filters)? {
                    items.push(item);
                }
            }
        }
        let available = items.len();
        let skip = usize::try_from(request.offset).unwrap_or(0);
        let limit = usize::try_from(request.limit).unwrap_or(0);
        let items: Vec<Value> = items.into_iter().skip(skip).take(limit).collect();
        let mut list = json!({
            "kind": "arvados#computedPermissionList", "etag": "", "self_link": "",
            "offset": request.offset, "limit": request.limit, "items": items,
        });
        if request.is_counted {
            list["items_available"] = available.into();
        }
        Ok(list)
    })
}

/// Says whether a computed permission is what the filters ask for.
fn matches(item: &Value, filters: &[Filter]) -> Result<bool, ApiError> {
    for filter in filters {
        let attribute = filter.attribute.as_str();
        if !matches!(attribute, "user_uuid" | "target_uuid" | "perm_level") {
            return Err(ApiError::argument(format!(
                "Invalid attribute '{attribute}' in filter"
            )));
        }
        let found = &item[attribute];
        let is_in = |list: &Value| list.as_array().is_some_and(|list| list.contains(found));
        let holds = match filter.operator.as_str() {
            "=" => *found == filter.operand,
            "!=" => *found != filter.operand,
            "in" => is_in(&filter.operand),
            "not in" => !is_in(&filter.operand),
            operator => {
                return Err(ApiError::controller(
                    StatusCode::NOT_IMPLEMENTED,
                    format!("the sandbox does not compare computed permissions by {operator}"),
                ));
            }
        };
        if !holds {
            return Ok(false);
        }
    }
    Ok(true)
}
