//! The folder of a sandbox: who uses it, and how it is emptied.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::Path;

use crate::error::Error;

/// Is locked by whoever gives the folder its identity, and shared by all who serve it.
pub(crate) const LOCK: &str = ".lock";

/// What a sandbox makes in its folder, besides the volumes of its blocks.
const FILES: [&str; 8] = [
    "cluster.json",
    "cluster.db",
    "cluster.db-wal",
    "cluster.db-shm",
    "ca.pem",
    "server.pem",
    "server-key.pem",
    LOCK,
];

/// Says, as long as it is kept, that the folder is in use.
pub(crate) fn hold(dir: &Path) -> Result<File, Error> {
    let path = dir.join(LOCK);
    let held = File::create(&path).and_then(|file| file.lock_shared().map(|()| file));
    held.map_err(|source| Error::File { path, source })
}

/// Removes the data of a sandbox, and its folder unless something else is in it. Blocks.
///
/// # Errors
///
/// If the folder holds no sandbox, a sandbox in it is running, or something cannot be removed.
pub fn reset(dir: &Path) -> Result<(), Error> {
    let failed = |path: &Path, source| Error::File {
        path: path.to_owned(),
        source,
    };
    if !dir.join(FILES[0]).is_file() {
        return Err(Error::NoSandbox(dir.to_owned()));
    }
    let path = dir.join(LOCK);
    let lock = File::create(&path).map_err(|error| failed(&path, error))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(Error::InUse(dir.to_owned())),
        Err(TryLockError::Error(error)) => return Err(failed(&path, error)),
    }
    for entry in fs::read_dir(dir).map_err(|error| failed(dir, error))? {
        let entry = entry.map_err(|error| failed(dir, error))?;
        let (path, name) = (entry.path(), entry.file_name());
        let is_volume = name.to_str().is_some_and(is_volume);
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let removed = if is_volume && is_folder {
            fs::remove_dir_all(&path)
        } else if FILES.iter().any(|file| *file == name) {
            fs::remove_file(&path)
        } else {
            continue;
        };
        removed.map_err(|error| failed(&path, error))?;
    }
    match fs::remove_dir(dir) {
        Err(error) if error.kind() != ErrorKind::DirectoryNotEmpty => Err(failed(dir, error)),
        _ => Ok(()),
    }
}

/// Tells whether a folder of that name has blocks: `blocks`, `blocks-2` and so on.
fn is_volume(name: &str) -> bool {
    let number = name
        .strip_prefix("blocks")
        .map(|rest| rest.strip_prefix('-').unwrap_or(rest));
    number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
}
