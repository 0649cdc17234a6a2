//! The folder of the logs: names, rights, and how long they are kept.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, NaiveDateTime, Utc};

use super::options::Error;
use crate::settings::Environment;

/// How long logs are kept where no policy says.
const USUAL_RETENTION: Duration = Duration::from_secs(90 * 86_400);
/// How many bytes of logs are kept where no policy says for how long.
const USUAL_SIZE: u64 = 256 << 20;
/// A run that began later than this may be going on still.
const YOUNG: chrono::TimeDelta = chrono::TimeDelta::days(1);
/// More runs than this are not removed at once.
const MOST_REMOVED: usize = 400;

const TIME_FORMAT: &str = "%Y%m%dT%H%M%S%3fZ";

/// The folder of the logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder(pub PathBuf);

/// One of the files that a log consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The lines.
    Lines,
    /// The values that are too long for a line.
    Values,
    /// The signed note.
    Note,
}

impl Part {
    const ALL: [Self; 3] = [Self::Lines, Self::Values, Self::Note];

    fn extension(self) -> &'static str {
        match self {
            Self::Lines => "jsonl",
            Self::Values => "values.zst",
            Self::Note => "note",
        }
    }
}

impl Folder {
    /// Returns the folder that is used where no policy names one: `keepdocker/audit` in
    /// `XDG_STATE_HOME` or `~/.local/state`.
    #[must_use]
    pub fn usual(environment: &Environment) -> Option<Self> {
        let base = environment
            .absolute_path("XDG_STATE_HOME")
            .or_else(|| Some(environment.home()?.join(".local/state")))?;
        Some(Self(base.join("keepdocker/audit")))
    }

    /// Returns the file of a run.
    pub(super) fn file(&self, run: &str, part: Part) -> PathBuf {
        self.0.join(format!("{run}.{}", part.extension()))
    }

    /// Returns the file with the chain of all runs.
    #[must_use]
    pub fn heads(&self) -> PathBuf {
        self.0.join("heads")
    }

    /// Creates the folder if it is not there, for its owner alone.
    pub(super) fn create(&self) -> Result<(), Error> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.0)
            .map_err(Error::file(
                "cannot create the folder of the audit log",
                &self.0,
            ))
    }

    /// Creates a file that is not there yet, for its owner alone.
    pub(super) fn create_file(&self, run: &str, part: Part) -> Result<(PathBuf, File), Error> {
        let path = self.file(run, part);
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(Error::file("cannot create the audit log", &path))?;
        Ok((path, file))
    }

    /// Returns the IDs of the runs, oldest first.
    ///
    /// # Errors
    /// If the folder is there and cannot be read.
    pub fn runs(&self) -> Result<Vec<String>, Error> {
        Ok(self.sizes()?.into_keys().collect())
    }

    /// Returns how many bytes each run's files have.
    fn sizes(&self) -> Result<BTreeMap<String, u64>, Error> {
        let fault = |error| Error::file("cannot read the folder of the audit log", &self.0)(error);
        let mut sizes = BTreeMap::new();
        let entries = match fs::read_dir(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(sizes),
            entries => entries.map_err(fault)?,
        };
        for entry in entries {
            let entry = entry.map_err(fault)?;
            let name = entry.file_name();
            if let Some((run, _)) = name.to_str().and_then(|name| name.split_once('.'))
                && began(run).is_some()
            {
                let size = entry.metadata().map_or(0, |metadata| metadata.len());
                *sizes.entry(run.to_owned()).or_default() += size;
            }
        }
        Ok(sizes)
    }

    /// Removes the logs whose time is over, and returns their IDs.
    pub(super) fn prune(&self, retain: Option<Duration>) -> Result<Vec<String>, Error> {
        let now = self::now();
        // Longer ago than there are dates for: then none is too old.
        let retain_for = chrono::Duration::from_std(retain.unwrap_or(USUAL_RETENTION)).ok();
        let oldest = retain_for.and_then(|retain| now.checked_sub_signed(retain));
        let mut room = if retain.is_some() {
            u64::MAX
        } else {
            USUAL_SIZE
        };
        let mut removed = Vec::new();
        for (run, size) in self.sizes()?.into_iter().rev() {
            room = room.saturating_sub(size);
            let young = began(&run).is_none_or(|began| began > now - YOUNG);
            let is_old = began(&run)
                .zip(oldest)
                .is_some_and(|(began, oldest)| began < oldest);
            let over = room == 0 || is_old;
            if over && !young {
                removed.push(run);
            }
        }
        // The oldest go first.
        removed.reverse();
        removed.truncate(MOST_REMOVED);
        for run in &removed {
            for part in Part::ALL {
                remove(&self.file(run, part))?;
            }
        }
        Ok(removed)
    }

    /// Removes what there is of a run that the heads do not know.
    pub(super) fn forget(&self, run: &str) {
        for part in Part::ALL {
            // What cannot be removed is told by whoever verifies the logs.
            let _ = remove(&self.file(run, part));
        }
    }
}

/// Returns the time, which may be one before 1970 where a machine has no clock of its own.
fn now() -> DateTime<Utc> {
    SystemTime::now().into()
}

fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(Error::file("cannot remove", path)),
    }
}

/// Makes the ID of a run that begins now: its time, and a random part.
pub(super) fn new_run() -> String {
    format!(
        "{}-{:08x}",
        now().format(TIME_FORMAT),
        rand::random::<u32>()
    )
}

/// Returns when a run began, by its ID; none if this is no ID of a run.
fn began(run: &str) -> Option<DateTime<Utc>> {
    let (time, random) = run.split_once('-')?;
    if random.len() != 8 || !random.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let time = NaiveDateTime::parse_from_str(time, TIME_FORMAT).ok()?;
    Some(time.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(days: i64) -> String {
        let time = now() - chrono::TimeDelta::days(days);
        format!("{}-0000abcd", time.format(TIME_FORMAT))
    }

    fn kept(retain: Option<Duration>, runs: &[(i64, u64)]) -> Vec<i64> {
        let folder = tempfile::tempdir().unwrap();
        let logs = Folder(folder.path().join("audit"));
        logs.create().unwrap();
        let ids: Vec<String> = runs.iter().map(|(days, _)| run(*days)).collect();
        for (id, (_, size)) in ids.iter().zip(runs) {
            let (_, file) = logs.create_file(id, Part::Lines).unwrap();
            file.set_len(*size).unwrap();
        }
        let removed = logs.prune(retain).unwrap();
        let left = logs.runs().unwrap();
        assert_eq!(removed.len() + left.len(), runs.len());
        ids.iter()
            .zip(runs)
            .filter(|(id, _)| left.contains(id))
            .map(|(_, (days, _))| *days)
            .collect()
    }

    #[test]
    fn a_new_run_has_an_id_of_its_own() {
        let run = new_run();
        assert!(
            began(&run).is_some_and(|began| (now() - began).num_seconds() < 5),
            "{run}"
        );
        for other in [
            "heads",
            "20261124T000000000Z",
            "20261124T000000000Z-xyz",
            "x-00000000",
        ] {
            assert_eq!(began(other), None, "{other}");
        }
    }

    #[test]
    fn logs_are_kept_as_long_as_the_policy_says_whatever_their_size() {
        let retain = Some(Duration::from_secs(10 * 86_400));
        assert_eq!(
            kept(retain, &[(9, USUAL_SIZE), (8, USUAL_SIZE), (11, 1)]),
            [9, 8]
        );
    }

    #[test]
    fn logs_may_be_kept_longer_than_there_are_dates() {
        for seconds in [1 << 45, u64::MAX] {
            let retain = Some(Duration::from_secs(seconds));
            assert_eq!(kept(retain, &[(900, 1)]), [900]);
        }
    }

    #[test]
    fn otherwise_age_and_size_are_bounded_but_for_the_last_day() {
        assert_eq!(kept(None, &[(91, 1), (89, 1)]), [89]);
        assert_eq!(kept(None, &[(30, 1), (20, USUAL_SIZE), (10, 1)]), [10]);
        assert_eq!(kept(None, &[(0, USUAL_SIZE)]), [0]);
    }
}
