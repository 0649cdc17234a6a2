//! Files with policies: what counts as none, and what stops the program.
//!
//! A policy that cannot be read must not pass for none, and whoever waits for one must not wait for
//! ever. So a file is absent only if nothing at all stands in its place, and is opened only if it is
//! an ordinary file.

use std::fs::{self, File, FileType, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::error::Error;

/// Larger files are no policies.
const MAX_SIZE: u64 = 1 << 20;

/// What accounts without a home directory have for one; nothing can be below it.
const NOTHING: &str = "/dev/null";

/// A file that was read whole.
#[derive(Debug)]
pub(super) struct PolicyFile {
    /// Its path, as it was named.
    pub(super) path: PathBuf,
    /// What it says.
    pub(super) text: String,
    /// Who owns the file that was read, and who can change it.
    pub(super) metadata: Metadata,
}

impl PolicyFile {
    /// Reads a file that need not be there.
    pub(super) fn find(path: &Path) -> Result<Option<Self>, Error> {
        match fs::symlink_metadata(path) {
            Ok(_) => Self::open(path).map(Some),
            Err(error) if is_absence(&error) => {
                check_absence(path).map_err(|reason| unreadable(path, reason))?;
                Ok(None)
            }
            Err(error) => Err(unreadable(path, error.to_string())),
        }
    }

    /// Reads a file that must be there.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let (text, metadata) = read(path).map_err(|reason| unreadable(path, reason))?;
        Ok(Self {
            path: path.to_owned(),
            text,
            metadata,
        })
    }
}

fn unreadable(path: &Path, reason: String) -> Error {
    Error::Unreadable {
        file: path.to_owned(),
        reason,
    }
}

/// Tells whether a path leads nowhere. Below what is no folder there is nothing, either.
fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// Makes sure that there is no file because nobody put one there: the nearest thing above it is a
/// folder that can be looked into. A link that leads nowhere, as to a share that is not mounted, or
/// a file where a folder should be hides a policy that is meant to hold.
fn check_absence(path: &Path) -> Result<(), String> {
    for above in path.ancestors().skip(1) {
        if above == Path::new(NOTHING) {
            return Ok(());
        }
        let above = if above.as_os_str().is_empty() {
            Path::new(".")
        } else {
            above
        };
        match fs::symlink_metadata(above) {
            Err(error) if is_absence(&error) => {}
            Err(error) => return Err(format!("{}: {error}", above.display())),
            Ok(_) => {
                let there = follow(above)?;
                return if there.is_dir() {
                    Ok(())
                } else {
                    Err(format!("{} is not a folder", above.display()))
                };
            }
        }
    }
    Ok(())
}

/// Returns what is at the end of a path; `path` itself is there.
fn follow(path: &Path) -> Result<Metadata, String> {
    fs::metadata(path).map_err(|error| match fs::read_link(path) {
        Ok(target) if is_absence(&error) => format!(
            "{} is a link to {}, which is not there",
            path.display(),
            target.display()
        ),
        _ => error.to_string(),
    })
}

fn read(path: &Path) -> Result<(String, Metadata), String> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err("there is no such file".to_owned());
        }
        Err(error) => return Err(error.to_string()),
        Ok(_) => {}
    }
    // Opening a pipe waits, and opening a device can do anything.
    check_kind(follow(path)?.file_type())?;
    let file = open_without_waiting(path).map_err(|error| error.to_string())?;
    let metadata = file.metadata().map_err(|error| error.to_string())?;
    check_kind(metadata.file_type())?;
    let mut text = String::new();
    let length = file
        .take(MAX_SIZE + 1)
        .read_to_string(&mut text)
        .map_err(|error| error.to_string())?;
    if length as u64 > MAX_SIZE {
        return Err(format!("it is larger than {} KiB", MAX_SIZE >> 10));
    }
    Ok((text, metadata))
}

fn open_without_waiting(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)
}

fn check_kind(kind: FileType) -> Result<(), String> {
    let what = if kind.is_file() {
        return Ok(());
    } else if kind.is_dir() {
        "a folder"
    } else if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    };
    Err(format!("it is {what}, not a file"))
}
