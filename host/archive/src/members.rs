//! Walks the members of a tar, one after the other, trusting nothing.
//!
//! The `tar` crate reads the fields; the walk is ours because an archive that goes on unchanged
//! needs the bytes between the members too, and because much that a tar may hold has no place in
//! an image archive.

use std::io::{self, Read};
use std::sync::Arc;

use tar::{EntryType, Header};

use super::blocks::TAR_UNIT;
use super::error::{Error, Fault, Subject};
use super::extension::{Extension, Holes};
use super::header;
use super::names;
use super::shape::{self, Shape};
use super::sparse::{self, Filler, Pieces};

/// The most members of an archive. A classic engine writes four for each layer.
const MOST_MEMBERS: u64 = 16_384;

/// The largest member, and the longest archive. Beyond it, somebody plays a trick.
pub(crate) const LARGEST: u64 = 1 << 40;

/// The most bytes of an extension that precedes a header.
const LONGEST_EXTENSION: u64 = 64 << 10;

/// The most extensions that precede one header. Tools write at most three.
const MOST_EXTENSIONS: usize = 8;

/// The most digits of a number where the data of a file with holes lie.
const LONGEST_NUMBER: usize = 20;

/// The most zeros after the end mark; tools fill up their last record.
const LONGEST_TAIL: u64 = 1 << 20;

const UNKNOWN_SPARSE: Fault = Fault::Refused("is a sparse file of an unknown form");

/// What a member is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A file, whose data follow.
    File,
    /// A folder.
    Folder,
    /// A link to the member of this name.
    Link(String),
}

/// A member as its header describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    /// The name in its plain form.
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// The number of bytes in the file; 0 for all but files.
    pub(crate) size: u64,
    /// Where its data lie in it, if it has holes.
    pub(crate) holes: Option<Arc<sparse::Map>>,
}

/// A source of bytes that can be passed over.
pub trait Source: Read {
    /// Passes over `count` bytes.
    fn skip(&mut self, count: u64) -> io::Result<()>;
}

/// The walk through a tar.
pub(crate) struct Members<S> {
    source: S,
    /// Data of the current member that were not read yet.
    remaining: u64,
    /// Zeros that follow them.
    padding: u64,
    position: u64,
    count: u64,
    /// All bytes but the data, since they were last taken.
    between: Vec<u8>,
    /// Whether `between` is wanted.
    keep_between: bool,
    current: String,
    /// How the data that are left become the current member, if it has holes.
    filler: Option<Filler>,
    shape: Shape,
}

impl<S: Source> Members<S> {
    /// Begins before the first member.
    pub(crate) fn new(source: S) -> Self {
        Members {
            source,
            remaining: 0,
            padding: 0,
            position: 0,
            count: 0,
            between: Vec::new(),
            keep_between: false,
            current: String::new(),
            filler: None,
            shape: Shape::default(),
        }
    }

    /// Makes [`Members::take_between`] return what it can.
    pub(crate) fn keeping_between(mut self) -> Self {
        self.keep_between = true;
        self
    }

    /// Returns the bytes read since the last call that are no member's data: headers, padding,
    /// the end.
    pub(crate) fn take_between(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.between)
    }

    /// Returns the number of bytes passed so far.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// Returns the number of data bytes of the current member that are left; without its holes.
    pub(crate) fn stored(&self) -> u64 {
        self.remaining
    }

    /// Returns what the members so far tell of the archive as a whole.
    pub(crate) fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Passes over what is left of the current member, and its padding.
    pub(crate) fn finish_member(&mut self) -> Result<(), Error> {
        if self.remaining > 0 {
            let count = self.remaining;
            let skipped = self.source.skip(count);
            skipped.map_err(|error| self.failed(error))?;
            self.position += count;
            self.remaining = 0;
        }
        self.filler = None;
        if self.padding > 0 {
            let mut zeros = [0; TAR_UNIT];
            let zeros = &mut zeros[..self.padding as usize];
            // Some tools leave the last member's out; what follows then is the end.
            let read = fill(&mut self.source, zeros).map_err(|error| self.failed(error))?;
            if self.keep_between {
                self.between.extend_from_slice(&zeros[..read]);
            }
            self.position += read as u64;
            self.padding = 0;
        }
        Ok(())
    }

    /// Returns the next member, or none at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Member>, Error> {
        self.finish_member()?;
        let mut extension = Extension::default();
        for _ in 0..=MOST_EXTENSIONS {
            let Some(unit) = self.unit()? else {
                return Ok(None);
            };
            let header = Header::from_byte_slice(&unit);
            header::check_sum(header).map_err(|fault| match self.count {
                0 => Error::archive(shape::not_a_tar(&unit)),
                _ => self.blame(fault),
            })?;
            self.current = String::from_utf8_lossy(&header.path_bytes()).into_owned();
            let kind = header.entry_type();
            let declared = header::size(header).map_err(|fault| self.blame(fault))?;
            if !Extension::is_one(kind) {
                return self.member(header, declared, extension).map(Some);
            }
            let said = self.extension(declared)?;
            let added = extension.add(kind, said);
            added.map_err(|fault| self.blame(fault))?;
        }
        Err(self.blame(Fault::TooMuch {
            what: "has too many extension headers",
            limit: MOST_EXTENSIONS as u64,
        }))
    }

    fn member(
        &mut self,
        header: &Header,
        declared: u64,
        extension: Extension,
    ) -> Result<Member, Error> {
        let name = extension
            .name
            .unwrap_or_else(|| header.path_bytes().into_owned());
        let name = extension.holes.name.clone().unwrap_or(name);
        self.current = String::from_utf8_lossy(&name).into_owned();
        let is_folder_name = name.ends_with(b"/");
        let name = names::member(&name).map_err(|fault| self.blame(fault))?;
        let added = self.shape.add(&name);
        added.map_err(Error::archive)?;
        let stored = extension.size.unwrap_or(declared);
        let target = extension
            .target
            .or_else(|| header.link_name_bytes().map(|bytes| bytes.into_owned()))
            .unwrap_or_default();
        let kind = match header.entry_type() {
            // Old tars know no type for folders.
            EntryType::Regular if is_folder_name => Ok(Kind::Folder),
            EntryType::Regular | EntryType::GNUSparse => Ok(Kind::File),
            EntryType::Directory => Ok(Kind::Folder),
            EntryType::Symlink => names::symlink(&name, &target).map(Kind::Link),
            EntryType::Link => names::hard_link(&target).map(Kind::Link),
            EntryType::Char | EntryType::Block | EntryType::Fifo => {
                Err(Fault::Refused("is a device or pipe"))
            }
            _ => Err(Fault::Refused("is of a type that no image archive needs")),
        }
        .map_err(|fault| match self.shape.is_file_system() {
            true => Error::archive(Fault::FileSystem),
            false => self.blame(fault),
        })?;
        if name.is_empty() && kind != Kind::Folder {
            return Err(self.blame(Fault::Refused("has no name")));
        }
        if kind != Kind::File && stored != 0 {
            return Err(self.blame(Fault::Refused("has data, though it is not a file")));
        }
        if stored > LARGEST || self.position > LARGEST {
            return Err(self.blame(Fault::TooMuch {
                what: "is too large",
                limit: LARGEST,
            }));
        }
        self.count += 1;
        if self.count > MOST_MEMBERS {
            return Err(Error::archive(Fault::TooMuch {
                what: "has too many members",
                limit: MOST_MEMBERS,
            }));
        }
        self.current.clone_from(&name);
        self.remaining = stored;
        self.padding = stored.next_multiple_of(TAR_UNIT as u64) - stored;
        let holes = match kind {
            Kind::File => self.holes(header, extension.holes)?,
            _ => None,
        };
        let size = holes.as_ref().map_or(stored, |map| map.size());
        self.filler = holes.clone().map(Filler::new);
        Ok(Member {
            name,
            kind,
            size,
            holes,
        })
    }

    /// Returns where the current member's data lie in it, if it has holes. One of the forms has that
    /// before the data, where it is read.
    fn holes(&mut self, header: &Header, said: Holes) -> Result<Option<Arc<sparse::Map>>, Error> {
        let is_begun = said.is_begun();
        let mut pieces = said.pieces;
        let size = if header.entry_type() == EntryType::GNUSparse {
            let old = header.as_gnu();
            let old = old.ok_or_else(|| self.blame(UNKNOWN_SPARSE))?;
            let added = pieces.push_old(&old.sparse);
            added.map_err(|fault| self.blame(fault))?;
            let mut goes_on = old.is_extended();
            while goes_on {
                let mut unit = [0; TAR_UNIT];
                self.read_between(&mut unit)?;
                let added = pieces.push_extension(&unit);
                goes_on = added.map_err(|fault| self.blame(fault))?;
            }
            let size = old.real_size();
            size.map_err(|_| self.blame(header::DAMAGED))?
        } else {
            let Some(size) = said.size else {
                return match is_begun {
                    true => Err(self.blame(UNKNOWN_SPARSE)),
                    false => Ok(None),
                };
            };
            if said.is_in_data {
                self.list_before_data(&mut pieces)?;
            }
            size
        };
        let map = pieces.finish(size, self.remaining);
        Ok(Some(Arc::new(map.map_err(|fault| self.blame(fault))?)))
    }

    /// Reads the list of pieces that stands before the data: how many there are, and two numbers of
    /// each, every one on a line.
    fn list_before_data(&mut self, pieces: &mut Pieces) -> Result<(), Error> {
        let mut digits = Vec::new();
        let mut wanted = None;
        let mut start = None;
        while wanted != Some(0) {
            if self.remaining < TAR_UNIT as u64 {
                return Err(self.blame(header::DAMAGED));
            }
            let mut unit = [0; TAR_UNIT];
            self.read_between(&mut unit)?;
            self.remaining -= TAR_UNIT as u64;
            for byte in unit {
                if wanted == Some(0) {
                    break;
                }
                if byte != b'\n' {
                    digits.push(byte);
                    if digits.len() > LONGEST_NUMBER {
                        return Err(self.blame(header::DAMAGED));
                    }
                    continue;
                }
                let number = sparse::number(&digits).map_err(|fault| self.blame(fault))?;
                digits.clear();
                match (wanted, start.take()) {
                    (None, _) => wanted = Some(number),
                    (Some(_), None) => start = Some(number),
                    (Some(left), Some(start)) => {
                        let added = pieces.push(start, number);
                        added.map_err(|fault| self.blame(fault))?;
                        wanted = Some(left - 1);
                    }
                }
            }
        }
        Ok(())
    }

    /// Returns the next unit, or none at the end, whose tail is read too.
    fn unit(&mut self) -> Result<Option<[u8; TAR_UNIT]>, Error> {
        let mut unit = [0; TAR_UNIT];
        let has_one = self.read_unit(&mut unit)?;
        if !has_one || unit.iter().any(|byte| *byte != 0) {
            return Ok(has_one.then_some(unit));
        }
        if !self.read_unit(&mut unit)? {
            return Ok(None);
        }
        if unit.iter().any(|byte| *byte != 0) {
            return Err(Error::archive(Fault::Refused(
                "goes on after half an end mark",
            )));
        }
        self.tail()?;
        Ok(None)
    }

    /// Reads a unit, and tells whether there was one. Some tools leave the end mark out: whether the
    /// archive is whole, the digests show then.
    fn read_unit(&mut self, unit: &mut [u8; TAR_UNIT]) -> Result<bool, Error> {
        let read = fill(&mut self.source, unit);
        let read = read.map_err(|error| Error::reading(Subject::Archive, error))?;
        if read < TAR_UNIT && self.position == 0 {
            return Err(Error::archive(shape::not_a_tar(&unit[..read])));
        }
        if read < TAR_UNIT && (read > 0 || self.count == 0) {
            return Err(Error::archive(Fault::Truncated));
        }
        self.shape.is_cut |= read == 0;
        if self.keep_between {
            self.between.extend_from_slice(&unit[..read]);
        }
        self.position += read as u64;
        Ok(read > 0)
    }

    fn tail(&mut self) -> Result<(), Error> {
        let mut length = 0;
        let mut buffer = [0; 4096];
        loop {
            let count = match self.source.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Error::reading(Subject::Archive, error)),
            };
            if buffer[..count].iter().any(|byte| *byte != 0) {
                return Err(Error::archive(Fault::Refused("goes on after its end mark")));
            }
            length += count as u64;
            self.position += count as u64;
            if length > LONGEST_TAIL {
                return Err(Error::archive(Fault::TooMuch {
                    what: "goes on with zeros after its end mark",
                    limit: LONGEST_TAIL,
                }));
            }
            if self.keep_between {
                self.between.extend_from_slice(&buffer[..count]);
            }
        }
    }

    fn extension(&mut self, size: u64) -> Result<Vec<u8>, Error> {
        if size > LONGEST_EXTENSION {
            return Err(self.blame(Fault::TooMuch {
                what: "has too long an extension header",
                limit: LONGEST_EXTENSION,
            }));
        }
        let mut bytes = vec![0; size.next_multiple_of(TAR_UNIT as u64) as usize];
        self.read_between(&mut bytes)?;
        bytes.truncate(size as usize);
        Ok(bytes)
    }

    fn read_between(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.source
            .read_exact(bytes)
            .map_err(|error| Error::reading(Subject::Archive, error))?;
        if self.keep_between {
            self.between.extend_from_slice(bytes);
        }
        self.position += bytes.len() as u64;
        Ok(())
    }

    fn failed(&self, error: io::Error) -> Error {
        Error::reading(Subject::Member(self.current.clone()), error)
    }

    fn blame(&self, fault: Fault) -> Error {
        Error::member(self.current.clone(), fault)
    }
}

/// Reads until the buffer is full or the source at its end, and returns how much was read.
fn fill(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Reads the data of the current member, with its holes.
impl<S: Source> Read for Members<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(mut filler) = self.filler.take() else {
            return self.read_stored(buffer);
        };
        let count = filler.read(buffer, &mut Stored(self));
        self.filler = Some(filler);
        count
    }
}

/// Reads the data of the current member as they stand in the archive.
struct Stored<'a, S>(&'a mut Members<S>);

impl<S: Source> Read for Stored<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read_stored(buffer)
    }
}

impl<S: Source> Members<S> {
    fn read_stored(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.remaining == 0 || buffer.is_empty() {
            return Ok(0);
        }
        let most = buffer
            .len()
            .min(usize::try_from(self.remaining).unwrap_or(usize::MAX));
        let count = self.source.read(&mut buffer[..most])?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.remaining -= count as u64;
        self.position += count as u64;
        Ok(count)
    }
}
