//! Whether a log is what was written.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use chrono::{DateTime, TimeDelta};
use serde_json::Value;

use super::age::YOUNG;
use super::chain::{Break, Chain, VALUE_IS_GONE};
use super::folder::{Folder, began, now};
use super::note::VerifyingKey;
use super::options::Error;
use super::reading::{Entry, Run, read};
use super::system_log;
use super::writer::note_of_run;

/// A line may be so much later than this machine's clock says: the file may lie on several machines.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::hours(1);

/// What became of a log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It is whole and as it was written, as far as can be told.
    Sound,
    /// Its last line is missing, and nothing says that there was one: the run goes on still, or was
    /// killed.
    Incomplete,
    /// It was altered.
    Tampered(String),
}

impl Verdict {
    /// Returns the word for it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Sound => "sound",
            Self::Incomplete => "incomplete",
            Self::Tampered(_) => "tampered",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sound => f.write_str(self.word()),
            Self::Incomplete => write!(
                f,
                "{}: the run was killed, or goes on still, or a power cut took its end",
                self.word()
            ),
            Self::Tampered(how) => write!(f, "{}: {how}", self.word()),
        }
    }
}

/// What the heads say of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Recorded {
    first: Option<String>,
    /// The hash of the last line, and how many lines there are.
    last: Option<(String, u64)>,
    removed: Option<Removal>,
}

impl Recorded {
    /// Tells whether it began, and has no end.
    fn is_open(&self) -> bool {
        self.first.is_some() && self.last.is_none()
    }
}

/// What a line of the heads says about the removal of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Removal {
    /// Its time was over.
    Due,
    /// This program never removes a log so early, and no line is written in the future.
    Impossible,
}

/// The chain of all runs, as it was found.
#[derive(Debug, Default)]
pub struct Heads {
    /// The hash of each line.
    hashes: Vec<String>,
    pub(super) entries: Vec<Entry>,
    /// What is wrong with the line after them.
    pub broken: Option<Break>,
    runs: BTreeMap<String, Recorded>,
}

impl Run {
    /// Checks that the signed note beside the log is by this key, and about this log.
    ///
    /// # Errors
    /// If it is not, with why in words.
    pub fn check_note(&self, key: &VerifyingKey) -> Result<(), String> {
        let note = self.note.as_deref().ok_or("it has no signed note")?;
        let text = key.open(note).map_err(|error| error.to_string())?;
        if text.starts_with(&note_of_run(&self.id, &self.chain)) {
            Ok(())
        } else {
            Err(
                "the signed note is about another log, or this one before it was altered"
                    .to_owned(),
            )
        }
    }
}

impl Run {
    /// Tells whether a note that this key signed is about more than there is of this log, or about another one. A note is written
    /// last, so what it tells of was there.
    #[must_use]
    pub fn is_belied(&self, key: &VerifyingKey) -> bool {
        let text = self.note.as_deref().and_then(|note| key.open(note).ok());
        text.is_some_and(|text| !text.starts_with(&note_of_run(&self.id, &self.chain)))
    }
}

impl Heads {
    /// Reads the heads of a folder; where there are none, there are no runs either.
    ///
    /// # Errors
    /// If the file is there and cannot be read.
    pub fn read(folder: &Folder) -> Result<Self, Error> {
        Ok(Self::follow(&read(&folder.heads())?.unwrap_or_default()))
    }

    /// Reads a copy of the heads: the file itself, or what the system's log has of it.
    ///
    /// # Errors
    /// If it is not there, or cannot be read.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let missing = || std::io::Error::other("there is no such file");
        let text = read(path)?.ok_or_else(|| Error::file("cannot read", path)(missing()))?;
        let lines: Vec<&str> = text.lines().map(system_log::content).collect();
        Ok(Self::follow(&lines.join("\n")))
    }

    fn follow(text: &str) -> Self {
        let mut heads = Self::default();
        let mut chain = Chain::default();
        for line in text.lines() {
            match chain.follow(line) {
                Ok(entry) => {
                    heads.note(&entry);
                    heads.hashes.push(chain.head.clone());
                    heads.entries.push(entry);
                }
                // A line that a power cut left half written ends where the next begins.
                Err(_) if serde_json::from_str::<Value>(line).is_err() && is_start(line) => {}
                Err(broken) => {
                    heads.broken = Some(broken);
                    break;
                }
            }
        }
        heads
    }

    fn note(&mut self, entry: &Entry) {
        let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default();
        let head = text("head").to_owned();
        match text("event") {
            "open" => self.runs.entry(text("run").to_owned()).or_default().first = Some(head),
            "close" => {
                let lines = entry
                    .get("lines")
                    .and_then(Value::as_u64)
                    .unwrap_or_default();
                self.runs.entry(text("run").to_owned()).or_default().last = Some((head, lines));
            }
            _ => {
                let at = text("at");
                let runs = entry.get("runs").and_then(Value::as_array);
                for run in runs.into_iter().flatten().filter_map(Value::as_str) {
                    let removal = removal(run, at);
                    self.runs.entry(run.to_owned()).or_default().removed = Some(removal);
                }
            }
        }
    }

    /// Tells how this file was altered since a copy of it was made; none if it only grew. That it is
    /// gone, or shorter than the copy, is an alteration, too.
    #[must_use]
    pub fn differs_from(&self, copy: &Self) -> Option<String> {
        if let Some(broken) = &copy.broken {
            return Some(format!(
                "the copy of the heads is itself not sound: {broken}"
            ));
        }
        let different = copy
            .hashes
            .iter()
            .enumerate()
            .find(|(place, hash)| self.hashes.get(*place) != Some(hash));
        different
            .map(|(place, _)| format!("line {} of the heads is not the one of the copy", place + 1))
    }

    /// Returns the runs whose logs are gone, though nothing says that their time was over.
    pub fn missing<'a>(&'a self, present: &'a [String]) -> impl Iterator<Item = &'a str> {
        self.runs
            .iter()
            .filter(|(run, recorded)| {
                recorded.removed != Some(Removal::Due) && !present.contains(run)
            })
            .map(|(run, _)| run.as_str())
    }

    /// Tells whether a log was removed because its time was over.
    #[must_use]
    pub fn removed(&self, run: &str) -> bool {
        let recorded = self.runs.get(run);
        recorded.is_some_and(|recorded| recorded.removed == Some(Removal::Due))
    }

    /// Tells whether there is nothing to judge logs by but themselves.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Tells whether the heads have the end of a run.
    #[must_use]
    pub fn have_end_of(&self, run: &str) -> bool {
        self.runs
            .get(run)
            .is_some_and(|recorded| recorded.last.is_some())
    }

    /// Judges a log by itself, and by what the heads say of it if there are any.
    #[must_use]
    pub fn judge(&self, run: &Run) -> Verdict {
        let recorded = self.runs.get(&run.id).cloned().unwrap_or_default();
        if let Some(broken) = &run.broken {
            // A value that a power cut took is no more than an end that it took, and shows as that where the
            // heads have no other one.
            let is_its_own = recorded.first.as_deref() == Some(run.first.as_str());
            let is_cut = broken.what == VALUE_IS_GONE && recorded.is_open() && is_its_own;
            return match is_cut {
                true => Verdict::Incomplete,
                false => Verdict::Tampered(broken.to_string()),
            };
        }
        let tampered = |how: &str| Verdict::Tampered(how.to_owned());
        if self.entries.is_empty() {
            return if run.is_closed() {
                Verdict::Sound
            } else {
                Verdict::Incomplete
            };
        }
        match (&recorded.first, &recorded.last) {
            (Some(first), _) if *first != run.first => {
                tampered("its first line is not the one that the heads have")
            }
            (_, Some((_, lines))) if *lines > run.chain.length => Verdict::Tampered(format!(
                "it ends after {} lines, and the heads have {lines}",
                run.chain.length
            )),
            (_, Some((head, _))) if *head != run.chain.head => {
                tampered("its last line is not the one that the heads have, so it was rewritten")
            }
            (_, Some(_)) if run.is_closed() => Verdict::Sound,
            // Of what was done last, a kill or a power cut may leave what stands here and not what stands
            // in the heads. Nobody gains by that: without its last line the log is incomplete as well.
            (Some(_), None) => Verdict::Incomplete,
            (None, _) if !run.is_closed() => Verdict::Incomplete,
            _ => tampered("the heads know nothing of this run"),
        }
    }
}

/// Judges a line that says at this time that a log was removed.
fn removal(run: &str, at: &str) -> Removal {
    let at = DateTime::parse_from_rfc3339(at).map(|at| at.to_utc()).ok();
    let is_due = at.zip(began(run)).is_some_and(|(at, began)| {
        let age = (at - began).to_std().unwrap_or_default();
        age >= YOUNG && at <= now() + CLOCKS_DIFFER
    });
    if is_due {
        Removal::Due
    } else {
        Removal::Impossible
    }
}

/// Tells whether this can be the beginning of a line of the heads, with the zeros that a power cut may leave in the
/// place of the rest.
fn is_start(line: &str) -> bool {
    let line = line.trim_end_matches('\0');
    line.starts_with("{\"at\":\"") || "{\"at\":\"".starts_with(line)
}
