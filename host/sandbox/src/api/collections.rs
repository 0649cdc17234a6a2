//! Collections: gets, makes, changes and trashes them.

use hyper::StatusCode;
use rusqlite::{Connection, OptionalExtension};
use serde_json::{Map, Value};

use super::Call;
use super::access::{check_permitted, find_readable};
use super::assign::{
    assign, assign_uuid, check_uuid, insert_renaming, raise, read_properties, stamp,
};
use super::auth::Actor;
use super::collection_rules::{check_confirmations, check_signatures, set_defaults, validate};
use super::events::{self, Event};
use super::render::{Renderer, show};
use super::replace_files::Replacements;
use super::trash::{self, Moments, Way};
use super::versions;
use crate::clock::{self, SECOND};
use crate::error::ApiError;
use crate::manifest;
use crate::permission::Permissions;
use crate::query::select;
use crate::store::record::Record;
use crate::store::table::COLLECTIONS;
use crate::uuid;

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
pub(crate) fn is_hash(id: &str) -> bool {
    manifest::is_locator(id)
        && id
            .split('+')
            .nth(1)
            .is_some_and(|size| size.starts_with(|c: char| c.is_ascii_digit()))
}

/// Finds one readable collection of the hash; one that stays longest is preferred.
///
/// # Errors
///
/// 404 if there is none.
pub(crate) fn find_by_hash(
    connection: &Connection,
    permissions: &Permissions,
    hash: &str,
    include_trash: bool,
) -> Result<Record, ApiError> {
    let condition = permissions.readable(&COLLECTIONS, include_trash);
    let sql = format!(
        "SELECT uuid FROM collections WHERE portable_data_hash = ? AND ({}) \
         ORDER BY trash_at DESC NULLS FIRST LIMIT 1",
        condition.sql
    );
    let parameters = std::iter::once(hash.to_owned().into()).chain(condition.parameters);
    let uuid: Option<String> = connection
        .prepare_cached(&sql)?
        .query_row(rusqlite::params_from_iter(parameters), |row| row.get(0))
        .optional()?;
    let record = match uuid {
        Some(uuid) => Record::find(connection, &COLLECTIONS, &uuid)?,
        None => None,
    };
    record.ok_or_else(|| ApiError::controller(StatusCode::NOT_FOUND, "not found"))
}

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
    let record = find_by_hash(connection, &actor.permissions, &hash, include_trash)?;
    Ok(Renderer::new(call, connection, actor).by_hash(&record, &hash, names))
}

/// The moments that the trash reckons with.
fn moments(call: &Call<'_>) -> Moments {
    let cluster = call.cluster;
    let signatures = cluster.signer.ttl().saturating_mul(SECOND);
    Moments::new(cluster.clock.now(), &cluster.settings, signatures)
}

/// Makes a collection.
pub(crate) fn create(call: &Call<'_>) -> Result<Map<String, Value>, ApiError> {
    let names = call.params.strings("select", "CreateOptions")?;
    let mut attributes = call.params.attributes("CreateOptions")?;
    read_properties(&mut attributes)?;
    let replacements = Replacements::read(call, "CreateOptions")?;
    let is_unique = call.params.is("ensure_unique_name");
    call.write(|connection| {
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
        if record.text("owner_uuid").is_none() {
            record.set("owner_uuid", permissions.user_uuid.clone());
        }
        set_defaults(&mut record);
        let moments = moments(call);
        record.set("created_at", moments.now);
        stamp(&mut record, permissions, moments.now);
        record.set("version", 1);
        record.set("current_version_uuid", record.uuid().to_owned());
        check_signatures(call, &actor, &record)?;
        if !replacements.is_empty() {
            replacements.apply(call, connection, &actor, None, &mut attributes)?;
            assign(&mut record, &attributes)?;
        }
        let mut errors = Vec::new();
        trash::apply(None, &mut record, &attributes, moments, &mut errors);
        validate(connection, None, &mut record, permissions, errors)?;
        check_confirmations(None, &record, permissions)?;
        check_permitted(connection, None, &record, permissions)?;
        insert_renaming(connection, &mut record, is_unique, call.cluster)?;
        let nanos = rand::random_range(1..1000);
        let event = Event::create(&record, nanos);
        events::note(call.cluster, connection, permissions, &event)?;
        let mut object = show(call, connection, &actor, &record, names.as_deref())?;
        if let Some(created_at) = object.get_mut("created_at") {
            *created_at = clock::format_nanos(moments.now, nanos).into();
        }
        Ok(object)
    })
}

/// Changes a collection, keeping the old version where the rules ask for it.
pub(crate) fn update(call: &Call<'_>, uuid: &str) -> Result<Map<String, Value>, ApiError> {
    let names = call.params.strings("select", "UpdateOptions")?;
    let mut attributes = call.params.attributes("UpdateOptions")?;
    read_properties(&mut attributes)?;
    let replacements = Replacements::read(call, "UpdateOptions")?;
    call.write(|connection| {
        let actor = call.actor(connection)?;
        refuse_hash(uuid, "readonly?")?;
        let permissions = &actor.permissions;
        let old = find_readable(connection, &COLLECTIONS, uuid, permissions, false)?;
        let mut record = old.clone();
        if !replacements.is_empty() {
            if attributes.contains_key("manifest_text") {
                assign(&mut record, &attributes)?;
                check_signatures(call, &actor, &record)?;
            }
            replacements.apply(call, connection, &actor, Some(&old), &mut attributes)?;
            record = old.clone();
        }
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
            // Also a change of nothing is for those only who may change it.
            versions::check(&old, &record)?;
            check_permitted(connection, Some(&old), &record, permissions)?;
            let event = Event::update(&old, &record);
            events::note(call.cluster, connection, permissions, &event)?;
            return show(call, connection, &actor, &record, names.as_deref());
        }
        check_uuid(&old, &record)?;
        versions::check(&old, &record)?;
        if record.text("manifest_text") != old.text("manifest_text") {
            if replacements.is_empty() {
                check_signatures(call, &actor, &record)?;
            }
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
        set_defaults(&mut record);
        let moments = moments(call);
        let mut errors = Vec::new();
        trash::apply(Some(&old), &mut record, &attributes, moments, &mut errors);
        validate(connection, Some(&old), &mut record, permissions, errors)?;
        check_confirmations(Some(&old), &record, permissions)?;
        check_permitted(connection, Some(&old), &record, permissions)?;
        save(call, connection, &actor, &old, &mut record, moments)?;
        show(call, connection, &actor, &record, names.as_deref())
    })
}

/// Writes a changed collection with the event of it.
fn save(
    call: &Call<'_>,
    connection: &Connection,
    actor: &Actor,
    old: &Record,
    record: &mut Record,
    moments: Moments,
) -> Result<(), ApiError> {
    let (cluster, permissions) = (call.cluster, &actor.permissions);
    if record != old {
        versions::save(connection, old, record, permissions, moments.now, cluster)?;
    }
    events::note(
        cluster,
        connection,
        permissions,
        &Event::update(old, record),
    )
}

/// Stumbles, as the real service does, over a portable data hash where a UUID is needed.
fn refuse_hash(id: &str, method: &str) -> Result<(), ApiError> {
    if is_hash(id) {
        return Err(ApiError::invalid(format!(
            "#<NoMethodError: undefined method `{method}' for an instance of Hash>"
        )));
    }
    Ok(())
}

/// Moves a collection into or out of the trash; what is there already stays as it is.
pub(crate) fn set_trash(
    call: &Call<'_>,
    uuid: &str,
    way: Way,
) -> Result<Map<String, Value>, ApiError> {
    call.write(|connection| {
        let actor = call.actor(connection)?;
        refuse_hash(uuid, "is_trashed")?;
        let permissions = &actor.permissions;
        let old = find_readable(connection, &COLLECTIONS, uuid, permissions, true)?;
        let moments = moments(call);
        let mut errors = Vec::new();
        let mut record = trash::move_record(&old, way, moments, &mut errors)?;
        if record != old {
            versions::check(&old, &record)?;
        }
        raise(&errors)?;
        check_permitted(connection, Some(&old), &record, permissions)?;
        if way == Way::Untrash && call.params.is("ensure_unique_name") {
            trash::free_name(connection, &mut record)?;
        }
        save(call, connection, &actor, &old, &mut record, moments)?;
        // The controller signs nothing on this way, not even what is out of the trash again.
        let mut renderer = Renderer::new(call, connection, &actor);
        renderer.token = "";
        Ok(renderer.object(&record, None)?)
    })
}
