//! An uncompressed tar in a file, whose members can be read in any order.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read, Seek as _, SeekFrom};
use std::sync::Arc;

use super::contents::{Contents, doubled};
use super::error::Error;
#[cfg(not(target_family = "wasm"))]
use super::length_hint::Ending;
use super::members::Members;
use super::shape::Shape;
use super::source::Seekable;
use super::sparse::{Filled, Filler, Map};

/// An uncompressed tar in a file.
pub(crate) struct TarFile {
    file: File,
    /// What error texts call it.
    subject: String,
    length: u64,
    contents: Contents<Span>,
    shape: Shape,
}

/// Where a member's data lie in the file.
#[derive(Debug, Clone)]
struct Span {
    start: u64,
    stored: u64,
    /// The length of the member, with its holes if it has any.
    length: u64,
    holes: Option<Arc<Map>>,
}

/// A reader of a member's data, and their length.
pub(crate) type Data<'a> = (Box<dyn Read + 'a>, u64);

impl TarFile {
    /// Reads the headers of all members, and none of their data.
    pub(crate) fn open(mut file: File, subject: String) -> Result<Self, Error> {
        let seen = file
            .seek(SeekFrom::End(0))
            .and_then(|length| file.rewind().map(|()| length));
        let length = seen.map_err(|source| Error::Io {
            action: "read",
            subject: subject.clone(),
            source,
        })?;
        let mut contents: Contents<Span> = Contents::new();
        let mut again = Vec::new();
        let mut members = Members::new(Seekable::new(&file, length, &subject));
        while let Some(member) = members.next()? {
            if contents.add(&member)? {
                continue;
            }
            let span = Span {
                start: members.position(),
                stored: members.stored(),
                length: member.size,
                holes: member.holes,
            };
            match contents.former(&member.name) {
                Some(former) => again.push((member.name, former.clone(), span)),
                None => contents.add_file(member.name, span),
            }
        }
        let shape = members.shape().clone();
        let tar = TarFile {
            file,
            subject,
            length,
            contents,
            shape,
        };
        for (name, former, span) in again {
            let is_same = match former.length == span.length {
                true => tar.are_same(&former, &span),
                false => Ok(false),
            };
            match is_same {
                Ok(true) => {}
                Ok(false) => return Err(doubled(&name)),
                Err(source) => {
                    return Err(Error::Io {
                        action: "read",
                        subject: tar.subject,
                        source,
                    });
                }
            }
        }
        Ok(tar)
    }

    /// Tells whether two members of one length hold the same bytes.
    fn are_same(&self, one: &Span, other: &Span) -> io::Result<bool> {
        let reader = |span| BufReader::with_capacity(64 << 10, self.reader(span));
        let (mut one, mut other) = (reader(one), reader(other));
        loop {
            let (first, second) = (one.fill_buf()?, other.fill_buf()?);
            let count = first.len().min(second.len());
            if first[..count] != second[..count] {
                return Ok(false);
            }
            if count == 0 {
                return Ok(true);
            }
            one.consume(count);
            other.consume(count);
        }
    }

    fn reader(&self, span: &Span) -> Box<dyn Read + '_> {
        let data = SpanReader {
            file: &self.file,
            at: span.start,
            left: span.stored,
        };
        match &span.holes {
            None => Box::new(data),
            Some(map) => Box::new(Filled {
                data,
                filler: Filler::new(map.clone()),
            }),
        }
    }

    /// Returns what the members tell of the archive as a whole.
    pub(crate) fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Returns the file, at its beginning.
    pub(crate) fn rewound(&self) -> Result<&File, Error> {
        let mut file = &self.file;
        file.rewind().map_err(|source| Error::Io {
            action: "read",
            subject: self.subject.clone(),
            source,
        })?;
        Ok(file)
    }

    /// Returns what error texts call the archive.
    pub(crate) fn subject(&self) -> &str {
        &self.subject
    }

    /// Returns the number of bytes of the archive.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Returns a reader of the member's data and their length, or none if there is no such
    /// member.
    pub(crate) fn open_member(&self, name: &str) -> Result<Option<Data<'_>>, Error> {
        let span = self.contents.file(name)?;
        Ok(span.map(|span| (self.reader(span), span.length)))
    }

    /// Returns the end of a member that has no holes. What goes wrong shows where it is read from its beginning.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn ending(&self, name: &str) -> Option<Ending> {
        let span = self.contents.file(name).ok()??;
        let mut ending = Ending::default();
        let left = ending.len() as u64;
        let mut reader = SpanReader {
            file: &self.file,
            at: span.start + span.stored.checked_sub(left)?,
            left,
        };
        reader.read_exact(&mut ending).ok()?;
        span.holes.is_none().then_some(ending)
    }
}

/// Reads a part of a file, wherever the file stands.
struct SpanReader<'a> {
    file: &'a File,
    at: u64,
    left: u64,
}

impl Read for SpanReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer
            .len()
            .min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if most == 0 {
            return Ok(0);
        }
        let count = read_at(self.file, &mut buffer[..most], self.at)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.at += count as u64;
        self.left -= count as u64;
        Ok(count)
    }
}

/// Reads at a place of the file; where the file stands is of no meaning before and after.
#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, at)
}

/// Reads at a place of the file; where the file stands is of no meaning before and after.
#[cfg(not(unix))]
fn read_at(mut file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    file.seek(SeekFrom::Start(at))?;
    file.read(buffer)
}
