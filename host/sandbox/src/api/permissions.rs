//! Permissions: who may do what with an object.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::access::{find_readable, table_of};
use super::render::{Renderer, Shape};
use super::{Call, Reply, service_params};
use crate::error::ApiError;
use crate::permission::{Level, Permissions};
use crate::query::filter::{Filter, invalid_operand};
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
        let names = service_params::selection(call.params)?;
        let shape = Shape::handed_on(&LINKS, names.as_deref());
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
    call.cluster.store.with(|connection| {
        let actor = call.actor(connection)?;
        let options = service_params::list_options(call.params)?;
        if !actor.permissions.is_admin {
            return Err(ApiError::service(StatusCode::FORBIDDEN, "Forbidden"));
        }
        if options.count == "exact" {
            return Err(ApiError::argument("count parameter must be 'none'"));
        }
        let request = options.request(call)?;
        if request.offset != 0 {
            let offset = request.offset;
            return Err(ApiError::argument(format!(
                "non-zero offset parameter \"{offset}\" is not supported"
            )));
        }
        let names = request.select.as_deref();
        check_selection(names)?;
        let system = uuid::system_user(&call.cluster.id);
        // What cannot be compared is refused, even if there is nothing to compare.
        matches(
            &json!({"user_uuid": "", "target_uuid": ""}),
            &request.filters,
        )?;
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
                    items.push(selected(item, names));
                }
            }
        }
        let limit = usize::try_from(request.limit).unwrap_or(0);
        items.truncate(limit);
        Ok(json!({
            "kind": "arvados#computedPermissionList", "etag": "", "self_link": "",
            "offset": request.offset, "limit": request.limit, "items": items,
        }))
    })
}

/// The attributes of a computed permission.
const COMPUTED: [&str; 3] = ["user_uuid", "target_uuid", "perm_level"];

fn check_selection(names: Option<&[String]>) -> Result<(), ApiError> {
    let unknown = names
        .unwrap_or_default()
        .iter()
        .find(|name| !COMPUTED.contains(&name.as_str()));
    match unknown {
        Some(name) => Err(ApiError::argument(format!(
            "Invalid attribute '{name}' of ComputedPermission in select parameter"
        ))),
        None => Ok(()),
    }
}

/// Leaves what was selected.
fn selected(mut item: Value, names: Option<&[String]>) -> Value {
    if let (Some(names), Some(object)) = (names, item.as_object_mut()) {
        object.retain(|name, _| names.contains(name));
    }
    item
}

/// Says whether a computed permission is what the filters ask for: only its two ends can be compared.
fn matches(item: &Value, filters: &[Filter]) -> Result<bool, ApiError> {
    for filter in filters {
        let attribute = filter.attribute.as_str();
        let operator = filter.operator.to_lowercase();
        let is_comparison =
            operator.contains(['<', '=', '>']) || matches!(operator.as_str(), "in" | "not in");
        if !matches!(attribute, "user_uuid" | "target_uuid") || !is_comparison {
            return Err(ApiError::argument(format!(
                "Invalid attribute '{attribute}' in filter"
            )));
        }
        let found = item[attribute].as_str().unwrap_or_default();
        let holds = match (operator.as_str(), &filter.operand) {
            ("in", Value::Array(list)) => list.iter().any(|one| one == found),
            ("not in", Value::Array(list)) => {
                !list.is_empty() && list.iter().all(|one| one != found)
            }
            ("=", Value::String(wanted)) => found == wanted,
            ("!=", Value::String(wanted)) => found != wanted,
            ("<", Value::String(wanted)) => found < wanted.as_str(),
            ("<=", Value::String(wanted)) => found <= wanted.as_str(),
            (">", Value::String(wanted)) => found > wanted.as_str(),
            (">=", Value::String(wanted)) => found >= wanted.as_str(),
            ("in" | "not in" | "=" | "!=" | "<" | "<=" | ">" | ">=", other) => {
                let operator = if operator == "!=" { "<>" } else { &operator };
                return Err(invalid_operand(operator, other));
            }
            _ => return Err(ApiError::argument(format!("Invalid operator '{operator}'"))),
        };
        if !holds {
            return Ok(false);
        }
    }
    Ok(true)
}
