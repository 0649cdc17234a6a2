//! What extension headers say of the header that follows them: long names, and PAX records.

use tar::EntryType;

use super::error::Fault;
use super::header;
use super::sparse::{Pieces, number};

/// What the extension headers before one header say, each thing at most once.
#[derive(Default)]
pub(crate) struct Extension {
    pub(crate) name: Option<Vec<u8>>,
    pub(crate) target: Option<Vec<u8>>,
    pub(crate) size: Option<u64>,
    pub(crate) holes: Holes,
}

/// What is said of a file with holes, in the forms 0.0, 0.1 and 1.0 of GNU tar.
#[derive(Default)]
pub(crate) struct Holes {
    pub(crate) name: Option<Vec<u8>>,
    /// The length of the file with its holes.
    pub(crate) size: Option<u64>,
    pub(crate) pieces: Pieces,
    /// Whether the data begin with the list of pieces.
    pub(crate) is_in_data: bool,
    /// Where a piece begins whose length is to follow.
    start: Option<u64>,
    is_begun: bool,
}

impl Holes {
    /// Tells whether anything was said of holes.
    pub(crate) fn is_begun(&self) -> bool {
        self.is_begun
    }

    fn add(&mut self, key: &[u8], value: &[u8]) -> Result<(), Fault> {
        self.is_begun = true;
        match key {
            b"GNU.sparse.name" => put(&mut self.name, value.to_vec()),
            b"GNU.sparse.size" | b"GNU.sparse.realsize" => put(&mut self.size, number(value)?),
            b"GNU.sparse.offset" => put(&mut self.start, number(value)?),
            b"GNU.sparse.numbytes" => {
                let start = self.start.take().ok_or(header::DAMAGED)?;
                self.pieces.push(start, number(value)?)
            }
            b"GNU.sparse.map" if value.is_empty() => Ok(()),
            b"GNU.sparse.map" => self.pieces.push_list(value.split(|byte| *byte == b',')),
            b"GNU.sparse.major" => match number(value)? {
                0 => Ok(()),
                1 => {
                    self.is_in_data = true;
                    Ok(())
                }
                _ => Err(Fault::Refused("is a sparse file of an unknown form")),
            },
            // How many pieces there are shows without it, and no form has another minor number.
            _ => Ok(()),
        }
    }
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
        let mut left = records;
        while let Some((key, value)) = next_record(&mut left)? {
            if key.starts_with(b"GNU.sparse.") && !global {
                self.holes.add(key, value)?;
                continue;
            }
            if !matches!(key, b"path" | b"linkpath" | b"size") && !key.starts_with(b"GNU.sparse.") {
                continue;
            }
            if global {
                return Err(Fault::Refused(
                    "sets names or sizes for all members that follow",
                ));
            }
            match key {
                b"path" => put(&mut self.name, value.to_vec())?,
                b"linkpath" => put(&mut self.target, value.to_vec())?,
                _ => put(&mut self.size, number(value)?)?,
            }
        }
        Ok(())
    }
}

/// A key and its value.
type Record<'a> = (&'a [u8], &'a [u8]);

/// Takes the next record, `LENGTH KEY=VALUE` and a line end; none at the end.
///
/// The library ends a record at its first line end, where its length has the say: a comment may have
/// several lines.
fn next_record<'a>(left: &mut &'a [u8]) -> Result<Option<Record<'a>>, Fault> {
    const BROKEN: Fault = Fault::Refused("has a broken extension header");
    if left.iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    let blank = left.iter().position(|byte| *byte == b' ').ok_or(BROKEN)?;
    let length = number(&left[..blank])
        .ok()
        .and_then(|length| usize::try_from(length).ok());
    let length = length.filter(|length| (blank + 1..=left.len()).contains(length));
    let (record, rest) = left.split_at(length.ok_or(BROKEN)?);
    let record = record[blank + 1..].strip_suffix(b"\n").ok_or(BROKEN)?;
    let equals = record.iter().position(|byte| *byte == b'=').ok_or(BROKEN)?;
    *left = rest;
    Ok(Some((&record[..equals], &record[equals + 1..])))
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
