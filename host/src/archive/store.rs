//! Archives in which any member can be read at any time: a tar in a file, a folder.

use std::io::{self, Read};

use cap_std::fs::Dir;

use super::documents::{self, Documents};
use super::error::{Error, Fault};
use super::names;
use super::tar_file::{Data, TarFile};

/// An archive whose members can be read in any order.
pub(crate) enum Store {
    Tar(TarFile),
    Folder(Folder),
}

/// An OCI image layout, or the form `dir:`, in a folder.
pub(crate) struct Folder {
    folder: Dir,
    subject: String,
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
            // The library's own refusal; the system's has a number.
            Err(error)
                if error.kind() == io::ErrorKind::PermissionDenied
                    && error.raw_os_error().is_none() =>
            {
                return Err(Error::member(
                    name,
                    Fault::Refused(
                        "is a link out of the folder, which is not followed; copy the folder with `cp -rL`, and name the copy",
                    ),
                ));
            }
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
            Store::Tar(tar) => tar.subject(),
            Store::Folder(folder) => &folder.subject,
        }
    }

    /// Puts the fault of the whole archive in the place of one that only follows from it.
    pub(crate) fn refine(&self, error: Error) -> Error {
        match self {
            Store::Tar(tar) => tar.shape().refine(error),
            Store::Folder(_) => error,
        }
    }

    /// Returns the number of bytes of the archive, where it is one file.
    pub(crate) fn length(&self) -> Option<u64> {
        match self {
            Store::Tar(tar) => Some(tar.length()),
            Store::Folder(_) => None,
        }
    }

    /// Returns a reader of the member's data and their length, or none if there is no such
    /// member.
    pub(crate) fn open(&self, name: &str) -> Result<Option<Data<'_>>, Error> {
        match self {
            Store::Tar(tar) => tar.open_member(name),
            Store::Folder(folder) => Ok(folder
                .open(name)?
                .map(|(file, length)| (Box::new(file) as Box<dyn Read>, length))),
        }
    }
}

impl Documents for &Store {
    fn document(&mut self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        match self.open(name)? {
            None => Ok(None),
            Some(data) => documents::read(name, data, self.subject()).map(Some),
        }
    }
}
