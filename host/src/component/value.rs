//! Values of the contract as JSON, and back: the form that the audit log has them in.
//!
//! Fields are named as in Rust (`created_at`), cases as in `wit/` (`repo-tag`); a resource is the
//! number of its handle.

use serde_json::{Map, Value};
use wasmtime::AsContextMut;
use wasmtime::component::{Resource, ResourceAny, Type, Val};

/// What a handle stands for where nothing real is behind it.
#[derive(Debug)]
pub(super) struct Nothing;

/// A value that is not of the type that is wanted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a value of the log is not what the contract wants there: {0}")]
pub(super) struct Mismatch(String);

/// Returns a value as JSON.
pub(super) fn to_json(value: &Val, mut store: impl AsContextMut) -> wasmtime::Result<Value> {
    json(value, &mut store.as_context_mut())
}

fn json(value: &Val, store: &mut impl AsContextMut) -> wasmtime::Result<Value> {
    let mut inner = |value: &Option<Box<Val>>| match value {
        Some(value) => json(value, &mut *store),
        None => Ok(Value::Null),
    };
    Ok(match value {
        Val::Bool(value) => (*value).into(),
        Val::S8(value) => (*value).into(),
        Val::U8(value) => (*value).into(),
        Val::S16(value) => (*value).into(),
        Val::U16(value) => (*value).into(),
        Val::S32(value) => (*value).into(),
        Val::U32(value) => (*value).into(),
        Val::S64(value) => (*value).into(),
        Val::U64(value) => (*value).into(),
        Val::Char(value) => value.to_string().into(),
        Val::String(value) | Val::Enum(value) => value.as_str().into(),
        Val::List(values) | Val::Tuple(values) => Value::Array(
            values
                .iter()
                .map(|value| json(value, store))
                .collect::<wasmtime::Result<_>>()?,
        ),
        Val::Record(fields) => {
            let mut members = Map::new();
            for (name, value) in fields {
                members.insert(name.replace('-', "_"), json(value, store)?);
            }
            Value::Object(members)
        }
        Val::Variant(name, None) => name.as_str().into(),
        Val::Variant(name, value) => object(name, inner(value)?),
        Val::Option(value) => inner(value)?,
        Val::Result(Ok(value)) => object("ok", inner(value)?),
        Val::Result(Err(value)) => object("err", inner(value)?),
        Val::Resource(resource) => handle(*resource, store)?.into(),
        other => {
            return Err(wasmtime::Error::new(Mismatch(format!(
                "no form is known for {other:?}"
            ))));
        }
    })
}

/// Returns the number of a handle.
fn handle(resource: ResourceAny, store: &mut impl AsContextMut) -> wasmtime::Result<u32> {
    let handle: Resource<Nothing> = resource.try_into_resource(&mut *store)?;
    Ok(handle.rep())
}

fn object(name: &str, value: Value) -> Value {
    Value::Object(Map::from_iter([(name.to_owned(), value)]))
}

/// Returns JSON as a value of a type.
pub(super) fn from_json(
    value: &Value,
    ty: &Type,
    mut store: impl AsContextMut,
) -> wasmtime::Result<Val> {
    val(value, ty, &mut store.as_context_mut())
}

fn val(value: &Value, ty: &Type, store: &mut impl AsContextMut) -> wasmtime::Result<Val> {
    let mismatch = || wasmtime::Error::new(Mismatch(shortened(value)));
    let text = || value.as_str().map(str::to_owned).ok_or_else(mismatch);
    let unsigned = || value.as_u64().ok_or_else(mismatch);
    let signed = || value.as_i64().ok_or_else(mismatch);
    Ok(match ty {
        Type::Bool => Val::Bool(value.as_bool().ok_or_else(mismatch)?),
        Type::U8 => Val::U8(unsigned()?.try_into()?),
        Type::U16 => Val::U16(unsigned()?.try_into()?),
        Type::U32 => Val::U32(unsigned()?.try_into()?),
        Type::U64 => Val::U64(unsigned()?),
        Type::S8 => Val::S8(signed()?.try_into()?),
        Type::S16 => Val::S16(signed()?.try_into()?),
        Type::S32 => Val::S32(signed()?.try_into()?),
        Type::S64 => Val::S64(signed()?),
        Type::String => Val::String(text()?),
        Type::Enum(_) => Val::Enum(text()?),
        Type::List(list) => {
            let element = list.ty();
            let values = value.as_array().ok_or_else(mismatch)?;
            Val::List(
                values
                    .iter()
                    .map(|value| val(value, &element, store))
                    .collect::<wasmtime::Result<_>>()?,
            )
        }
        Type::Record(record) => {
            let mut fields = Vec::with_capacity(record.fields().len());
            for field in record.fields() {
                let member = &value[field.name.replace('-', "_")];
                fields.push((field.name.to_owned(), val(member, &field.ty, store)?));
            }
            Val::Record(fields)
        }
        Type::Variant(variant) => {
            let (name, payload) = named(value).ok_or_else(mismatch)?;
            let case = variant
                .cases()
                .find(|case| case.name == name)
                .ok_or_else(mismatch)?;
            Val::Variant(name.to_owned(), payload_of(case.ty, payload, store)?)
        }
        Type::Option(option) => match value {
            Value::Null => Val::Option(None),
            value => Val::Option(Some(Box::new(val(value, &option.ty(), store)?))),
        },
        Type::Result(result) => match named(value).ok_or_else(mismatch)? {
            ("ok", payload) => Val::Result(Ok(payload_of(result.ok(), payload, store)?)),
            ("err", payload) => Val::Result(Err(payload_of(result.err(), payload, store)?)),
            _ => return Err(mismatch()),
        },
        Type::Own(_) | Type::Borrow(_) => {
            let handle = Resource::<Nothing>::new_own(unsigned()?.try_into()?);
            Val::Resource(handle.try_into_resource_any(&mut *store)?)
        }
        _ => return Err(mismatch()),
    })
}

/// Returns the name of a case, and what it holds.
fn named(value: &Value) -> Option<(&str, &Value)> {
    match value {
        Value::String(name) => Some((name, &Value::Null)),
        Value::Object(members) if members.len() == 1 => {
            members.iter().next().map(|(name, value)| (&**name, value))
        }
        _ => None,
    }
}

fn payload_of(
    ty: Option<Type>,
    value: &Value,
    store: &mut impl AsContextMut,
) -> wasmtime::Result<Option<Box<Val>>> {
    ty.map(|ty| val(value, &ty, store).map(Box::new))
        .transpose()
}

fn shortened(value: &Value) -> String {
    value.to_string().chars().take(80).collect()
}
