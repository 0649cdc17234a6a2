//! The folder for what outlives a run: locks, what interrupted uploads have sent, and the archives
//! that the Python program left.
//!
//! It is `docker` below the base directory of Arvados' caches, the one that the Python program
//! uses too, so that both see each other's locks.

mod inventory;
mod place;
mod slot;

use std::fs::{DirBuilder, File};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt as _};
use keepdocker_terms::digest::Digest;
use keepdocker_terms::image_id;

use crate::harmless::excerpt;

pub(crate) use inventory::{Cleaning, Entry, Kind};
pub(crate) use place::Place;
pub(crate) use slot::{Begun, Slot};

/// The name of the journal of an upload from a stream, whose image is not known from the start.
const STREAM: &str = "stream";

/// The name of the file with what this machine knows of layers.
pub(crate) const RECORD: &str = "layers.record";

/// The cache folder, open.
#[derive(Debug)]
pub(crate) struct Cache {
    folder: Dir,
    path: PathBuf,
}

/// Why the cache cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// There is not even a home directory to put the cache in.
    #[error("there is no place for the cache; name one with CACHE_DIRECTORY or XDG_CACHE_HOME")]
    Nowhere,
    /// The folder is not there and cannot be made, or cannot be written to.
    #[error(
        "cannot use the cache folder `{}`: {source}; make it writable, or name another place with CACHE_DIRECTORY or XDG_CACHE_HOME",
        .path.display()
    )]
    Unusable {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file in it cannot be used.
    #[error("cannot {action} `{}`: {source}", .path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A text that is no image ID, and so must not become a file's name.
    #[error("`{0}` is not an image ID")]
    NotAnId(String),
}

impl Cache {
    /// Opens the folder below `base`, making both if need be, for their owner alone.
    ///
    /// # Errors
    /// If that cannot be done, or nothing can be written there.
    pub(crate) fn open(base: &Path) -> Result<Self, Error> {
        let path = folder(base);
        let unusable = |source| Error::Unusable {
            path: path.clone(),
            source,
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path)
            .map_err(unusable)?;
        let folder = Dir::open_ambient_dir(&path, ambient_authority()).map_err(unusable)?;
        // Permissions do not tell everything: the file system may be full or read-only.
        tempfile::tempfile_in(&path).map_err(unusable)?;
        Ok(Cache { folder, path })
    }

    /// Returns the folder's path, for temporary files and for messages.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the complete archive that the Python program left of this image, or none.
    ///
    /// It is complete if the `.stat` file beside it, written after it, has its time and size.
    ///
    /// # Errors
    /// If `image` is no image ID, or the files are there and cannot be read.
    pub(crate) fn archive(&self, image: &str) -> Result<Option<File>, Error> {
        let name = archive_name(image)?;
        let Some(recorded) = self.recorded(&format!("{name}.stat"))? else {
            return Ok(None);
        };
        let failed = |source| self.failed("read", &name, source);
        let file = match self.folder.open(&name) {
            Ok(file) => file.into_std(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let metadata = file.metadata().map_err(failed)?;
        let is_complete = metadata.is_file()
            && recorded
                == Recorded {
                    size: metadata.len(),
                    modified: metadata.mtime(),
                };
        Ok(is_complete.then_some(file))
    }

    /// Removes what an earlier run left of this image. Nothing there is not an error.
    ///
    /// # Errors
    /// If `image` is no image ID, or the files are there and cannot be removed.
    pub(crate) fn forget(&self, image: &str) -> Result<(), Error> {
        let name = archive_name(image)?;
        // The proof goes first: an archive without it counts for nothing.
        for name in [format!("{name}.stat"), name, format!("{image}.journal")] {
            match self.folder.remove_file(&name) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(self.failed("remove", &name, error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Opens the file on which the lock of this image lies, making it if need be.
    pub(crate) fn lock_file(&self, image: &str) -> Result<(File, PathBuf), Error> {
        let name = format!("{}.lock", archive_name(image)?);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).mode(0o600);
        match self.folder.open_with(&name, &options) {
            Ok(file) => Ok((file.into_std(), self.path.join(name))),
            Err(error) => Err(self.failed("open", &name, error)),
        }
    }

    /// Returns the place of the journal of this image's upload, or of one from a stream.
    pub(crate) fn journal(&self, image: Option<&str>) -> Result<Slot, Error> {
        let name = journal_name(image)?;
        match self.folder.try_clone() {
            Ok(folder) => Ok(Slot {
                path: self.path.join(&name),
                folder,
                name,
            }),
            Err(error) => Err(self.failed("open", &name, error)),
        }
    }

    /// Opens the file with what this machine knows of layers, to read it and to add to it; makes it if need be, for its
    /// owner alone.
    pub(crate) fn record_to_write(&self) -> Result<File, Error> {
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true).mode(0o600);
        match self.folder.open_with(RECORD, &options) {
            Ok(file) => Ok(file.into_std()),
            Err(error) => Err(self.failed("open", RECORD, error)),
        }
    }

    /// Opens the same to read it, if it is there.
    pub(crate) fn record(&self) -> Result<Option<File>, Error> {
        match self.folder.open(RECORD) {
            Ok(file) => Ok(Some(file.into_std())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed("read", RECORD, error)),
        }
    }

    /// Gives the journal of an upload from a stream to the image that came out of it.
    pub(crate) fn attribute_stream(&self, image: &str) -> Result<(), Error> {
        let (from, to) = (journal_name(None)?, journal_name(Some(image))?);
        match self.folder.rename(&from, &self.folder, &to) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(self.failed("rename", &from, error))
            }
            _ => Ok(()),
        }
    }

    /// Reads what the Python program recorded of an archive; none if it is not what it writes.
    fn recorded(&self, name: &str) -> Result<Option<Recorded>, Error> {
        /// More than ten numbers need.
        const LONGEST: u64 = 4096;
        let mut text = String::new();
        match self.folder.open(name) {
            Ok(file) => file
                .take(LONGEST)
                .read_to_string(&mut text)
                .map_err(|source| self.failed("read", name, source))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.failed("read", name, error)),
        };
        // The order of fields is that of Python's `os.stat`: size is the seventh, the time of
        // the last change the ninth.
        let fields: Option<Vec<i64>> = serde_json::from_str(&text).ok();
        Ok(fields.and_then(|fields| {
            Some(Recorded {
                size: u64::try_from(*fields.get(6)?).ok()?,
                modified: *fields.get(8)?,
            })
        }))
    }

    fn failed(&self, action: &'static str, name: &str, source: io::Error) -> Error {
        Error::File {
            action,
            path: self.path.join(name),
            source,
        }
    }
}

/// Returns the cache's folder below the base of all caches.
fn folder(base: &Path) -> PathBuf {
    base.join("docker")
}

/// What tells a complete archive from one that was cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Recorded {
    size: u64,
    /// Whole seconds.
    modified: i64,
}

/// Returns the name of the journal of an image's upload, or of one from a stream.
fn journal_name(image: Option<&str>) -> Result<String, Error> {
    let stem = match image {
        Some(image) => archive_name(image).map(|_| image)?,
        None => STREAM,
    };
    Ok(format!("{stem}.journal"))
}

/// Returns the name of an image's archive, the same that the Python program gives it.
fn archive_name(image: &str) -> Result<String, Error> {
    if Digest::from_hex(image_id::bare(image)).is_some() {
        return Ok(image_id::file_name(image));
    }
    Err(Error::NotAnId(excerpt(image, 80)))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const IMAGE: &str = "sha256:70a7460c1d522af75cbf6d47be2622f63fc1bc7b517e1fe5870bee89a55dc372";

    #[test]
    fn the_folder_is_made_for_its_owner_alone() {
        let base = tempfile::tempdir().unwrap();
        let cache = Cache::open(&base.path().join("a/b")).unwrap();
        assert_eq!(cache.path(), base.path().join("a/b/docker"));
        for folder in ["a", "a/b", "a/b/docker"] {
            let mode = fs::metadata(base.path().join(folder))
                .unwrap()
                .permissions();
            assert_eq!(mode.mode() & 0o777, 0o700, "{folder}");
        }
        assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_place_that_cannot_be_used_is_explained() {
        let base = tempfile::tempdir().unwrap();
        fs::write(base.path().join("docker"), "").unwrap();
        let error = Cache::open(base.path()).unwrap_err().to_string();
        assert!(error.contains("docker`"), "{error}");
        assert!(error.contains("CACHE_DIRECTORY"), "{error}");
    }

    #[test]
    fn only_a_complete_archive_is_used() {
        let base = tempfile::tempdir().unwrap();
        let cache = Cache::open(base.path()).unwrap();
        assert!(cache.archive(IMAGE).unwrap().is_none());

        let file = cache.path().join(format!("{IMAGE}.tar"));
        let stat = cache.path().join(format!("{IMAGE}.tar.stat"));
        fs::write(&file, "archive").unwrap();
        assert!(cache.archive(IMAGE).unwrap().is_none());

        let mtime = fs::metadata(&file).unwrap().mtime();
        for (text, is_complete) in [
            (format!("[33188, 1, 2, 1, 0, 0, 7, 0, {mtime}, 0]"), true),
            (format!("[33188, 1, 2, 1, 0, 0, 8, 0, {mtime}, 0]"), false),
            (
                format!("[33188, 1, 2, 1, 0, 0, 7, 0, {}, 0]", mtime + 1),
                false,
            ),
            ("[1, 2]".to_owned(), false),
            ("{}".to_owned(), false),
            (String::new(), false),
        ] {
            fs::write(&stat, &text).unwrap();
            assert_eq!(
                cache.archive(IMAGE).unwrap().is_some(),
                is_complete,
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_forgotten_is_gone_and_the_lock_stays() {
        let base = tempfile::tempdir().unwrap();
        let cache = Cache::open(base.path()).unwrap();
        cache.forget(IMAGE).unwrap();
        for end in ["tar", "tar.stat", "journal", "tar.lock"] {
            fs::write(cache.path().join(format!("{IMAGE}.{end}")), "").unwrap();
        }
        cache.forget(IMAGE).unwrap();
        let left: Vec<_> = fs::read_dir(cache.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left, [format!("{IMAGE}.tar.lock").as_str()]);
    }

    #[test]
    fn only_an_id_becomes_a_file_name() {
        let base = tempfile::tempdir().unwrap();
        let cache = Cache::open(base.path()).unwrap();
        let digits = &IMAGE["sha256:".len()..];
        assert_eq!(archive_name(digits).unwrap(), format!("{digits}.tar"));
        for wrong in [
            "",
            "../x",
            "sha256:",
            "<unknown>",
            &IMAGE.to_uppercase(),
            &IMAGE[..70],
        ] {
            assert!(matches!(cache.archive(wrong), Err(Error::NotAnId(_))));
            assert!(matches!(cache.forget(wrong), Err(Error::NotAnId(_))));
            assert!(matches!(cache.lock_file(wrong), Err(Error::NotAnId(_))));
        }
    }

    #[test]
    fn links_do_not_lead_out_of_the_cache() {
        let base = tempfile::tempdir().unwrap();
        let cache = Cache::open(base.path()).unwrap();
        let outside = base.path().join("outside");
        fs::write(&outside, "[0,0,0,0,0,0,0,0,0,0]").unwrap();
        let stat = cache.path().join(format!("{IMAGE}.tar.stat"));
        std::os::unix::fs::symlink(&outside, stat).unwrap();
        assert!(cache.archive(IMAGE).is_err());
    }
}
