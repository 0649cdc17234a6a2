//! Values that are too long for a line of the log.
//!
//! They stand in a file of their own, one a line, compressed with zstd; the log has the number of
//! the line and the SHA-256 of its text.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use serde_json::json;

use super::chain::sha256;
use super::folder::{Folder, Part};
use super::options::Error;

/// Longer values do not go into a line.
const LONGEST_IN_LINE: usize = 16 << 10;
/// Longer values are not kept; the log has their digest alone, and the run cannot be replayed.
const LONGEST: usize = 64 << 20;
/// The least effort: the text of a list shrinks to a tenth with this already.
const LEVEL: i32 = 1;

/// The name of a member, and the name that it has where its value is in the file of long values.
pub(super) type Names = (&'static str, &'static str);

/// The file with the long values of a run; it is there only if there are such.
#[derive(Debug, Default)]
pub(super) struct Values {
    file: Option<(PathBuf, File)>,
    count: u64,
}

impl Values {
    /// Tells whether a value goes into the file of long values, rather than into a line.
    pub(super) fn is_long(json: &str) -> bool {
        json.len() > LONGEST_IN_LINE
    }

    /// Finds the place of a value, which is canonical JSON: returns the member for the line.
    pub(super) fn place(
        &mut self,
        folder: &Folder,
        run: &str,
        (here, elsewhere): Names,
        json: String,
    ) -> Result<(&'static str, String), Error> {
        if !Self::is_long(&json) {
            return Ok((here, json));
        }
        let (sha256, size) = (sha256(json.as_bytes()), json.len());
        let mut place = json!({"sha256": sha256, "size": size});
        if size <= LONGEST {
            place["line"] = self.append(folder, run, json)?.into();
        }
        Ok((elsewhere, place.to_string()))
    }

    /// Makes what was written outlive a failure of the machine.
    pub(super) fn sync(&self) -> Result<(), Error> {
        let Some((path, file)) = &self.file else {
            return Ok(());
        };
        file.sync_data().map_err(Error::file("cannot write", path))
    }

    /// Writes a value and returns the number of its line, from 1.
    fn append(&mut self, folder: &Folder, run: &str, mut json: String) -> Result<u64, Error> {
        let (path, file) = match &mut self.file {
            Some(open) => open,
            none => none.insert(folder.create_file(run, Part::Values)?),
        };
        json.push('\n');
        // Frames one after the other are one stream.
        zstd::bulk::compress(json.as_bytes(), LEVEL)
            .and_then(|frame| file.write_all(&frame))
            .map_err(Error::file("cannot write", &*path))?;
        self.count += 1;
        Ok(self.count)
    }
}
