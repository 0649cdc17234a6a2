//! Writes single values as the controller shows them.

use md5::{Digest, Md5};
use rusqlite::types::{Value as Sql, ValueRef};
use serde_json::{Map, Value, json};

use crate::clock::{self, Micros};
use crate::store::record::Record;
use crate::store::table::{Column, Type};

/// Returns what the controller makes of null.
pub(crate) fn null(column: &Column) -> Value {
    match column.kind {
        _ if column.is_nullable => Value::Null,
        Type::Text | Type::LongText => "".into(),
        Type::Object | Type::Mounts => json!({}),
        Type::Array => json!([]),
        Type::Boolean => false.into(),
        Type::Integer | Type::Real => 0.into(),
        Type::Time => Value::Null,
    }
}

/// Appends the JSON of one value.
pub(crate) fn write_value(out: &mut Vec<u8>, column: &Column, value: ValueRef<'_>) {
    match (column.kind, value) {
        _ if is_shown_as_null(column, value) => out.extend_from_slice(b"null"),
        (Type::Time, ValueRef::Integer(micros)) => {
            out.push(b'"');
            clock::write(micros, 0, out);
            out.push(b'"');
        }
        (Type::Boolean, ValueRef::Integer(number)) => {
            out.extend_from_slice(if number == 0 { b"false" } else { b"true" });
        }
        (Type::Integer, ValueRef::Integer(number)) => {
            out.extend_from_slice(number.to_string().as_bytes());
        }
        (Type::Real, ValueRef::Real(number)) => write_real(out, number),
        (Type::Mounts, ValueRef::Text(text)) => {
            let mounts = serde_json::from_slice(text).unwrap_or_default();
            out.extend_from_slice(complete_mounts(mounts).to_string().as_bytes());
        }
        (Type::Object | Type::Array, ValueRef::Text(text)) => {
            // Kept as JSON already, unless somebody seeded something else.
            let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok();
            out.extend_from_slice(if is_json { text } else { b"null" });
        }
        (_, ValueRef::Text(text)) => write_text(out, &String::from_utf8_lossy(text)),
        (_, _) => out.extend_from_slice(null(column).to_string().as_bytes()),
    }
}

/// Says whether the controller shows null in the place of what is empty.
fn is_shown_as_null(column: &Column, value: ValueRef<'_>) -> bool {
    match value {
        ValueRef::Text(text) => column.is_nullable && text.is_empty(),
        ValueRef::Integer(number) => column.name == "container_count_max" && number == 0,
        _ => false,
    }
}

/// Appends a number, without a point where it is whole.
#[expect(
    clippy::cast_possible_truncation,
    reason = "what is whole and small fits"
)]
fn write_real(out: &mut Vec<u8>, number: f64) {
    let is_whole = number.fract() == 0.0 && number.abs() < 1e15;
    let text = if is_whole {
        (number as i64).to_string()
    } else {
        number.to_string()
    };
    out.extend_from_slice(text.as_bytes());
}

/// Gives every mount the attributes that it was made without.
fn complete_mounts(mounts: Map<String, Value>) -> Value {
    let complete = |mount: Value| {
        let mut whole = json!({
            "capacity": 0, "content": null, "device_type": "", "exclude_from_output": false,
            "kind": "", "path": "", "portable_data_hash": "", "uuid": "", "writable": false,
        });
        if let (Some(whole), Value::Object(mount)) = (whole.as_object_mut(), mount) {
            whole.extend(mount);
        }
        whole
    };
    mounts
        .into_iter()
        .map(|(path, mount)| (path, complete(mount)))
        .collect::<Map<_, _>>()
        .into()
}

/// Appends a text as a JSON string.
pub(crate) fn write_text(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out, text).expect("a vector takes every byte");
}

/// Writes a moment that may be missing.
pub(crate) fn moment(moment: Option<Micros>) -> Value {
    moment.map_or(Value::Null, |moment| clock::format(moment).into())
}

/// Makes a text that changes with the record: 128 bits in base 36.
pub(crate) fn etag(record: &Record) -> String {
    let mut digest = Md5::new();
    for column in record
        .table
        .columns
        .iter()
        .filter(|column| column.is_visible)
    {
        match record.value(column.name) {
            Sql::Text(text) => digest.update(text.as_bytes()),
            Sql::Integer(number) => digest.update(number.to_le_bytes()),
            _ => {}
        }
        digest.update([0]);
    }
    let mut number = u128::from_be_bytes(digest.finalize().into());
    let mut digits = Vec::with_capacity(25);
    while number > 0 {
        let digit = u32::try_from(number % 36).unwrap_or(0);
        digits.push(char::from_digit(digit, 36).unwrap_or('0'));
        number /= 36;
    }
    digits.iter().rev().collect()
}
