//! Groups: shows, makes and changes projects, and lists what they hold.

use serde_json::{Map, Value};

use super::Call;
use super::assign::{
    assign, assign_uuid, check_lengths, check_owner_exists, check_owner_permission, check_writable,
    explain_collision, find_readable, raise, read_properties, stamp,
};
use super::collection_rules::{apply_trash, check_name};
use super::list::{Options, envelope};
use super::render::{Renderer, show};
use crate::error::ApiError;
use crate::permission::{Condition, Permissions};
use crate::query::{page, select};
use crate::store::record::Record;
use crate::store::table::{COLLECTIONS, GROUPS};

/// Shows a group.
pub(crate) fn get(call: &Call<'_>, uuid: &str) -> Result<Map<String, Value>, ApiError> {
    let names = call.select(&GROUPS, "GetOptions")?;
    let include_trash = call.params.is("include_trash");
    call.cluster.store.with(|connection| {
        let actor = call.actor(connection)?;
        if let Some(names) = &names {
            select::check(&GROUPS, names)?;
        }
        let record = find_readable(connection, &GROUPS, uuid, &actor.permissions, include_trash)?;
        show(call, connection, &actor, &record, names.as_deref())
    })
}

/// Makes a project, role or filter.
pub(crate) fn create(call: &Call<'_>) -> Result<Map<String, Value>, ApiError> {
    let names = call.params.strings("select", "CreateOptions")?;
    let mut attributes = call.params.attributes("CreateOptions")?;
    read_properties(&mut attributes)?;
    call.cluster.store.write(|connection| {
        let actor = call.actor(connection)?;
        let permissions = &actor.permissions;
        let mut record = Record::new(&GROUPS);
        assign(&mut record, &attributes)?;
        if !permissions.is_active {
            return Err(ApiError::permission_denied());
        }
        assign_uuid(&mut record, call.cluster, permissions)?;
        if record.text("owner_uuid").is_none_or(str::is_empty) {
            record.set("owner_uuid", permissions.user_uuid.clone());
        }
        if record.text("properties").is_none() {
            record.set("properties", "{}".to_owned());
        }
        validate(connection, &record, &attributes, permissions)?;
        let now = call.cluster.clock.now();
        record.set("created_at", now);
        stamp(&mut record, permissions, now);
        apply_trash(
            &mut record,
            &attributes,
            now,
            call.cluster.settings.trash_lifetime,
        );
        record
            .insert(connection)
            .map_err(|error| explain_collision(error, &record))?;
        show(call, connection, &actor, &record, names.as_deref())
    })
}

/// Changes a group.
pub(crate) fn update(call: &Call<'_>, uuid: &str) -> Result<Map<String, Value>, ApiError> {
    let names = call.params.strings("select", "UpdateOptions")?;
    let mut attributes = call.params.attributes("UpdateOptions")?;
    read_properties(&mut attributes)?;
    call.cluster.store.write(|connection| {
        let actor = call.actor(connection)?;
        let permissions = &actor.permissions;
        let old = find_readable(connection, &GROUPS, uuid, permissions, false)?;
        let mut record = old.clone();
        attributes.remove("uuid");
        assign(&mut record, &attributes)?;
        if record != old {
            check_writable(&old, permissions)?;
            validate(connection, &record, &attributes, permissions)?;
            let now = call.cluster.clock.now();
            apply_trash(
                &mut record,
                &attributes,
                now,
                call.cluster.settings.trash_lifetime,
            );
            stamp(&mut record, permissions, now);
            record
                .update(connection)
                .map_err(|error| explain_collision(error, &record))?;
        }
        show(call, connection, &actor, &record, names.as_deref())
    })
}

/// Moves a group with all it holds into or out of the trash.
pub(crate) fn set_trash(
    call: &Call<'_>,
    uuid: &str,
    is_trashed: bool,
) -> Result<Map<String, Value>, ApiError> {
    call.cluster.store.write(|connection| {
        let actor = call.actor(connection)?;
        let mut record = find_readable(connection, &GROUPS, uuid, &actor.permissions, true)?;
        check_writable(&record, &actor.permissions)?;
        if record.is("is_trashed") != is_trashed {
            let now = call.cluster.clock.now();
            let attributes = Map::from_iter([("is_trashed".to_owned(), is_trashed.into())]);
            apply_trash(
                &mut record,
                &attributes,
                now,
                call.cluster.settings.trash_lifetime,
            );
            stamp(&mut record, &actor.permissions, now);
            record
                .update(connection)
                .map_err(|error| explain_collision(error, &record))?;
        }
        show(call, connection, &actor, &record, None)
    })
}

/// Lists the projects and then the collections in a project, or everywhere.
pub(crate) fn contents(call: &Call<'_>, uuid: Option<&str>) -> Result<Value, ApiError> {
    let uuid = uuid.or_else(|| call.params.text("uuid"));
    let options = Options::read(call)?;
    options.note(call, None);
    call.cluster.store.with(|connection| {
        let actor = call.actor(connection)?;
        if let Some(uuid) = uuid
            && crate::uuid::infix(uuid) == Some("j7d0g")
        {
            find_readable(connection, &GROUPS, uuid, &actor.permissions, false)?;
        }
        let request = options.request(call)?;
        let renderer = Renderer::new(call, connection, &actor);
        let mut items = Vec::new();
        let (mut left, mut skip) = (request.limit, request.offset);
        let mut available = 0;
        for table in [&GROUPS, &COLLECTIONS] {
            let mut part = request.clone();
            part.limit = left;
            part.offset = skip;
            part.is_counted = true;
            part.filters.retain(|filter| {
                // A filter may name the table it is meant for.
                !matches!(filter.attribute.split_once('.'),
                    Some((other, _)) if other != table.name && matches!(other, "groups" | "collections"))
            });
            let extra = uuid.map(|uuid| Condition {
                sql: "owner_uuid = ?".to_owned(),
                parameters: vec![uuid.to_owned().into()],
            });
            let take = |row: &rusqlite::Row<'_>, positions: &[usize]| {
                let record = Record::read(table, positions, row)?;
                let mut item = renderer.object(&record, request.select.as_deref())?;
                if request.select.is_none() {
                    item.remove("manifest_text");
                    item.remove("unsigned_manifest_text");
                }
                items.push(item.into());
                Ok(())
            };
            let permissions = &actor.permissions;
            let page = page::read(connection, table, &part, permissions, extra, take)?;
            let count = page.items_available.unwrap_or_default();
            available += count;
            skip = (skip - count).max(0);
            left -= page.length;
        }
        let mut list = envelope(items, "arvados#objectList", request.limit, request.offset);
        list.insert("included".to_owned(), Value::Array(Vec::new()));
        if request.is_counted {
            list.insert("items_available".to_owned(), available.into());
        }
        Ok(list.into())
    })
}

/// Checks a group as a whole.
fn validate(
    connection: &rusqlite::Connection,
    record: &Record,
    attributes: &Map<String, Value>,
    permissions: &Permissions,
) -> Result<(), ApiError> {
    let mut errors = Vec::new();
    let class = record.text("group_class").unwrap_or_default();
    match class {
        "project" | "role" | "filter" => {}
        "" => errors.push("Group class can't be blank".to_owned()),
        _ => errors.push("Group class is not one of ['project', 'filter', 'role']".to_owned()),
    }
    if record.text("name").is_none_or(str::is_empty) {
        errors.push("Name can't be blank".to_owned());
    }
    check_name(record.text("name"), &mut errors);
    let owner = record.text("owner_uuid").unwrap_or_default().to_owned();
    if attributes.contains_key("owner_uuid") {
        check_owner_exists(connection, &owner, permissions, &mut errors)?;
    }
    raise(&errors)?;
    if attributes.contains_key("owner_uuid") {
        check_owner_permission(connection, &owner, permissions)?;
    }
    check_lengths(record)
}
