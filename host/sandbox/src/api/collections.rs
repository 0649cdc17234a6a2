//! Collections: gets, makes, changes and trashes them.

use hyper::StatusCode;
use rusqlite::{Connection, OptionalExtension};
use serde_json::{Map, Value};

use super::Call;
use super::assign::{
    assign, assign_uuid, check_writable, explain_collision, find_readable, is_name_collision,
    read_properties, stamp,
};
use super::auth::Actor;
use super::collection_rules::{
    apply_trash, check_confirmations, check_signatures, check_version, set_defaults, validate,
};
use super::render::{Renderer, show};
use crate::clock::{self, Micros, SECOND};
use crate::cluster::Cluster;
use crate::error::ApiError;
use crate::manifest;
use crate::permission::Permissions;
use crate::query::select;
use crate::store::record::Record;
use crate::store::table::COLLECTIONS;
use crate::uuid;

/// A change this soon after the last one makes no new version.
const IDLE: Micros = 10 * SECOND;

/// How often a create tries another name.
const RENAMES: usize = 2;

/// The attributes whose change makes a new version.
const VERSIONED: [&str; 4] = ["manifest_text", "description", "properties", "name"];

/// Gets a collection by UUID or by portable data hash.
pub(crate) fn get(call: &Call<'_>, id: &str) -> Result<Map<String, Value>, ApiError> {
    let names = call.select(&COLLECTIONS, "GetOptions")?;
    let is_hash = is_hash(id);
    if id.len() != uuid::LENGTH && !is_hash {
        return Err(ApiError::controller(
            StatusCode::NOT_FOUND,
            format!("invalid UUID or PDH {id:?}"),
        ));
    }
    let include_trash = call.params.is("include_trash");
    call.cluster.store.with(|connection| {
        let actor = call.actor(connection)?;
        if let Some(names) = &names {
            select::check(&COLLECTIONS, names)?;
        }
        if is_hash {
            return by_hash(
                call,
                connection,
                &actor,
                id,
                names.as_deref(),
                include_trash,
            );
        }
        let record = find_readable(
            connection,
            &COLLECTIONS,
            id,
            &actor.permissions,
            include_trash,
        )?;
        show(call, connection, &actor, &record, names.as_deref())
    })
}

/// Says whether the text is a hash with a size and perhaps further hints.
fn is_hash(id: &str) -> bool {
    manifest::is_locator(id)
        && id
            .split('+')
            .nth(1)
            .is_some_and(|size| size.starts_with(|c: char| c.is_ascii_digit()))
}

/// Takes one readable collection of the hash; one that stays longest is preferred.
fn by_hash(
    call: &Call<'_>,
    connection: &Connection,
    actor: &Actor,
    id: &str,
    names: Option<&[String]>,
    include_trash: bool,
) -> Result<Map<String, Value>, ApiError> {
    let hash: Vec<&str> = id.split('+').take(2).collect();
    let hash = hash.join("+");
    let condition = actor.permissions.readable(&COLLECTIONS, include_trash);
    let sql = format!(
        "SELECT uuid FROM collections WHERE portable_data_hash = ? AND ({}) \
         ORDER BY trash_at DESC NULLS FIRST LIMIT 1",
        condition.sql
    );
    let parameters = std::iter::once(hash.clone().into()).chain(condition.parameters);
    let uuid: Option<String> = connection
        .prepare_cached(&sql)?
        .query_row(rusqlite::params_from_iter(parameters), |row| row.get(0))
        .optional()?;
    let record = match uuid {
        Some(uuid) => Record::find(connection, &COLLECTIONS, &uuid)?,
        None => None,
    };
    let record = record.ok_or_else(|| ApiError::controller(StatusCode::NOT_FOUND, "not found"))?;
    Ok(Renderer::new(call, connection, actor).by_hash(&record, &hash, names))
}

/// Makes a collection.
pub(crate) fn create(call: &Call<'_>) -> Result<Map<String, Value>, ApiError> {
    let names = call.params.strings("select", "CreateOptions")?;
    let mut attributes = call.params.attributes("CreateOptions")?;
    read_properties(&mut attributes)?;
    refuse_replacements(call)?;
    let is_unique = call.params.is("ensure_unique_name");
    call.cluster.store.write(|connection| {
        let actor = call.actor(connection)?;
        let permissions = &actor.permissions;
        let mut record = Record::new(&COLLECTIONS);
        assign(&mut record, &attributes)?;
        if !permissions.is_active {
            return Err(ApiError::permission_denied());
        }
        if let Some(hash) = record
            .text("uuid")
            .filter(|id| is_hash(id))
            .map(str::to_owned)
        {
            record.set("portable_data_hash", hash);
            record.set("uuid", rusqlite::types::Value::Null);
        }
        assign_uuid(&mut record, call.cluster, permissions)?;
        set_defaults(&mut record, permissions);
        let now = call.cluster.clock.now();
        record.set("created_at", now);
        stamp(&mut record, permissions, now);
        record.set("version", 1);
        record.set("current_version_uuid", record.uuid().to_owned());
        check_confirmations(&attributes, permissions)?;
        check_signatures(call, &actor, &record)?;
        validate(connection, &mut record, &attributes, permissions)?;
        apply_trash(
            &mut record,
            &attributes,
            now,
            call.cluster.settings.trash_lifetime,
        );
        insert_renaming(connection, &mut record, is_unique, call.cluster)?;
        let mut object = show(call, connection, &actor, &record, names.as_deref())?;
        if let Some(created_at) = object.get_mut("created_at") {
            *created_at = clock::format_nanos(now, rand::random_range(1..1000)).into();
        }
        Ok(object)
    })
}

/// Adds the record; with `is_unique` it takes another name while its own is taken.
fn insert_renaming(
    connection: &Connection,
    record: &mut Record,
    is_unique: bool,
    cluster: &Cluster,
) -> Result<(), ApiError> {
    let name = record.text("name").unwrap_or_default().to_owned();
    let mut renames = 0;
    loop {
        match record.insert(connection) {
            Ok(()) => return Ok(()),
            Err(error) if is_unique && renames < RENAMES && is_name_collision(&error) => {
                renames += 1;
                let uuid = cluster.new_uuid(COLLECTIONS.infix);
                let short: String = name.chars().take(237).collect();
                record.set("name", format!("{short} ({})", &uuid[uuid::LENGTH - 15..]));
                record.set("current_version_uuid", uuid.clone());
                record.set("uuid", uuid);
            }
            Err(error) => return Err(explain_collision(error, record)),
        }
    }
}

/// Changes a collection, keeping the old version where the rules ask for it.
pub(crate) fn update(call: &Call<'_>, uuid: &str) -> Result<Map<String, Value>, ApiError> {
    let names = call.params.strings("select", "UpdateOptions")?;
    let mut attributes = call.params.attributes("UpdateOptions")?;
    read_properties(&mut attributes)?;
    refuse_replacements(call)?;
    call.cluster.store.write(|connection| {
        let actor = call.actor(connection)?;
        if is_hash(uuid) {
            // The real service stumbles over this.
            return Err(ApiError::invalid(
                "#<NoMethodError: undefined method `readonly?' for an instance of Hash>",
            ));
        }
        let permissions = &actor.permissions;
        let old = find_readable(connection, &COLLECTIONS, uuid, permissions, true)?;
        let mut record = old.clone();
        attributes.remove("uuid");
        assign(&mut record, &attributes)?;
        if attributes.contains_key("portable_data_hash")
            && record.text("portable_data_hash").is_none()
        {
            record.set(
                "portable_data_hash",
                old.value("portable_data_hash").clone(),
            );
        }
        if record == old {
            return show(call, connection, &actor, &record, names.as_deref());
        }
        check_writable(&old, permissions)?;
        check_version(&old, &record)?;
        check_confirmations(&attributes, permissions)?;
        if record.text("manifest_text") != old.text("manifest_text") {
            check_signatures(call, &actor, &record)?;
            if !attributes.contains_key("portable_data_hash") {
                record.set("portable_data_hash", rusqlite::types::Value::Null);
            }
        }
        if attributes.contains_key("storage_classes_desired")
            && record
                .text("storage_classes_desired")
                .is_none_or(|text| text == "[]")
        {
            return Err(ApiError::invalid(
                "Storage classes desired must not be empty",
            ));
        }
        set_defaults(&mut record, permissions);
        validate(connection, &mut record, &attributes, permissions)?;
        let now = call.cluster.clock.now();
        apply_trash(
            &mut record,
            &attributes,
            now,
            call.cluster.settings.trash_lifetime,
        );
        save(
            connection,
            &old,
            &mut record,
            permissions,
            now,
            &call.cluster.id,
        )?;
        show(call, connection, &actor, &record, names.as_deref())
    })
}

/// Writes a changed collection and, if due, its old version.
fn save(
    connection: &Connection,
    old: &Record,
    record: &mut Record,
    permissions: &Permissions,
    now: Micros,
    cluster: &str,
) -> Result<(), ApiError> {
    let is_versioned = VERSIONED
        .iter()
        .any(|name| record.value(name) != old.value(name));
    let is_idle = old
        .moment("modified_at")
        .is_none_or(|modified_at| modified_at <= now - IDLE);
    let only_preserves = COLLECTIONS.columns.iter().all(|column| {
        column.name == "preserve_version" || record.value(column.name) == old.value(column.name)
    });
    if !only_preserves {
        stamp(record, permissions, now);
    }
    if is_versioned && (is_idle || old.is("preserve_version")) {
        let mut snapshot = old.clone();
        snapshot.set("uuid", uuid::generate(cluster, COLLECTIONS.infix));
        snapshot.set("current_version_uuid", old.uuid().to_owned());
        snapshot.insert(connection)?;
        record.set("version", old.integer("version").unwrap_or(1) + 1);
        if record.is("preserve_version") && old.is("preserve_version") {
            record.set("preserve_version", 0);
        }
    }
    record
        .update(connection)
        .map_err(|error| explain_collision(error, record))
}

/// Moves a collection to the trash and returns it.
pub(crate) fn delete(call: &Call<'_>, uuid: &str) -> Result<Map<String, Value>, ApiError> {
    set_trash(call, uuid, true)
}

/// Moves a collection into or out of the trash; what is there already stays as it is.
pub(crate) fn set_trash(
    call: &Call<'_>,
    uuid: &str,
    is_trashed: bool,
) -> Result<Map<String, Value>, ApiError> {
    call.cluster.store.write(|connection| {
        let actor = call.actor(connection)?;
        let old = find_readable(connection, &COLLECTIONS, uuid, &actor.permissions, true)?;
        check_writable(&old, &actor.permissions)?;
        let mut record = old.clone();
        if record.is("is_trashed") != is_trashed {
            let now = call.cluster.clock.now();
            let attributes = Map::from_iter([("is_trashed".to_owned(), is_trashed.into())]);
            record.set("is_trashed", i64::from(is_trashed));
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

/// Refuses the assembly of collections from others, which the sandbox does not offer.
fn refuse_replacements(call: &Call<'_>) -> Result<(), ApiError> {
    for name in ["replace_files", "replace_segments"] {
        if call.params.get(name).is_some() {
            return Err(ApiError::controller(
                StatusCode::NOT_IMPLEMENTED,
                format!("the sandbox does not implement {name}"),
            ));
        }
    }
    Ok(())
}
