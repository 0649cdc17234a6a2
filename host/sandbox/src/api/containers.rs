//! Containers: what requests make, share and wait for. None of them ever runs here.

use rusqlite::{Connection, OptionalExtension};
use serde_json::{Map, Value, json};

use super::Call;
use super::access::find_readable;
use super::auth::Actor;
use super::collections::find_by_hash;
use super::container_mounts::by_content;
use super::images;
use crate::clock::SECOND;
use crate::error::{ApiError, SEPARATOR};
use crate::permission::Permissions;
use crate::raw_record::new_record;
use crate::store::record::Record;
use crate::store::table::{COLLECTIONS, CONTAINERS};
use crate::uuid;

/// What a container is made of; two that agree in all of it do the same.
const RECIPE: [&str; 7] = [
    "command",
    "container_image",
    "cwd",
    "environment",
    "mounts",
    "output_path",
    "runtime_constraints",
];

/// The least that a container gets to cache blocks in, and the most, in bytes.
const CACHE: (i64, i64) = (2 << 30, 32 << 30);

/// Works out the container that a request wants.
///
/// # Errors
///
/// 422 if the image or a mounted collection cannot be found.
pub(super) fn prepare(
    call: &Call<'_>,
    connection: &Connection,
    actor: &Actor,
    request: &Record,
) -> Result<Map<String, Value>, ApiError> {
    let permissions = &actor.permissions;
    let formats = &call.cluster.settings.docker_image_formats;
    let text = request.text("container_image").unwrap_or_default();
    let image = images::resolve(connection, permissions, formats, text)?;
    let mut container = Map::new();
    for name in [
        "command",
        "environment",
        "output_glob",
        "output_properties",
        "output_storage_classes",
        "published_ports",
        "runtime_constraints",
        "scheduling_parameters",
        "secret_mounts",
    ] {
        container.insert(name.to_owned(), request.json(name).unwrap_or_default());
    }
    for name in ["cwd", "output_path"] {
        let text = request.text(name).unwrap_or_default();
        container.insert(name.to_owned(), text.into());
    }
    if container["command"][0] == "arvados-cwl-runner" {
        container["scheduling_parameters"]["supervisor"] = true.into();
    }
    let constraints = &mut container["runtime_constraints"];
    if constraints["keep_cache_ram"] == 0 && constraints["keep_cache_disk"] == 0 {
        let ram = constraints["ram"].as_i64().unwrap_or_default();
        constraints["keep_cache_disk"] = ram.clamp(CACHE.0, CACHE.1).into();
    }
    let mounts = mounts(connection, permissions, request)?;
    container.insert("mounts".to_owned(), mounts);
    container.insert("container_image".to_owned(), image.into());
    Ok(container)
}

/// Names mounted collections by their content.
fn mounts(
    connection: &Connection,
    permissions: &Permissions,
    request: &Record,
) -> Result<Value, ApiError> {
    let Some(Value::Object(mounts)) = request.json("mounts") else {
        return Ok(Value::Object(Map::new()));
    };
    let find = |uuid: &str| {
        let found = find_readable(connection, &COLLECTIONS, uuid, permissions, false).ok()?;
        let is_current = found.text("current_version_uuid") == Some(uuid);
        let hash = found.text("portable_data_hash").filter(|_| is_current);
        hash.map(str::to_owned)
    };
    match by_content(mounts, find) {
        Ok(mounts) => Ok(mounts.into()),
        Err(uuid) => Err(images::unresolvable(&format!(
            "cannot mount collection {uuid:?}: not found"
        ))),
    }
}

/// Gives a request the container that it wants: a new one, or an equal one if that will do.
pub(super) fn take(
    call: &Call<'_>,
    connection: &Connection,
    actor: &Actor,
    request: &mut Record,
    recipe: Map<String, Value>,
) -> Result<(), ApiError> {
    request.set(
        "container_count",
        request.integer("container_count").unwrap_or(0) + 1,
    );
    if request.is("use_existing")
        && let Some(known) = find_equal(connection, &actor.permissions, &recipe)?
    {
        request.set("container_uuid", known.uuid().to_owned());
        if known.text("state") == Some("Complete") {
            finish(call, connection, request, &known)?;
        }
        return Ok(());
    }
    let mut attributes = recipe;
    for (name, value) in [
        ("uuid", json!(call.cluster.new_uuid(CONTAINERS.infix))),
        ("owner_uuid", json!(uuid::system_user(&call.cluster.id))),
        ("state", json!("Queued")),
        ("lock_count", json!(0)),
        ("cost", json!(0.0)),
        ("subrequests_cost", json!(0.0)),
        ("service", json!(request.is("service"))),
        ("interactive_session_started", json!(false)),
        ("runtime_status", json!({})),
        ("runtime_user_uuid", json!(actor.permissions.user_uuid)),
        ("runtime_auth_scopes", json!(["all"])),
    ] {
        attributes.insert(name.to_owned(), value);
    }
    let container = new_record(call.cluster, &CONTAINERS, &attributes);
    container.insert(connection)?;
    request.set("container_uuid", container.uuid().to_owned());
    Ok(())
}

/// Finds a container that does the same and has not failed: a finished one first.
fn find_equal(
    connection: &Connection,
    permissions: &Permissions,
    recipe: &Map<String, Value>,
) -> Result<Option<Record>, ApiError> {
    let candidates: Vec<String> = connection
        .prepare_cached(
            "SELECT uuid FROM containers WHERE container_image = ?1 AND (state IN ('Queued', \
             'Locked', 'Running') OR (state = 'Complete' AND exit_code = 0)) \
             ORDER BY state = 'Complete' DESC, state = 'Running' DESC, created_at",
        )?
        .query_map([recipe["container_image"].as_str()], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for uuid in candidates {
        let Some(record) = Record::find(connection, &CONTAINERS, &uuid)? else {
            continue;
        };
        let is_equal = RECIPE.iter().all(|name| match &recipe[*name] {
            Value::String(text) => record.text(name) == Some(text),
            value => record.json(name).as_ref() == Some(value),
        });
        // What a finished one left must still be there.
        let is_left = record.text("state") != Some("Complete")
            || ["output", "log"].iter().all(|name| {
                let hash = record.text(name).unwrap_or_default();
                is_empty(hash) || find_by_hash(connection, permissions, hash, false).is_ok()
            });
        if is_equal && is_left {
            return Ok(Some(record));
        }
    }
    Ok(None)
}

/// Says whether a portable data hash is that of no data at all.
fn is_empty(hash: &str) -> bool {
    hash.split('+').nth(1) == Some("0")
}

/// Ends a request whose container has run before: it gets copies of the output and the log.
fn finish(
    call: &Call<'_>,
    connection: &Connection,
    request: &mut Record,
    container: &Record,
) -> Result<(), ApiError> {
    request.set("state", "Final".to_owned());
    for (name, label, attribute) in [
        ("output", "Output", "output_uuid"),
        ("log", "Container log", "log_uuid"),
    ] {
        let hash = container.text(name).unwrap_or_default();
        let text: Option<String> = connection
            .prepare_cached(
                "SELECT manifest_text FROM collections WHERE portable_data_hash = ?1 LIMIT 1",
            )?
            .query_row([hash], |row| row.get(0))
            .optional()?;
        let uuid = call.cluster.new_uuid(COLLECTIONS.infix);
        let copy = json!({
            "uuid": uuid,
            "owner_uuid": request.text("owner_uuid"),
            "name": format!("{label} for request {}", request.uuid()),
            "manifest_text": text.unwrap_or_default(),
            "properties": {"type": name, "container_request": request.uuid()},
        });
        if let Value::Object(copy) = copy {
            new_record(call.cluster, &COLLECTIONS, &copy).insert(connection)?;
        }
        request.set(attribute, uuid);
    }
    Ok(())
}

/// Sets how urgent a container is: as its most urgent request says, the older the sooner.
pub(super) fn set_priority(
    call: &Call<'_>,
    connection: &Connection,
    container: Option<&str>,
) -> Result<(), ApiError> {
    let Some(container) = container else {
        return Ok(());
    };
    let highest: Option<i64> = connection
        .prepare_cached(
            "SELECT max(priority) FROM container_requests WHERE container_uuid = ?1 \
             AND state = 'Committed'",
        )?
        .query_row([container], |row| row.get(0))?;
    let milliseconds = call.cluster.clock.now() / (SECOND / 1000);
    let priority = match highest.unwrap_or(0) {
        0 => 0,
        number => (number << 50) - milliseconds,
    };
    connection
        .prepare_cached(
            "UPDATE containers SET priority = ?2 WHERE uuid = ?1 \
             AND (priority IS NULL OR (priority = 0) <> (?2 = 0))",
        )?
        .execute((container, priority))?;
    Ok(())
}

/// Makes a container without a request, which only the cluster itself may.
pub(crate) fn create(call: &Call<'_>) -> Result<Map<String, Value>, ApiError> {
    call.cluster.store.with(|connection| {
        call.actor(connection)?;
        let attributes = call.params.attributes("CreateOptions")?;
        let missing: Vec<&str> = [
            ("container_image", "Container image can't be blank"),
            ("output_path", "Output path can't be blank"),
        ]
        .into_iter()
        .filter(|(name, _)| !attributes.contains_key(*name))
        .map(|(_, text)| text)
        .collect();
        if missing.is_empty() {
            return Err(ApiError::permission_denied());
        }
        Err(ApiError::service(
            hyper::StatusCode::FORBIDDEN,
            missing.join(SEPARATOR),
        ))
    })
}

/// Locks a container for a dispatcher, of which there is none here.
pub(crate) fn lock(call: &Call<'_>, uuid: &str) -> Result<Map<String, Value>, ApiError> {
    call.cluster.store.with(|connection| {
        let actor = call.actor(connection)?;
        find_readable(connection, &CONTAINERS, uuid, &actor.permissions, false)?;
        Err(ApiError::permission_denied())
    })
}
