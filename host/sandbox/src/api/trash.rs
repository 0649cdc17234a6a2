//! The trash: when a record goes into it, comes back and is gone for good.

use rusqlite::Connection;
use serde_json::{Map, Value};

use super::assign::unique_name;
use crate::clock::Micros;
use crate::error::ApiError;
use crate::options::Settings;
use crate::store::record::Record;

/// What the moments of the trash depend on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moments {
    /// The present moment.
    pub(crate) now: Micros,
    /// How long things stay in the trash.
    pub(crate) lifetime: Micros,
    /// How long the signatures hold that somebody may have of a manifest.
    pub(crate) signatures: Micros,
}

impl Moments {
    /// Takes the cluster's settings.
    pub(crate) fn new(now: Micros, settings: &Settings, signatures: Micros) -> Moments {
        Moments {
            now,
            lifetime: settings.trash_lifetime,
            signatures,
        }
    }
}

/// Makes `is_trashed`, `trash_at` and `delete_at` of a new or changed record agree; `errors`
/// collects what cannot be.
pub(crate) fn apply(
    old: Option<&Record>,
    record: &mut Record,
    attributes: &Map<String, Value>,
    moments: Moments,
    errors: &mut Vec<String>,
) {
    use rusqlite::types::Value::Null;
    let was_trashed = old.is_some_and(|old| old.is("is_trashed"));
    match attributes.get("is_trashed") {
        Some(Value::Bool(true)) if !was_trashed => record.set("trash_at", moments.now),
        Some(Value::Bool(false)) if was_trashed => record.set("trash_at", Null),
        _ => {}
    }
    let before = |name: &str| old.and_then(|old| old.moment(name));
    let is_changed = |record: &Record, name: &str| record.moment(name) != before(name);
    let is_moved = is_changed(record, "trash_at");
    if is_moved && let Some(trash_at) = record.moment("trash_at") {
        record.set("trash_at", trash_at.max(moments.now));
    }
    let trash_at = record.moment("trash_at");
    let is_trashed = trash_at.is_some_and(|trash_at| trash_at <= moments.now);
    record.set("is_trashed", i64::from(is_trashed));
    if is_moved && !is_changed(record, "delete_at") {
        match trash_at {
            None => record.set("delete_at", Null),
            // Nobody looks for a role in the trash.
            Some(trash_at) if record.text("group_class") == Some("role") => {
                record.set("delete_at", trash_at);
            }
            Some(trash_at) => record.set("delete_at", trash_at + moments.lifetime),
        }
    } else if is_changed(record, "delete_at")
        && let (Some(trash_at), Some(delete_at)) = (trash_at, record.moment("delete_at"))
        && delete_at >= trash_at
    {
        // Whoever has a signature may use it until then.
        let given = before("trash_at").map_or(moments.now, |then| then.min(moments.now));
        let mut earliest = given + moments.signatures;
        if let Some(then) = before("delete_at") {
            earliest = earliest.min(then);
        }
        record.set("delete_at", delete_at.max(earliest));
    }
    match (trash_at, record.moment("delete_at")) {
        (Some(_), None) | (None, Some(_)) => errors
            .push("Delete at must be set if trash_at is set, and must be nil otherwise".to_owned()),
        (Some(trash_at), Some(delete_at)) if delete_at < trash_at => {
            errors.push("Delete at must not be earlier than trash_at".to_owned());
        }
        _ => {}
    }
}

/// Gives a record that comes back another name if its own has been taken since.
///
/// # Errors
///
/// Only the database's.
pub(crate) fn free_name(connection: &Connection, record: &mut Record) -> rusqlite::Result<()> {
    let name = record.text("name").unwrap_or_default().to_owned();
    let owner = record.text("owner_uuid").unwrap_or_default();
    let current = match record.table.name {
        "collections" => "AND current_version_uuid = uuid",
        _ => "",
    };
    let sql = format!(
        "SELECT EXISTS (SELECT 1 FROM {} WHERE owner_uuid = ?1 AND name = ?2 AND uuid <> ?3 \
         AND is_trashed = 0 AND name <> '' {current})",
        record.table.name
    );
    let is_taken: bool = connection
        .prepare_cached(&sql)?
        .query_row([owner, &name, record.uuid()], |row| row.get(0))?;
    if is_taken {
        record.set("name", unique_name(&name, record.uuid()));
    }
    Ok(())
}

/// Removes for good what has been in the trash long enough, with the links to it.
///
/// The real cluster does so every minute; here every change finds it done.
///
/// # Errors
///
/// Only the database's.
pub(crate) fn sweep(connection: &Connection, now: Micros) -> rusqlite::Result<()> {
    let is_due: bool = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM collections WHERE delete_at <= ?1) \
             OR EXISTS (SELECT 1 FROM groups WHERE delete_at <= ?1)",
        )?
        .query_row([now], |row| row.get(0))?;
    if !is_due {
        return Ok(());
    }
    let gone = "WITH RECURSIVE gone (uuid) AS (\
                SELECT uuid FROM groups WHERE delete_at <= ?1 \
                UNION SELECT groups.uuid FROM groups JOIN gone ON owner_uuid = gone.uuid)";
    for table in ["collections", "links", "container_requests"] {
        connection.execute(
            &format!("{gone} DELETE FROM {table} WHERE owner_uuid IN gone"),
            [now],
        )?;
    }
    connection.execute(
        &format!("{gone} DELETE FROM links WHERE head_uuid IN gone OR tail_uuid IN gone"),
        [now],
    )?;
    connection.execute(
        &format!("{gone} DELETE FROM groups WHERE uuid IN gone"),
        [now],
    )?;
    connection.execute(
        "DELETE FROM links WHERE head_uuid IN \
         (SELECT uuid FROM collections WHERE delete_at <= ?1)",
        [now],
    )?;
    connection.execute("DELETE FROM collections WHERE delete_at <= ?1", [now])?;
    Ok(())
}

/// How a record goes into the trash or comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// By DELETE.
    Delete,
    /// By `…/trash`.
    Trash,
    /// By `…/untrash`.
    Untrash,
}

/// Moves a record into or out of the trash; what is in it already stays as it is.
///
/// # Errors
///
/// 422 for a record that is not in the trash and shall leave it, or stays there no longer.
pub(crate) fn move_record(
    old: &Record,
    way: Way,
    moments: Moments,
    errors: &mut Vec<String>,
) -> Result<Record, ApiError> {
    let mut record = old.clone();
    if way == Way::Untrash {
        let refuse = |text: &str| {
            Err(ApiError::invalid(format!(
                "#<ArvadosModel::InvalidStateTransitionError: {text}>"
            )))
        };
        if !old.is("is_trashed") {
            return refuse("Item is not trashed, cannot untrash");
        }
        if old.moment("delete_at").is_some_and(|at| at <= moments.now) {
            return refuse("delete_at time has already passed, cannot untrash");
        }
    }
    if old.is("is_trashed") == (way == Way::Untrash) {
        let attributes =
            Map::from_iter([("is_trashed".to_owned(), Value::from(way != Way::Untrash))]);
        apply(Some(old), &mut record, &attributes, moments, errors);
    }
    if way == Way::Delete
        && let (Some(trash_at), Some(delete_at)) =
            (record.moment("trash_at"), record.moment("delete_at"))
    {
        record.set("delete_at", delete_at.min(trash_at + moments.signatures));
    }
    Ok(record)
}
