//! A block set aside in a file.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use crate::error::Error;

/// Keeps one block at a time in a file without a name, which no crash leaves behind.
pub(crate) struct Aside {
    folder: PathBuf,
    state: State,
}

enum State {
    /// No file was needed yet.
    Unused,
    /// The file, and the length of what it holds. What comes next is written over it.
    Open(File, u64),
    /// There is no place for a file, or it is full.
    Failed,
}

impl Aside {
    /// Would make its file in `folder`.
    pub(crate) fn new(folder: &Path) -> Self {
        Aside {
            folder: folder.to_owned(),
            state: State::Unused,
        }
    }

    /// Writes a block in the place of the one before.
    ///
    /// # Errors
    /// If there is no room for it. It is not tried again then.
    pub(crate) fn write(&mut self, block: &[u8]) -> io::Result<()> {
        let file = match std::mem::replace(&mut self.state, State::Failed) {
            State::Unused => tempfile::tempfile_in(&self.folder),
            State::Open(file, _) => Ok(file),
            State::Failed => Err(io::ErrorKind::StorageFull.into()),
        };
        let mut file = file?;
        file.rewind()?;
        file.write_all(block)?;
        self.state = State::Open(file, block.len() as u64);
        Ok(())
    }

    /// Adds the block that was written to `buffer`.
    ///
    /// # Errors
    /// If it cannot be read whole.
    pub(crate) fn read(&mut self, buffer: &mut Vec<u8>) -> Result<(), Error> {
        let read = match &mut self.state {
            State::Open(file, length) => read(file, *length, buffer),
            State::Unused | State::Failed => Err(io::ErrorKind::NotFound.into()),
        };
        read.map_err(|source| Error::Io {
            action: "read",
            subject: format!(
                "the temporary file for a block in `{}`",
                self.folder.display()
            ),
            source,
        })
    }
}

fn read(file: &mut File, length: u64, buffer: &mut Vec<u8>) -> io::Result<()> {
    file.rewind()?;
    if file.take(length).read_to_end(buffer)? as u64 != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_there_is_tried_once() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing");
        let mut aside = Aside::new(&missing);
        assert!(aside.write(b"block").is_err());
        std::fs::create_dir(&missing).unwrap();
        assert!(aside.write(b"block").is_err());
        let error = aside.read(&mut Vec::new()).unwrap_err().to_string();
        assert!(error.contains("missing`"), "{error}");
    }
}
