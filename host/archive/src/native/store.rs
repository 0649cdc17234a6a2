//! Archives in which any member can be read at any time: a tar in a file, a folder.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::Dir;

use crate::documents::{self, Documents};
use crate::error::{Error, Fault};
use crate::length_hint::Ending;
use crate::names;
use crate::tar_file::{Data, TarFile};

use crate::remote::Remote;

/// An archive whose members can be read in any order.
pub(crate) enum Store {
    Tar(TarFile),
    Folder(Folder),
    Remote(Remote),
}

/// An OCI image layout, or the form `dir:`, in a folder.
pub(crate) struct Folder {
    folder: Dir,
    subject: String,
}

impl Folder {
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

    /// Returns the end of a file. What goes wrong shows where it is read from its beginning.
    fn ending(&self, name: &str) -> Option<Ending> {
        let (mut file, _) = self.open(name).ok()??;
        let mut ending = Ending::default();
        file.seek(SeekFrom::End(-(ending.len() as i64))).ok()?;
        file.read_exact(&mut ending).ok()?;
        Some(ending)
    }
}

impl Store {
    /// Takes a tar that was indexed.
    pub(crate) fn tar(tar: TarFile) -> Self {
        Store::Tar(tar)
    }

    /// Takes an image whose layers come from afar.
    pub(crate) fn remote(remote: Remote) -> Self {
        Store::Remote(remote)
    }

    /// Opens an image layout in a folder; `subject` is what error texts call it.
    pub(crate) fn folder(path: &Path, subject: String) -> Result<Self, Error> {
        let folder = Dir::open_ambient_dir(path, ambient_authority())
            .map_err(|error| Error::opening(path, error))?;
        Ok(Store::Folder(Folder { folder, subject }))
    }

    /// Returns the archive's file, at its beginning.
    pub(crate) fn rewound(&self) -> Result<&File, Error> {
        match self {
            Store::Tar(tar) => tar.rewound(),
            Store::Folder(_) => Err(Error::Unsupported(
                "a folder is not one sequence of bytes, so it cannot be stored as it is; leave out the wish to store it verbatim".into(),
            )),
            Store::Remote(_) => Err(crate::remote::verbatim()),
        }
    }

    /// Returns what error texts call the archive.
    pub(crate) fn subject(&self) -> &str {
        match self {
            Store::Tar(tar) => tar.subject(),
            Store::Folder(folder) => &folder.subject,
            Store::Remote(remote) => &remote.subject,
        }
    }

    /// Puts the fault of the whole archive in the place of one that only follows from it.
    pub(crate) fn refine(&self, error: Error) -> Error {
        match self {
            Store::Tar(tar) => tar.shape().refine(error),
            Store::Folder(_) | Store::Remote(_) => error,
        }
    }

    /// Returns the number of bytes of the archive, where it is one file.
    pub(crate) fn length(&self) -> Option<u64> {
        match self {
            Store::Tar(tar) => Some(tar.length()),
            Store::Folder(_) => None,
            Store::Remote(remote) => Some(remote.layers.length()),
        }
    }

    /// Ends what is on its way from afar, as nobody will read it.
    pub(crate) fn give_up(&self) {
        if let Store::Remote(remote) = self {
            remote.layers.give_up();
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
            Store::Remote(remote) => remote.open(name),
        }
    }
}

impl Store {
    /// Begins to read the end of a member, before its beginning; what is returned may wait for it for a moment. None
    /// where that cannot be.
    pub(crate) fn ending(&self, name: &str) -> Option<Box<dyn FnOnce() -> Option<Ending> + Send>> {
        let ending = match self {
            Store::Tar(tar) => tar.ending(name)?,
            Store::Folder(folder) => folder.ending(name)?,
            Store::Remote(remote) => return remote.ending(name),
        };
        Some(Box::new(move || Some(ending)))
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
