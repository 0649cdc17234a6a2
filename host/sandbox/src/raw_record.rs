//! Records made of raw attributes, past the rules of the API.

use rusqlite::types::Value as Sql;
use serde_json::{Map, Value};

use crate::cluster::Cluster;
use crate::store::record::Record;
use crate::store::table::{Table, Type};
use crate::store::yaml::yaml_object;
use crate::{clock, manifest, uuid};

/// Makes a record of raw attributes, filling in what must not be missing.
pub(crate) fn new_record(
    cluster: &Cluster,
    table: &'static Table,
    attributes: &Map<String, Value>,
) -> Record {
    let mut record = Record::new(table);
    let system = uuid::system_user(&cluster.id);
    for column in table.columns {
        let value = match (column.kind, attributes.get(column.name)) {
            (_, None | Some(Value::Null)) => Sql::Null,
            (Type::Time, Some(Value::String(text))) => {
                clock::parse(text).map_or(Sql::Null, Sql::Integer)
            }
            (Type::Boolean, Some(Value::Bool(truth))) => Sql::Integer(i64::from(*truth)),
            (Type::Integer, Some(Value::Number(number))) => {
                number.as_i64().map_or(Sql::Null, Sql::Integer)
            }
            (Type::Real, Some(Value::Number(number))) => {
                Sql::Real(number.as_f64().unwrap_or_default())
            }
            (Type::Object | Type::Mounts, Some(Value::String(yaml))) => {
                Sql::Text(yaml_object(yaml).to_string())
            }
            (_, Some(Value::String(text))) => Sql::Text(text.clone()),
            (_, Some(other)) => Sql::Text(other.to_string()),
        };
        record.set(column.name, value);
    }
    let now = cluster.clock.now();
    let mut default = |name: &str, value: Sql| {
        if *record.value(name) == Sql::Null {
            record.set(name, value);
        }
    };
    default("uuid", Sql::Text(uuid::generate(&cluster.id, table.infix)));
    default("owner_uuid", Sql::Text(system.clone()));
    let is_raw = attributes.contains_key("created_at");
    default("created_at", Sql::Integer(now));
    if !is_raw {
        default("modified_at", Sql::Integer(now));
        default("modified_by_user_uuid", Sql::Text(system));
        default("updated_at", Sql::Integer(now));
        default("properties", Sql::Text("{}".to_owned()));
    }
    for name in [
        "is_trashed",
        "is_admin",
        "is_active",
        "preserve_version",
        "file_count",
        "file_size_total",
    ] {
        default(name, Sql::Integer(0));
    }
    default("version", Sql::Integer(1));
    if matches!(table.name, "container_requests" | "containers") {
        for column in table.columns {
            match column.kind {
                Type::Object | Type::Mounts => default(column.name, Sql::Text("{}".to_owned())),
                Type::Array => default(column.name, Sql::Text("[]".to_owned())),
                _ => {}
            }
        }
    }
    if table.name == "collections" {
        complete_collection(&mut record, is_raw);
    }
    record
}

/// Fills in what every collection has, and what follows from its manifest unless that was recorded.
fn complete_collection(record: &mut Record, is_raw: bool) {
    for (name, list) in [
        ("storage_classes_desired", "[\"default\"]"),
        ("storage_classes_confirmed", "[]"),
    ] {
        if record.text(name).is_none() {
            record.set(name, list.to_owned());
        }
    }
    let uuid = record.uuid().to_owned();
    if record.text("current_version_uuid").is_none() {
        record.set("current_version_uuid", uuid);
    }
    let text = record.text("manifest_text").unwrap_or_default().to_owned();
    if record.text("portable_data_hash").is_none() {
        record.set("portable_data_hash", manifest::portable_data_hash(&text));
    }
    if !is_raw && let Ok(summary) = manifest::check(&text) {
        record.set("file_count", summary.file_count);
        record.set("file_size_total", summary.file_size_total);
        record.set("file_names", summary.file_names);
    }
    record.set("manifest_text", text);
}
