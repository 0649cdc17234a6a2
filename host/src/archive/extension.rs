//! What extension headers say of the header that follows them: long names, and PAX records.

use tar::{EntryType, PaxExtensions};

use super::error::Fault;
use super::header;

/// What the extension headers before one header say, each thing at most once.
#[derive(Default)]
pub(crate) struct Extension {
    pub(crate) name: Option<Vec<u8>>,
    pub(crate) target: Option<Vec<u8>>,
    pub(crate) size: Option<u64>,
}

impl Extension {
    /// Tells whether headers of this kind speak of the one that follows.
    pub(crate) fn is_one(kind: EntryType) -> bool {
        matches!(
            kind,
            EntryType::GNULongName
                | EntryType::GNULongLink
                | EntryType::XHeader
                | EntryType::XGlobalHeader
        )
    }

    /// Adds what an extension header of this kind holds.
    pub(crate) fn add(&mut self, kind: EntryType, said: Vec<u8>) -> Result<(), Fault> {
        match kind {
            EntryType::GNULongName => put(&mut self.name, until_nul(said)),
            EntryType::GNULongLink => put(&mut self.target, until_nul(said)),
            _ => self.add_records(&said, kind == EntryType::XGlobalHeader),
        }
    }

    fn add_records(&mut self, records: &[u8], global: bool) -> Result<(), Fault> {
        for record in PaxExtensions::new(records) {
            let record = record.map_err(|_| Fault::Refused("has a broken extension header"))?;
            let key = record.key_bytes();
            if key.starts_with(b"GNU.sparse") {
                return Err(Fault::Refused("is a sparse file"));
            }
            if !matches!(key, b"path" | b"linkpath" | b"size") {
                continue;
            }
            if global {
                return Err(Fault::Refused(
                    "sets names or sizes for all members that follow",
                ));
            }
            let value = record.value_bytes();
            match key {
                b"path" => put(&mut self.name, value.to_vec())?,
                b"linkpath" => put(&mut self.target, value.to_vec())?,
                _ => {
                    let size = str::from_utf8(value)
                        .ok()
                        .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
                        .and_then(|text| text.parse().ok())
                        .ok_or(header::DAMAGED)?;
                    put(&mut self.size, size)?;
                }
            }
        }
        Ok(())
    }
}

/// Sets what may be said once.
fn put<T>(place: &mut Option<T>, value: T) -> Result<(), Fault> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(Fault::Refused("is given two names, targets or sizes")),
    }
}

fn until_nul(mut bytes: Vec<u8>) -> Vec<u8> {
    if let Some(end) = bytes.iter().position(|byte| *byte == 0) {
        bytes.truncate(end);
    }
    bytes
}
