//! A log that was written earlier, as it is read.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::SCHEMA;
use super::chain::{Break, Chain, VALUE_IS_GONE, sha256};
use super::folder::{Folder, Part};
use super::options::Error;

/// More than this no log has; it must fit into memory.
const MAX_SIZE: u64 = 1 << 30;

/// A line's members, without its hash.
pub type Entry = Map<String, Value>;

/// A log as it was found, whatever became of it.
#[derive(Debug)]
pub struct Run {
    /// The ID, by the name of the file.
    pub id: String,
    /// The lines that follow one another as they were written.
    pub entries: Vec<Entry>,
    /// The same lines, as they stand there.
    pub(super) texts: Vec<String>,
    /// What is wrong with the line after them; none if there is nothing after them.
    pub broken: Option<Break>,
    /// Where the chain of these lines has got to.
    pub(super) chain: Chain,
    /// The hash of the first line; empty if there is none.
    pub(super) first: String,
    /// The long values, by the number of their line.
    values: BTreeMap<u64, String>,
    /// The signed note, if there is one.
    pub(super) note: Option<String>,
}

/// What a line is that comes where none can.
const AFTER_THE_END: &str = "it comes after the last line of the run";

impl Run {
    /// Reads a log by its ID.
    ///
    /// # Errors
    /// If there is no such log, or it cannot be read.
    pub fn read(folder: &Folder, id: &str) -> Result<Self, Error> {
        Self::open(&folder.file(id, Part::Lines))
    }

    /// Reads a log by its file; what belongs to it is sought beside it.
    ///
    /// # Errors
    /// If there is no such file, or it cannot be read.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let id = name.split('.').next().unwrap_or_default().to_owned();
        let folder = Folder(path.parent().unwrap_or(Path::new("")).to_owned());
        let text = read(path)?.ok_or_else(|| {
            Error::file("cannot read", path)(io::Error::other("there is no such file"))
        })?;
        let note = read(&folder.file(&id, Part::Note))?;
        let values = long_values(&folder.file(&id, Part::Values))?;
        Ok(Self::follow(id, &text, values, note))
    }

    /// Follows the lines of a log as far as they are whole.
    pub(super) fn follow(
        id: String,
        text: &str,
        values: BTreeMap<u64, String>,
        note: Option<String>,
    ) -> Self {
        let mut run = Self {
            id,
            entries: Vec::new(),
            texts: Vec::new(),
            broken: None,
            chain: Chain::default(),
            first: String::new(),
            values,
            note,
        };
        // What has no line break at its end is a piece of a line, left by a full disk or a power cut. The
        // latter may also leave zeros in the place of what was written last; no line has any.
        let (text, zeros) = text.split_at(text.find('\0').unwrap_or(text.len()));
        let mut piece = "";
        for line in text.split_inclusive('\n') {
            let Some(line) = line.strip_suffix('\n') else {
                piece = line;
                break;
            };
            match run.chain.follow(line).and_then(|entry| run.checked(entry)) {
                Ok(entry) => {
                    run.entries.push(entry);
                    run.texts.push(line.to_owned());
                }
                Err(broken) => {
                    run.broken = Some(broken);
                    break;
                }
            }
            if run.first.is_empty() {
                run.first.clone_from(&run.chain.head);
            }
        }
        // After its end a run writes nothing, whatever is left of it.
        let is_more = !piece.is_empty() || !zeros.trim_matches('\0').is_empty();
        if run.broken.is_none() && run.is_closed() && is_more {
            run.broken = Some(Break {
                line: run.entries.len() + 1,
                what: AFTER_THE_END,
            });
        }
        run
    }

    /// Checks what a line says against where it stands, and the values that it points to.
    fn checked(&self, entry: Entry) -> Result<Entry, Break> {
        let line = self.entries.len() + 1;
        let broken = |what| Err(Break { line, what });
        if entry.get("run").and_then(Value::as_str) != Some(&self.id) {
            return broken("it belongs to another run");
        }
        if line == 1 && entry.get("schema").and_then(Value::as_str) != Some(SCHEMA) {
            return broken("this is not the first line of an audit log that this program knows");
        }
        if self.is_closed() {
            return broken(AFTER_THE_END);
        }
        for name in ["request_value", "answer_value"] {
            let Some(place) = entry.get(name) else {
                continue;
            };
            if place.get("line").is_none() {
                continue;
            }
            let Some(value) = self.long_value(place) else {
                return broken(VALUE_IS_GONE);
            };
            if place["sha256"] != sha256(value.as_bytes()) {
                return broken("the value that it points to was altered");
            }
        }
        Ok(entry)
    }

    /// Tells whether the last line of the run is there.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.entries
            .last()
            .is_some_and(|entry| entry.get("phase").is_some_and(|phase| phase == "close"))
    }

    /// Returns the value of `request` or `answer` of a line, wherever it stands; none if the line has
    /// none, or it was too long to be kept.
    #[must_use]
    pub fn value(&self, entry: &Entry, name: &str) -> Option<Value> {
        if let Some(value) = entry.get(name) {
            return Some(value.clone());
        }
        let text = self.long_value(entry.get(&format!("{name}_value"))?)?;
        serde_json::from_str(text).ok()
    }

    fn long_value(&self, place: &Value) -> Option<&str> {
        self.values
            .get(&place.get("line")?.as_u64()?)
            .map(String::as_str)
    }

    /// Returns the long values, in order.
    pub(super) fn long_values(&self) -> impl Iterator<Item = &str> {
        self.values.values().map(String::as_str)
    }
}

/// Reads the file of the long values, as far as it is whole.
fn long_values(path: &Path) -> Result<BTreeMap<u64, String>, Error> {
    let Some(file) = open_file(path)? else {
        return Ok(BTreeMap::new());
    };
    let reader = zstd::Decoder::new(file).map_err(Error::file("cannot read", path))?;
    let lines = BufReader::new(reader.take(MAX_SIZE)).lines();
    // What cannot be decompressed is missing, which shows where a line points to it.
    Ok((1..).zip(lines.map_while(Result::ok)).collect())
}

/// Reads a text file; none if it is not there.
pub(super) fn read(path: &Path) -> Result<Option<String>, Error> {
    let fault = |error| Error::file("cannot read", path)(error);
    let Some(mut file) = open_file(path)? else {
        return Ok(None);
    };
    if file.metadata().map_err(fault)?.len() > MAX_SIZE {
        return Err(fault(io::Error::from(io::ErrorKind::FileTooLarge)));
    }
    // A line that is not UTF-8 was altered; the rest may be read all the same.
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(fault)?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// Opens a file; none if it is not there. A pipe or a folder in its place is an error, and nobody
/// waits for the pipe's other end.
fn open_file(path: &Path) -> Result<Option<File>, Error> {
    let fault = |error| Error::file("cannot read", path)(error);
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path);
    let file = match opened {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(fault)?,
    };
    if !file.metadata().map_err(fault)?.is_file() {
        return Err(fault(io::Error::other("it is not a file")));
    }
    Ok(Some(file))
}

impl Folder {
    /// Finds the run that a person means: by its ID or the beginning of it, `last`, or a file.
    ///
    /// # Errors
    /// If there is none or more than one, with what there is; or the folder cannot be read.
    pub fn find(&self, words: &str) -> Result<PathBuf, NotFound> {
        if words.contains('/') || Path::new(words).is_file() {
            return Ok(PathBuf::from(words));
        }
        let runs = self.runs()?;
        let meant: Vec<&String> = match words {
            "last" => runs.last().into_iter().collect(),
            _ => runs.iter().filter(|run| run.starts_with(words)).collect(),
        };
        match meant[..] {
            [run] => Ok(self.file(run, Part::Lines)),
            [] => Err(NotFound::None {
                words: words.to_owned(),
                folder: self.0.clone(),
            }),
            _ => Err(NotFound::Several {
                words: words.to_owned(),
                count: meant.len(),
            }),
        }
    }
}

/// Why it is not clear which run is meant.
#[derive(Debug, thiserror::Error)]
pub enum NotFound {
    /// There is none.
    #[error("there is no log of a run `{words}` in {}", folder.display())]
    None {
        /// What was asked for.
        words: String,
        /// Where it was sought.
        folder: PathBuf,
    },
    /// There are several.
    #[error("`{words}` is the beginning of {count} runs; give more of the ID")]
    Several {
        /// What was asked for.
        words: String,
        /// How many there are.
        count: usize,
    },
    /// The folder cannot be read.
    #[error(transparent)]
    Folder(#[from] Error),
}
