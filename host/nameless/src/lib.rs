//! Files that have no name before something is in them: whatever ends a program, nothing is left that somebody has to clean up.
//!
//! Not every system and file system has them, so that everybody who uses one knows another way, too.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
#[cfg(target_os = "linux")]
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, linkat};

/// Makes a file of a folder that has no name, opened by `options`, which must let it be written; none where the system cannot make
/// one, or not name it later.
#[cfg(target_os = "linux")]
#[must_use]
pub fn create(folder: &Path, options: &mut OpenOptions) -> Option<File> {
    let file = options.custom_flags(libc::O_TMPFILE).open(folder).ok()?;
    path(&file).symlink_metadata().ok()?;
    Some(file)
}

/// Makes none, as the system cannot.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn create(_: &Path, _: &mut OpenOptions) -> Option<File> {
    None
}

/// Returns the path by which the system knows an open file or folder of this process, whatever it is called.
#[must_use]
pub fn path(open: &impl AsRawFd) -> PathBuf {
    format!("/proc/self/fd/{}", open.as_raw_fd()).into()
}

/// Gives a file a name.
///
/// # Errors
/// If something has the name by now ([`io::ErrorKind::AlreadyExists`]), or the file system names nothing afterwards.
pub fn name(file: &File, name: &Path) -> io::Result<()> {
    Ok(linkat(CWD, path(file), CWD, name, AtFlags::SYMLINK_FOLLOW)?)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_file_is_there_with_what_it_holds_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let count = || folder.path().read_dir().unwrap().count();
        let mut file = create(folder.path(), OpenOptions::new().append(true)).unwrap();
        file.write_all(b"whole").unwrap();
        assert_eq!(count(), 0);
        let called = folder.path().join("name");
        name(&file, &called).unwrap();
        assert_eq!(std::fs::read(&called).unwrap(), b"whole");
        let taken = name(&file, &called).unwrap_err();
        assert_eq!(taken.kind(), io::ErrorKind::AlreadyExists);
        drop(create(folder.path(), OpenOptions::new().write(true)).unwrap());
        assert_eq!(count(), 1);
    }
}
