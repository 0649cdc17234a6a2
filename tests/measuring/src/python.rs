//! Where the Python client is.

use std::path::{Path, PathBuf};

/// Returns a program of the Python client that `tests/run` installs, if it is there.
pub fn python(name: &str) -> Option<PathBuf> {
    std::env::var_os("KEEPDOCKER_PYTHON_BIN")
        .map(|folder| Path::new(&folder).join(name))
        .filter(|path| path.is_file())
}
