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

    /// Makes the file with these bytes in it, for its owner alone: whole or not at all, where the system can.
    ///
    /// # Errors
    /// If it is there by now, or cannot be made.
    pub(crate) fn begin(&self, bytes: &[u8]) -> io::Result<File> {
        let folder = nameless::path(&self.folder);
        let mut options = OpenOptions::new();
        options.append(true).mode(0o600);
        if let Some(mut file) = nameless::create(&folder, &mut options) {
            file.set_permissions(Permissions::from_mode(0o600))?;
            file.write_all(bytes)?;
            match nameless::name(&file, &folder.join(&self.name)) {
                Ok(()) => return Ok(file),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
                // A file system that names nothing afterwards.
                Err(_) => {}
            }
        }
        let mut options = cap_std::fs::OpenOptions::new();
        options.append(true).create_new(true).mode(0o600);
        let mut file = self.folder.open_with(&self.name, &options)?.into_std();
        file.write_all(bytes)?;
        Ok(file)
    }

    /// Takes the file away; nothing there is no matter.
    pub(crate) fn clear(&self) {
        let _ = self.folder.remove_file(&self.name);
    }
}
