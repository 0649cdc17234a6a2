//! The place of a file that is there once something is in it.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::PathBuf;

use cap_std::fs::{Dir, OpenOptionsExt as _};
use keepdocker_nameless as nameless;

/// The place of a file in the cache's folder.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(super) folder: Dir,
    pub(super) name: String,
    /// For messages.
    pub(super) path: PathBuf,
}

/// A file that was begun, and has nothing in it.
#[derive(Debug)]
pub(crate) struct Begun {
    /// The file.
    pub(crate) file: File,
    is_named: bool,
}

impl Slot {
    /// Opens the file to add to it; none if there is none.
    ///
    /// # Errors
    /// If it is there and cannot be opened.
    pub(crate) fn open(&self) -> Result<Option<File>, super::Error> {
        let mut options = cap_std::fs::OpenOptions::new();
        match self.folder.open_with(&self.name, options.append(true)) {
            Ok(file) => Ok(Some(file.into_std())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(super::Error::File {
                action: "open",
                path: self.path.clone(),
                source,
            }),
        }
    }

    /// Begins the file, for its owner alone. It has no name before something is in it, where the system has such files.
    ///
    /// # Errors
    /// If it is there by now, or cannot be made.
    pub(crate) fn begin(&self) -> io::Result<Begun> {
        let mut options = OpenOptions::new();
        options.append(true).mode(0o600);
        if let Some(file) = nameless::create(&nameless::path(&self.folder), &mut options) {
            file.set_permissions(Permissions::from_mode(0o600))?;
            return Ok(Begun {
                file,
                is_named: false,
            });
        }
        let file = self.create()?;
        Ok(Begun {
            file,
            is_named: true,
        })
    }

    /// Writes the first bytes to a file that was begun, and gives it its name.
    ///
    /// # Errors
    /// If that cannot be done, or something else has the name by now.
    pub(crate) fn write_first(&self, begun: Begun, bytes: &[u8]) -> io::Result<File> {
        let Begun { mut file, is_named } = begun;
        file.write_all(bytes)?;
        if is_named {
            return Ok(file);
        }
        match nameless::name(&file, &nameless::path(&self.folder).join(&self.name)) {
            Ok(()) => Ok(file),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
            // A file system that names nothing afterwards.
            Err(_) => {
                let mut file = self.create()?;
                file.write_all(bytes)?;
                Ok(file)
            }
        }
    }

    /// Leaves nothing of a file that was begun.
    pub(crate) fn give_up(&self, begun: &Begun) {
        if begun.is_named {
            self.clear();
        }
    }

    fn create(&self) -> io::Result<File> {
        let mut options = cap_std::fs::OpenOptions::new();
        options.append(true).create_new(true).mode(0o600);
        Ok(self.folder.open_with(&self.name, &options)?.into_std())
    }

    /// Takes the file away; nothing there is no matter.
    pub(crate) fn clear(&self) {
        let _ = self.folder.remove_file(&self.name);
    }
}
