//! The temporary copy of a stream, for the one form that cannot be made in one pass.

use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::Path;

use crate::error::{Error, Subject};
use crate::machine::hasher::CHUNK;
use crate::members::LARGEST;
use crate::source::tar_stream;

/// Copies a tar from `source`, without compression around it, to a file in `folder`.
///
/// The file has no name, so nothing is left of it however the program ends.
pub(crate) fn copy(source: impl Read, subject: &str, folder: &Path) -> Result<File, Error> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            Error::NoRoom {
                subject: subject.to_owned(),
                folder: folder.to_owned(),
                source,
            }
        }
        _ => Error::Io {
            action: "write",
            subject: format!("a temporary copy of {subject} in `{}`", folder.display()),
            source,
        },
    };
    let mut file = tempfile::tempfile_in(folder).map_err(failed)?;
    let mut source = tar_stream(source)?.take(LARGEST);
    let mut buffer = vec![0; CHUNK];
    loop {
        let count = match source.read(&mut buffer) {
            Ok(0) => return Ok(file),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Error::reading(Subject::Archive, error)),
        };
        file.write_all(&buffer[..count]).map_err(failed)?;
    }
}
