//! Archives in which any member can be read at any time: a tar in a file, a folder.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::os::unix::fs::FileExt as _;

use cap_std::fs::Dir;

use super::contents::Contents;
use super::documents::{Documents, LONGEST};
use super::error::{Error, Fault, SourceFailure, Subject};
use super::members::Members;
use super::names;
use super::source::Seekable;

/// An archive whose members can be read in any order.
pub(crate) enum Store {
    Tar(TarFile),
    Folder(Folder),
}

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

/// An OCI image layout in a folder.
pub(crate) struct Folder {
    folder: Dir,
    subject: String,
}

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
}

impl Folder {
    /// Reads the image layout in `folder`.
    pub(crate) fn new(folder: Dir, subject: String) -> Self {
        Folder { folder, subject }
    }

    fn open(&self, name: &str) -> Result<Option<(cap_std::fs::File, u64)>, Error> {
        let path = names::member(name.as_bytes()).map_err(|fault| Error::member(name, fault))?;
        let failed = |source| Error::Io {
            action: "read",
            subject: format!("{}/{path}", self.subject),
            source,
        };
        let metadata = match self.folder.metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        // To open a pipe would wait for its writer.
        if !metadata.is_file() {
            return Err(Error::member(name, Fault::Refused("is not a file")));
        }
        let file = self.folder.open(&path).map_err(failed)?;
        Ok(Some((file, metadata.len())))
    }
}

impl Store {
    /// Returns what error texts call the archive.
    pub(crate) fn subject(&self) -> &str {
        match self {
            Store::Tar(tar) => &tar.subject,
            Store::Folder(folder) => &folder.subject,
        }
    }

    /// Returns the number of bytes of the archive, where it is one file.
    pub(crate) fn length(&self) -> Option<u64> {
        match self {
            Store::Tar(tar) => Some(tar.length),
            Store::Folder(_) => None,
        }
    }

    /// Returns a reader of the member's data and their length, or none if there is no such
    /// member.
    pub(crate) fn open(&self, name: &str) -> Result<Option<Data<'_>>, Error> {
        match self {
            Store::Tar(tar) => Ok(tar.contents.file(name)?.map(|span| {
                let reader = SpanReader {
                    file: &tar.file,
                    at: span.start,
                    left: span.length,
                };
                (Box::new(reader) as Box<dyn Read>, span.length)
            })),
            Store::Folder(folder) => Ok(folder
                .open(name)?
                .map(|(file, length)| (Box::new(file) as Box<dyn Read>, length))),
        }
    }
}

impl Documents for &Store {
    fn document(&mut self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let Some((reader, length)) = self.open(name)? else {
            return Ok(None);
        };
        let too_long = Error::member(
            name,
            Fault::TooMuch {
                what: "is too long for a JSON document",
                limit: LONGEST,
            },
        );
        if length > LONGEST {
            return Err(too_long);
        }
        let mut bytes = Vec::new();
        reader
            .take(LONGEST + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| {
                let error = SourceFailure::wrap(self.subject(), error);
                Error::reading(Subject::Member(name.to_owned()), error)
            })?;
        if bytes.len() as u64 > LONGEST {
            return Err(too_long);
        }
        Ok(Some(bytes))
    }
}

/// A reader of a member's data, and their length.
pub(crate) type Data<'a> = (Box<dyn Read + 'a>, u64);

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
        let count = self.file.read_at(&mut buffer[..most], self.at)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.at += count as u64;
        self.left -= count as u64;
        Ok(count)
    }
}
