//! Users: shows them, to others only what tells who they are.

use serde_json::{Map, Value};

use super::Call;
use super::access::find_readable;
use super::render;
use crate::error::ApiError;
use crate::permission::{Condition, Permissions};
use crate::query::select;
use crate::store::table::USERS;

/// Shows the user whose token this is.
pub(crate) fn current(call: &Call<'_>) -> Result<Map<String, Value>, ApiError> {
    show(call, None)
}

/// Shows a user.
pub(crate) fn get(call: &Call<'_>, uuid: &str) -> Result<Map<String, Value>, ApiError> {
    show(call, Some(uuid))
}

fn show(call: &Call<'_>, uuid: Option<&str>) -> Result<Map<String, Value>, ApiError> {
    let names = call.select(&USERS, "GetOptions")?;
    call.cluster.store.with(|connection| {
        let actor = call.actor(connection)?;
        let permissions = &actor.permissions;
        if let Some(names) = &names {
            select::check(&USERS, names)?;
        }
        let uuid = uuid.unwrap_or(&permissions.user_uuid);
        let record = find_readable(connection, &USERS, uuid, permissions, false)?;
        let mut item = render::show(call, connection, &actor, &record, names.as_deref())?;
        if !permissions.is_admin && uuid != permissions.user_uuid {
            if !record.is("is_active") {
                return Err(ApiError::not_found());
            }
            blank(&mut item);
        }
        Ok(item)
    })
}

/// Blanks what others do not see of a user.
pub(super) fn blank(item: &mut Map<String, Value>) {
    for name in [
        "full_name",
        "identity_url",
        "etag",
        "owner_uuid",
        "modified_by_user_uuid",
    ] {
        item.entry(name).and_modify(|value| *value = "".into());
    }
    for name in ["created_at", "modified_at", "prefs"] {
        item.entry(name).and_modify(|value| *value = Value::Null);
    }
    item.remove("writable_by");
}

/// Leaves the users that others find in lists.
pub(super) fn listed(permissions: &Permissions) -> Option<Condition> {
    (!permissions.is_admin).then(|| Condition {
        sql: "is_active = 1".to_owned(),
        parameters: Vec::new(),
    })
}
