//! A file that is there only once it is complete.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

use keepdocker_nameless as nameless;
use tempfile::{NamedTempFile, TempPath};

use crate::harmless;

/// Of the rights that a new file would have, the user's mask takes some.
const MODE: u32 = 0o666;
/// More links than this lead in a circle, as the system has it.
const MOST_LINKS: usize = 40;

/// Why a file was not written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {subject}: {source}")]
pub(crate) struct Error {
    /// Its path, for people.
    pub subject: String,
    /// What the system said.
    pub source: io::Error,
}

/// A file under construction. Dropping it leaves what was there before.
#[derive(Debug)]
pub(crate) struct NewFile {
    file: File,
    path: PathBuf,
    place: Place,
}

/// Where the bytes are until the file is complete.
#[derive(Debug)]
enum Place {
    /// In a file of the folder that has no name: whatever ends the program, nothing is left.
    Nameless,
    /// In a file of another name, where the file system has no nameless ones.
    Named(TempPath),
    /// In the pipe or device itself, which is written as it is.
    Itself,
}

impl NewFile {
    /// Begins a file that is to be called `path`.
    ///
    /// # Errors
    /// If its folder is not there or takes no files.
    pub(crate) fn create(path: &Path) -> Result<Self, Error> {
        Self::open(path).map_err(|error| failed(path, error))
    }

    fn open(path: &Path) -> io::Result<Self> {
        // A link stays a link: what it leads to is replaced, or made.
        let path = followed(path)?;
        let former = match path.metadata() {
            Ok(metadata) if metadata.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            Ok(metadata) if !metadata.is_file() => {
                return Ok(Self {
                    file: OpenOptions::new().write(true).open(&path)?,
                    path,
                    place: Place::Itself,
                });
            }
            Ok(metadata) => {
                // What may not be written is not replaced either.
                OpenOptions::new().write(true).open(&path)?;
                Some(metadata)
            }
            Err(_) => None,
        };
        let (file, place) = begun(folder_of(&path))?;
        if let Some(former) = former {
            // Whoever could read or write the former file can the new one; only root may give it away.
            let (owner, group) = (Some(former.uid()), Some(former.gid()));
            let _ = fchown(&file, owner, group).or_else(|_| fchown(&file, None, group));
            // What comes from outside runs with nobody else's rights.
            file.set_permissions(Permissions::from_mode(former.mode() & 0o777))?;
        }
        Ok(Self { file, path, place })
    }

    /// Returns a handle to write by.
    ///
    /// # Errors
    /// If the system has no more handles.
    pub(crate) fn writer(&self) -> Result<File, Error> {
        self.file
            .try_clone()
            .map_err(|error| failed(&self.path, error))
    }

    /// Returns what error texts call it.
    pub(crate) fn subject(&self) -> String {
        self.path.display().to_string()
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// If the name cannot be taken.
    pub(crate) fn finish(self) -> Result<(), Error> {
        let path = self.path.clone();
        self.name().map_err(|error| failed(&path, error))
    }

    fn name(self) -> io::Result<()> {
        match self.place {
            Place::Itself => Ok(()),
            Place::Named(name) => name.persist(&self.path).map_err(|error| error.error),
            Place::Nameless => name(&self.file, &self.path),
        }
    }
}

/// Writes a file, in the place of whatever is called so: whole or not at all.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let file = NewFile::open(path).map_err(bare)?;
    (&file.file).write_all(bytes)?;
    file.name()
}

/// Writes a file that is not there yet, for its owner alone: whole or not at all.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let is_there = || io::Error::from_raw_os_error(libc::EEXIST);
    if path.symlink_metadata().is_ok() {
        return Err(is_there());
    }
    let folder = folder_of(path);
    let (file, place) = begun(folder).map_err(bare)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    (&file).write_all(bytes)?;
    let name = match place {
        Place::Named(name) => name,
        _ => match nameless::name(&file, path) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(is_there()),
            // A file system that names nothing afterwards.
            Err(_) => copy(&file, folder)?.into_temp_path(),
        },
    };
    name.persist_noclobber(path)
        .map_err(|error| bare(error.error))
}

/// Returns the path of what links lead to, which need not be there.
fn followed(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        match path.read_link() {
            Ok(target) => path = folder_of(&path).join(target),
            // It is no link, or not there.
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("its links lead in a circle"))
}

/// Begins a file in a folder: without a name, where that can be.
fn begun(folder: &Path) -> io::Result<(File, Place)> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(MODE);
    if let Some(file) = nameless::create(folder, &mut options) {
        return Ok((file, Place::Nameless));
    }
    let named = names().tempfile_in(folder);
    let (file, name) = named
        .map_err(|error| match error.kind() {
            io::ErrorKind::PermissionDenied => {
                io::Error::other("its folder takes no new files (permission denied)")
            }
            _ => error,
        })?
        .into_parts();
    Ok((file, Place::Named(name)))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// How files are called that are not complete.
fn names() -> tempfile::Builder<'static, 'static> {
    let mut names = tempfile::Builder::new();
    names
        .prefix(".keepdocker-")
        .suffix(".part")
        .permissions(Permissions::from_mode(MODE));
    names
}

/// Gives a nameless file its name, in the place of whatever is called so.
fn name(file: &File, path: &Path) -> io::Result<()> {
    if nameless::name(file, path).is_ok() {
        return Ok(());
    }
    // The name is taken: only a file that has one can take its place.
    let linked = names().make_in(folder_of(path), |name| nameless::name(file, name));
    let name = match linked {
        Ok(linked) => linked.into_temp_path(),
        // A file system that names nothing afterwards.
        Err(_) => copy(file, folder_of(path))?.into_temp_path(),
    };
    name.persist(path).map_err(|error| error.error)
}

fn copy(file: &File, folder: &Path) -> io::Result<NamedTempFile> {
    let mut copy = names().tempfile_in(folder)?;
    let mut file = File::open(nameless::path(file))?;
    io::copy(&mut file, copy.as_file_mut())?;
    Ok(copy)
}

fn failed(path: &Path, source: io::Error) -> Error {
    Error {
        subject: harmless::escape(&path.display().to_string()).into_owned(),
        source: bare(source),
    }
}

/// Returns what is wrong without the library's own words, which name a file that nobody has heard of.
fn bare(error: io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(_) => error,
        None if error.kind() == io::ErrorKind::NotFound => {
            io::Error::new(error.kind(), "its folder is not there")
        }
        None if error.kind() == io::ErrorKind::Other => error,
        None => error.kind().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names_in(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn the_name_is_taken_at_the_end_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image.tar");
        std::fs::write(&path, "former").unwrap();
        let file = NewFile::create(&path).unwrap();
        file.writer().unwrap().write_all(b"whole").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"former");
        file.finish().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"whole");
        assert_eq!(names_in(folder.path()), ["image.tar"]);
    }

    #[test]
    fn a_new_file_is_for_its_owner_and_takes_nobodys_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan.json");
        write_new(&path, b"text").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"text");
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
        let error = write_new(&path, b"other").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&path).unwrap(), b"text");
        write(&path, b"other").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"other");
        assert_eq!(names_in(folder.path()), ["plan.json"]);
    }

    /// A program that is killed cannot clean up, so that there must be nothing to be cleaned up.
    #[test]
    fn what_is_not_complete_has_no_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = NewFile::create(&folder.path().join("image.tar")).unwrap();
        file.writer().unwrap().write_all(b"half").unwrap();
        assert!(names_in(folder.path()).is_empty());
        drop(file);
        assert!(names_in(folder.path()).is_empty());
    }

    #[test]
    fn where_no_file_is_named_afterwards_it_is_copied() {
        let folder = tempfile::tempdir().unwrap();
        let mut options = OpenOptions::new();
        let file = nameless::create(folder.path(), options.write(true)).unwrap();
        (&file).write_all(b"whole").unwrap();
        let copied = copy(&file, folder.path()).unwrap();
        assert_eq!(std::fs::read(copied.path()).unwrap(), b"whole");
        drop(copied);
        assert!(names_in(folder.path()).is_empty());
    }

    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (link, path) = (folder.path().join("link"), folder.path().join("image.tar"));
        std::fs::write(&path, "former").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        NewFile::create(&link).unwrap().finish().unwrap();
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(std::fs::read(&path).unwrap(), b"");
    }

    #[test]
    fn a_link_to_nothing_yet_stays_one_too() {
        let folder = tempfile::tempdir().unwrap();
        let (link, path) = (folder.path().join("link"), folder.path().join("image.tar"));
        std::os::unix::fs::symlink("image.tar", &link).unwrap();
        NewFile::create(&link).unwrap().finish().unwrap();
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(std::fs::read(&path).unwrap(), b"");
        std::os::unix::fs::symlink("round", folder.path().join("round")).unwrap();
        let round = NewFile::create(&folder.path().join("round")).unwrap_err();
        assert!(round.to_string().contains("in a circle"), "{round}");
    }

    #[test]
    fn a_file_has_the_rights_of_the_former_or_those_that_the_mask_leaves() {
        let folder = tempfile::tempdir().unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        let new = folder.path().join("new.tar");
        NewFile::create(&new).unwrap().finish().unwrap();
        let usual = folder.path().join("usual");
        std::fs::write(&usual, "").unwrap();
        assert_eq!(mode(&new), mode(&usual));
        for rights in [0o640, 0o604, 0o777] {
            std::fs::set_permissions(&new, Permissions::from_mode(rights)).unwrap();
            NewFile::create(&new).unwrap().finish().unwrap();
            assert_eq!(mode(&new), rights);
        }
        std::fs::set_permissions(&new, Permissions::from_mode(0o4755)).unwrap();
        NewFile::create(&new).unwrap().finish().unwrap();
        let rights = new.metadata().unwrap().permissions().mode() & 0o7777;
        assert_eq!(rights, 0o755, "nothing runs as its owner");
    }

    #[test]
    fn devices_are_written_and_folders_refused() {
        let file = NewFile::create(Path::new("/dev/null")).unwrap();
        file.writer().unwrap().write_all(b"gone").unwrap();
        file.finish().unwrap();
        let folder = tempfile::tempdir().unwrap();
        assert!(NewFile::create(folder.path()).is_err());
        let missing = NewFile::create(&folder.path().join("none/image.tar"));
        let text = missing.unwrap_err().to_string();
        assert!(
            !text.contains(".part") && text.contains("none/image.tar"),
            "{text}"
        );
    }
}
