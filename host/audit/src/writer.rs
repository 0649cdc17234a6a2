//! The files of a log, as they are written.

use std::fmt;
use std::io::Write;
use std::sync::Arc;

use erased_serde::Serialize as Recordable;

use super::canonical::text;
use super::chain::{Chain, Line};
use super::folder::{Beginning, Folder, Part, new_run};
use super::heads::{self, Head};
use super::mask::Mask;
use super::note::SigningKey;
use super::options::{Error, Options};
use super::values::{Names, Values};
use super::waiting::Waiting;

/// Writes lines, each of which holds the hash of the one before.
#[derive(Debug)]
pub(super) struct Writer {
    folder: Folder,
    run: String,
    lines: Beginning,
    values: Values,
    chain: Chain,
    /// How long the file is, and how long it was before its last line.
    length: u64,
    length_before: u64,
    waiting: Waiting,
}

/// A line to be, with the values for which no place has been found yet.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) line: Line,
    /// Canonical JSON; it goes where it has room.
    pub(super) values: Vec<(Names, String)>,
    /// A value that is not JSON yet.
    pub(super) later: Option<Later>,
}

/// A value that becomes canonical JSON when the line is written: an answer can be so long that the
/// component should not have to wait for that.
pub(super) struct Later {
    pub(super) names: Names,
    pub(super) value: Box<dyn Recordable + Send>,
    pub(super) mask: Arc<Mask>,
}

impl Later {
    fn text(self) -> Result<(Names, String), Error> {
        Ok((self.names, text(&self.value, &self.mask)?))
    }
}

/// Shows nothing of the value, which may hold what must be masked.
impl fmt::Debug for Later {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Later").field(&self.names).finish()
    }
}

impl Writer {
    /// Creates the files of a run that begins now.
    pub(super) fn create(options: &Options, waiting: Waiting) -> Result<Self, Error> {
        let folder = Folder(options.directory.clone());
        folder.create()?;
        let run = new_run();
        let lines = folder.begin_lines(&run)?;
        Ok(Self {
            folder,
            run,
            lines,
            values: Values::default(),
            chain: Chain::default(),
            length: 0,
            length_before: 0,
            waiting,
        })
    }

    /// Returns the file of the lines.
    #[cfg(test)]
    pub(super) fn path(&self) -> &std::path::Path {
        &self.lines.path
    }

    /// Returns the run's ID.
    pub(super) fn run(&self) -> &str {
        &self.run
    }

    /// Writes a line; on return it outlives this program, though not a failure of the machine.
    pub(super) fn write(&mut self, draft: Draft) -> Result<(), Error> {
        let Draft {
            mut line,
            values,
            later,
        } = draft;
        let later = later.map(Later::text).transpose()?;
        let values: Vec<(Names, String)> = values.into_iter().chain(later).collect();
        // Values lie beside a log, and never alone.
        if values.iter().any(|(_, json)| Values::is_long(json)) {
            self.lines.name()?;
        }
        for (names, json) in values {
            let (name, json) = self.values.place(&self.folder, &self.run, names, json)?;
            line.put_json(name, json);
        }
        let text = line.seal(&mut self.chain) + "\n";
        self.length_before = self.length;
        self.length += text.len() as u64;
        let path = &self.lines.path;
        self.lines
            .file
            .write_all(text.as_bytes())
            .map_err(Error::file("cannot write", path))?;
        self.lines.name()
    }

    /// Makes what was written outlive a failure of the machine.
    pub(super) fn sync(&self) -> Result<(), Error> {
        self.values.sync()?;
        self.lines
            .file
            .sync_data()
            .map_err(Error::file("cannot write", &self.lines.path))
    }

    /// Makes what the heads know outlive one, too. Before the last line is written: a log with an end of which the heads do not even know
    /// the beginning looks forged.
    pub(super) fn sync_heads(&self) -> Result<(), Error> {
        heads::sync(&self.folder)
    }

    /// Tells the heads that the run began. Where that is not possible there is no log, and nothing is
    /// left that looks like one.
    pub(super) fn begin(&self, options: &Options) -> Result<(), Error> {
        let head = Head::Open {
            run: &self.run,
            head: &self.chain.head,
        };
        let begun = heads::append(&self.folder, head, options, &self.waiting);
        match &begun {
            Ok(_) | Err(Error::SystemLog { .. }) => {}
            Err(_) => self.folder.forget(&self.run),
        }
        begun.map(drop)
    }

    /// Tells the heads that the run ended, and signs that if there is a key. Where the heads cannot be told,
    /// the last line is taken back: an end that they do not have looks forged.
    pub(super) fn end(&self, options: &Options, key: Option<&SigningKey>) -> Result<(), Error> {
        let head = Head::Close {
            run: &self.run,
            head: &self.chain.head,
            lines: self.chain.length,
        };
        let told = heads::append(&self.folder, head, options, &self.waiting);
        let heads = told.inspect_err(|error| {
            if !matches!(error, Error::SystemLog { .. }) {
                // If that fails too, whoever verifies the log is told.
                let _ = self.lines.file.set_len(self.length_before);
            }
        })?;
        let Some(key) = key else { return Ok(()) };
        let note = key.sign(&note_text(&self.run, &self.chain, &heads));
        let (path, mut file) = self.folder.create_file(&self.run, Part::Note)?;
        file.write_all(note.as_bytes())
            .map_err(Error::file("cannot write", path))
    }
}

/// Returns the text that is signed: the run with its length and last hash, and the heads with theirs.
fn note_text(run: &str, chain: &Chain, heads: &Chain) -> String {
    format!(
        "{}{} {}\n",
        note_of_run(run, chain),
        heads.length,
        heads.head
    )
}

/// Returns what a note says of the run itself.
pub(super) fn note_of_run(run: &str, chain: &Chain) -> String {
    format!(
        "{}\n{run}\n{} {}\n",
        super::SCHEMA,
        chain.length,
        chain.head
    )
}
