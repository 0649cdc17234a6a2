//! How a plan holds the source: JSON has text alone.

use std::ffi::OsString;

use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(super) fn serialize<S: Serializer>(
    source: &Option<OsString>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match source.as_ref().map(|source| source.to_str()) {
        None => None::<&str>.serialize(serializer),
        Some(Some(text)) => text.serialize(serializer),
        Some(None) => Err(S::Error::custom("the source is not UTF-8")),
    }
}

pub(super) fn deserialize<'a, D: Deserializer<'a>>(
    deserializer: D,
) -> Result<Option<OsString>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(OsString::from))
}
