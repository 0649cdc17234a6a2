//! An uncompressed tar in a file, whose members can be read in any order.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};

use super::contents::Contents;
use super::error::Error;
use super::members::Members;
use super::source::Seekable;

/// An uncompressed tar in a file.
pub(crate) struct TarFile {
    file: File,
    /// What error texts call it.
    subject: String,
    length: u64,
    contents: Contents<Span>,
}

/// Where a member's data lie in the file.
#[derive(Debug, Clone, Copy)]
struct Span {
    start: u64,
    length: u64,
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
        let mut contents = Contents::new();
        let mut members = Members::new(Seekable::new(&file, length, &subject));
        while let Some(member) = members.next()? {
            if !contents.add(&member)? {
                let span = Span {
                    start: members.position(),
                    length: member.size,
                };
                contents.add_file(member.name, span);
            }
        }
        Ok(TarFile {
            file,
            subject,
            length,
            contents,
        })
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
        Ok(self.contents.file(name)?.map(|span| {
            let reader = SpanReader {
                file: &self.file,
                at: span.start,
                left: span.length,
            };
            (Box::new(reader) as Box<dyn Read>, span.length)
        }))
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
