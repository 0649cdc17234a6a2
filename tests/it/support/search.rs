//! What must stand in no file.

use std::fs;
use std::path::Path;

/// Asserts that none of these texts stands in a file, or in any file of a folder, and returns how many files were read. Compressed
/// ones are read as what they hold.
#[track_caller]
pub(crate) fn search<T: AsRef<str>>(path: &Path, texts: &[T]) -> usize {
    if path.is_dir() {
        let mut count = 0;
        for entry in fs::read_dir(path).unwrap() {
            count += search(&entry.unwrap().path(), texts);
        }
        return count;
    }
    // A socket has nothing to read.
    if !path.is_file() {
        return 0;
    }
    let bytes = fs::read(path).unwrap();
    let bytes = match path.extension().is_some_and(|end| end == "zst") {
        true => zstd::decode_all(&*bytes).unwrap(),
        false => bytes,
    };
    let held = String::from_utf8_lossy(&bytes);
    for text in texts {
        let text = text.as_ref();
        assert!(!held.contains(text), "{text} in {}", path.display());
    }
    1
}
