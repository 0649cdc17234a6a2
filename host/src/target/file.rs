//! A file that is there only once it is complete.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use super::Error;

/// A file under construction. Dropping it leaves what was there before.
#[derive(Debug)]
pub struct NewFile {
    file: File,
    path: PathBuf,
    /// What it is called until it is complete; none for a pipe or device, which is written as it is.
    name: Option<TempPath>,
}

impl NewFile {
    /// Begins a file that is to be called `path`.
    ///
    /// # Errors
    /// If its folder is not there or takes no files.
    pub(super) fn create(path: &Path) -> Result<Self, Error> {
        Self::open(path).map_err(|error| failed(path, error))
    }

    fn open(path: &Path) -> io::Result<Self> {
        match path.metadata() {
            Ok(metadata) if metadata.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            Ok(metadata) if !metadata.is_file() => {
                return Ok(Self {
                    file: OpenOptions::new().write(true).open(path)?,
                    path: path.to_owned(),
                    name: None,
                });
            }
            _ => {}
        }
        // A link stays a link: what it leads to is replaced.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let (file, name) = tempfile::Builder::new()
            .prefix(".keepdocker-")
            .suffix(".part")
            .tempfile_in(folder)?
            .into_parts();
        Ok(Self {
            file,
            path,
            name: Some(name),
        })
    }

    /// Returns a handle to write by.
    ///
    /// # Errors
    /// If the system has no more handles.
    pub(super) fn writer(&self) -> Result<File, Error> {
        self.file
            .try_clone()
            .map_err(|error| failed(&self.path, error))
    }

    /// Returns what error texts call it.
    pub(super) fn subject(&self) -> String {
        self.path.display().to_string()
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// If the name cannot be taken.
    pub fn finish(self) -> Result<(), Error> {
        match self.name {
            Some(name) => name
                .persist(&self.path)
                .map_err(|error| failed(&self.path, error.error)),
            None => Ok(()),
        }
    }
}

fn failed(path: &Path, source: io::Error) -> Error {
    Error::Write {
        subject: path.display().to_string(),
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
        None => error.kind().into(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
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
        assert_eq!(names(folder.path()), ["image.tar"]);
    }

    #[test]
    fn what_is_given_up_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = NewFile::create(&folder.path().join("image.tar")).unwrap();
        file.writer().unwrap().write_all(b"half").unwrap();
        drop(file);
        assert!(names(folder.path()).is_empty());
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
