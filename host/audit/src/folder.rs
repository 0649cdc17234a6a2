//! The folder of the logs: names, rights, and how long they are kept.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, NaiveDateTime, Utc};
use keepdocker_terms::hex;

use super::age::Ages;
use super::options::Error;

/// How long logs are kept where no policy says.
const USUAL_RETENTION: Duration = Duration::from_secs(90 * 86_400);
/// How many bytes of logs are kept where no policy says for how long.
const USUAL_SIZE: u64 = 256 << 20;
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

/// A file that was begun.
#[derive(Debug)]
pub(super) struct Beginning {
    /// What it is called, now or later.
    pub(super) path: PathBuf,
    pub(super) file: File,
    is_named: bool,
}

impl Beginning {
    /// Gives the file its name, if it has none yet.
    pub(super) fn name(&mut self) -> Result<(), Error> {
        if self.is_named {
            return Ok(());
        }
        self.is_named = true;
        let fault = |error| Error::file("cannot create the audit log", &self.path)(error);
        match keepdocker_nameless::name(&self.file, &self.path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(fault(error)),
            Ok(()) => Ok(()),
            // A file system that names nothing afterwards.
            Err(_) => {
                let mut file = new_file(&self.path).map_err(fault)?;
                File::open(keepdocker_nameless::path(&self.file))
                    .and_then(|mut begun| io::copy(&mut begun, &mut file))
                    .map_err(fault)?;
                self.file = file;
                Ok(())
            }
        }
    }
}

/// What there is of a run.
#[derive(Debug, Default)]
struct Found {
    size: u64,
    has_lines: bool,
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
    /// Returns the folder that is used where no policy names one: `keepdocker/audit` in the user's folder for what
    /// programs keep.
    #[must_use]
    pub fn usual(state: &Path) -> Self {
        Self(state.join("keepdocker/audit"))
    }

    /// Returns the folder that a policy names: `%u` in a part of its path stands for the number of the user's account.
    ///
    /// A name would have to be looked up, and an account need not have one.
    #[must_use]
    pub fn of_user(directory: &Path, user: u32) -> Self {
        let user = user.to_string();
        let parts = directory.components().map(|part| match part {
            Component::Normal(name) => match name.to_str() {
                Some(text) => PathBuf::from(text.replace("%u", &user)),
                None => PathBuf::from(name),
            },
            other => PathBuf::from(other.as_os_str()),
        });
        Self(parts.collect())
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
        let file = new_file(&path).map_err(Error::file("cannot create the audit log", &path))?;
        Ok((path, file))
    }

    /// Begins a file for the lines of a run, for its owner alone. It has no name before something is in it, where the system has such
    /// files, so that a run which is killed before it wrote a line leaves nothing.
    pub(super) fn begin_lines(&self, run: &str) -> Result<Beginning, Error> {
        let mut options = OpenOptions::new();
        options.read(true).append(true).mode(0o600);
        let path = self.file(run, Part::Lines);
        if let Some(file) = keepdocker_nameless::create(&self.0, &mut options) {
            return Ok(Beginning {
                path,
                file,
                is_named: false,
            });
        }
        let (path, file) = self.create_file(run, Part::Lines)?;
        Ok(Beginning {
            path,
            file,
            is_named: true,
        })
    }

    /// Returns the IDs of the runs whose logs are there, oldest first.
    ///
    /// # Errors
    /// If the folder is there and cannot be read.
    pub fn runs(&self) -> Result<Vec<String>, Error> {
        let found = self.found()?.into_iter();
        Ok(found
            .filter(|(_, found)| found.has_lines)
            .map(|(run, _)| run)
            .collect())
    }

    /// Returns the IDs of the runs of whose logs only values or notes are left, oldest first.
    ///
    /// # Errors
    /// If the folder is there and cannot be read.
    pub fn left_over(&self) -> Result<Vec<String>, Error> {
        let found = self.found()?.into_iter();
        Ok(found
            .filter(|(_, found)| !found.has_lines)
            .map(|(run, _)| run)
            .collect())
    }

    /// Returns what there is of each run.
    fn found(&self) -> Result<BTreeMap<String, Found>, Error> {
        let fault = |error| Error::file("cannot read the folder of the audit log", &self.0)(error);
        let mut found: BTreeMap<String, Found> = BTreeMap::new();
        let entries = match fs::read_dir(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
            entries => entries.map_err(fault)?,
        };
        for entry in entries {
            let entry = entry.map_err(fault)?;
            let name = entry.file_name();
            if let Some((run, extension)) = name.to_str().and_then(|name| name.split_once('.'))
                && began(run).is_some()
            {
                let found = found.entry(run.to_owned()).or_default();
                found.size += entry.metadata().map_or(0, |metadata| metadata.len());
                found.has_lines |= extension == Part::Lines.extension();
            }
        }
        Ok(found)
    }

    /// Returns the IDs of the runs whose time is over, oldest first. `ages` tell how old they are.
    pub(super) fn due(&self, retain: Option<Duration>, ages: &Ages) -> Result<Vec<String>, Error> {
        let longest = retain.unwrap_or(USUAL_RETENTION);
        let mut room = if retain.is_some() {
            u64::MAX
        } else {
            USUAL_SIZE
        };
        let mut removed = Vec::new();
        for (run, found) in self.found()?.into_iter().rev() {
            room = room.saturating_sub(found.size);
            let Some(age) = began(&run).map(|began| ages.since(began)) else {
                continue;
            };
            let over = room == 0 || age.sure > longest;
            if over && !age.is_young() {
                removed.push(run);
            }
        }
        // The oldest go first.
        removed.reverse();
        removed.truncate(MOST_REMOVED);
        Ok(removed)
    }

    /// Removes the logs of these runs, which the heads tell by now.
    pub(super) fn remove(&self, runs: &[String]) -> Result<(), Error> {
        for run in runs {
            // The lines go last: what a power cut leaves is still a log, and removed the next time.
            for part in Part::ALL.into_iter().rev() {
                remove(&self.file(run, part))?;
            }
        }
        Ok(())
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
pub(super) fn now() -> DateTime<Utc> {
    SystemTime::now().into()
}

/// Makes a file that is not there yet, for its owner alone.
fn new_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .append(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
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
pub(super) fn began(run: &str) -> Option<DateTime<Utc>> {
    let (time, random) = run.split_once('-')?;
    if !hex::are_digits(random, 8) {
        return None;
    }
    let time = NaiveDateTime::parse_from_str(time, TIME_FORMAT).ok()?;
    Some(time.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_user_has_a_folder_of_his_own_where_a_policy_says_so() {
        let user = 1234;
        for (named, expected) in [
            (
                "/var/log/keepdocker/%u",
                format!("/var/log/keepdocker/{user}"),
            ),
            ("/var/log/of-%u/audit", format!("/var/log/of-{user}/audit")),
            ("/var/log/keepdocker", "/var/log/keepdocker".to_owned()),
        ] {
            assert_eq!(
                Folder::of_user(Path::new(named), user).0,
                Path::new(&expected)
            );
        }
    }

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
        let removed = logs.due(retain, &Ages::of_clock()).unwrap();
        logs.remove(&removed).unwrap();
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
