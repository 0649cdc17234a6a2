//! What the benchmarks have in common.

use std::path::{Path, PathBuf};

/// Returns a program of the Python client that `tests/run` installs, if it is there.
pub(crate) fn python(name: &str) -> Option<PathBuf> {
    std::env::var_os("KEEPDOCKER_PYTHON_BIN")
        .map(|folder| Path::new(&folder).join(name))
        .filter(|path| path.is_file())
}

/// Sorts the values and returns the middle one.
///
/// # Panics
///
/// Panics if there are none, or one is no number.
pub(crate) fn median<T: PartialOrd + Copy>(values: &mut [T]) -> T {
    values.sort_by(|a, b| a.partial_cmp(b).unwrap());
    values[values.len() / 2]
}
