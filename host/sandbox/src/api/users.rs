//! Users: shows them.

use serde_json::{Map, Value};

use super::Call;
use super::assign::find_readable;
use super::render;
use crate::error::ApiError;
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
        if let Some(names) = &names {
            select::check(&USERS, names)?;
        }
        let uuid = uuid.unwrap_or(&actor.permissions.user_uuid);
        let record = find_readable(connection, &USERS, uuid, &actor.permissions, false)?;
        render::show(call, connection, &actor, &record, names.as_deref())
    })
}
