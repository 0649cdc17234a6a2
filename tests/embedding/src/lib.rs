//! Values of WIT as canonical JSON, and back, by their types.
//!
//! A record is an object with its fields in the order of the contract; a variant is an object of
//! one key, or the case's name where it has no payload; an enum is its case's name; an option is
//! the value or null; a result is an object with the key `ok` or `err`. There are no blanks and no
//! escapes but those that JSON demands, so that equal values have equal text in every language.

mod wave;

pub use wave::wave;

use serde_json::Value;
use wasmtime::component::{Type, Val};

/// Returns the canonical JSON of a value, or none for a kind that the contract does not use.
pub fn encode(value: &Val) -> Option<String> {
    let text = |text: &str| serde_json::to_string(text).ok();
    let member = |name: &str, payload: &Option<Box<Val>>| match payload {
        Some(payload) => Some(format!("{{{}:{}}}", text(name)?, encode(payload)?)),
        None => text(name),
    };
    match value {
        Val::Bool(value) => Some(value.to_string()),
        Val::S32(value) => Some(value.to_string()),
        Val::U32(value) => Some(value.to_string()),
        Val::U64(value) => Some(value.to_string()),
        Val::String(value) | Val::Enum(value) => text(value),
        Val::Option(None) => Some("null".into()),
        Val::Option(Some(value)) => encode(value),
        Val::List(items) => {
            let items: Option<Vec<String>> = items.iter().map(encode).collect();
            Some(format!("[{}]", items?.join(",")))
        }
        Val::Record(fields) => {
            let field =
                |(name, value): &(String, Val)| Some(format!("{}:{}", text(name)?, encode(value)?));
            let fields: Option<Vec<String>> = fields.iter().map(field).collect();
            Some(format!("{{{}}}", fields?.join(",")))
        }
        Val::Variant(name, payload) => member(name, payload),
        Val::Result(Ok(payload)) => member("ok", payload),
        Val::Result(Err(payload)) => member("err", payload),
        _ => None,
    }
}

/// Reads a value of this type, or returns none if the JSON is not one.
pub fn decode(ty: &Type, json: &Value) -> Option<Val> {
    let payload = |ty: Option<Type>, json: &Value| match ty {
        Some(ty) => decode(&ty, json).map(|value| Some(Box::new(value))),
        None => Some(None),
    };
    match ty {
        Type::Bool => json.as_bool().map(Val::Bool),
        Type::S32 => Some(Val::S32(json.as_i64()?.try_into().ok()?)),
        Type::U32 => Some(Val::U32(json.as_u64()?.try_into().ok()?)),
        Type::U64 => json.as_u64().map(Val::U64),
        Type::String => Some(Val::String(json.as_str()?.into())),
        Type::Enum(_) => Some(Val::Enum(json.as_str()?.into())),
        Type::Option(_) if json.is_null() => Some(Val::Option(None)),
        Type::Option(ty) => Some(Val::Option(payload(Some(ty.ty()), json)?)),
        Type::List(ty) => {
            let items = json.as_array()?.iter().map(|item| decode(&ty.ty(), item));
            Some(Val::List(items.collect::<Option<_>>()?))
        }
        Type::Record(ty) => {
            let field = |field: wasmtime::component::types::Field<'_>| {
                Some((
                    field.name.to_owned(),
                    decode(&field.ty, json.get(field.name)?)?,
                ))
            };
            Some(Val::Record(ty.fields().map(field).collect::<Option<_>>()?))
        }
        Type::Variant(ty) => {
            let (name, value) = match json {
                Value::String(name) => (name.as_str(), &Value::Null),
                Value::Object(object) => {
                    let (name, value) = object.iter().next()?;
                    (name.as_str(), value)
                }
                _ => return None,
            };
            let case = ty.cases().find(|case| case.name == name)?;
            Some(Val::Variant(name.into(), payload(case.ty, value)?))
        }
        Type::Result(ty) => {
            let (name, value) = json.as_object()?.iter().next()?;
            Some(Val::Result(match name.as_str() {
                "ok" => Ok(payload(ty.ok(), value)?),
                "err" => Err(payload(ty.err(), value)?),
                _ => return None,
            }))
        }
        _ => None,
    }
}
