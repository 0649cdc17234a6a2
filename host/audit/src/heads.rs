//! The chain of all runs: which there were, and the first and last hash of each.
//!
//! A log that was cut, or written anew as a whole, is sound in itself; here it shows. A copy of this
//! file on another machine shows whether this file was written anew too.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use super::age::Ages;
use super::chain::{Chain, Line};
use super::folder::Folder;
use super::mask::Mask;
use super::options::{Error, Options};
use super::system_log;
use super::waiting::Waiting;

/// No line is longer than this.
const LONGEST_LINE: usize = 64 << 10;
/// The last line is looked for in so many bytes first: enough for any but one that tells of removed logs.
const USUAL_END: usize = 4 << 10;
/// So much of the heads is read to tell how old logs are: some 15,000 runs.
const LONGEST_HISTORY: usize = 8 << 20;
/// At every so many lines, logs whose time is over are removed.
const PRUNE_INTERVAL: u64 = 32;

/// What a line of the heads says.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub(super) enum Head<'a> {
    /// A run began; the hash of its first line.
    Open { run: &'a str, head: &'a str },
    /// A run ended; the hash of its last line, and how many it has.
    Close {
        run: &'a str,
        head: &'a str,
        lines: u64,
    },
    /// Logs were removed, as their time was over.
    Prune { runs: &'a [String] },
}

/// Adds a line to the heads and sends it to the system's log, and now and then removes old logs; returns where the
/// chain has got to.
///
/// # Errors
/// If that is not possible. Where it is the system's log that fails ([`Error::SystemLog`]), the heads have the line.
pub(super) fn append(
    folder: &Folder,
    head: Head<'_>,
    options: &Options,
    waiting: &Waiting,
) -> Result<Chain, Error> {
    let path = folder.heads();
    let fault = |action| Error::file(action, &path);
    let mut file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .mode(0o600)
        .open(&path)
        .map_err(fault("cannot open"))?;
    // Other runs wait for the fraction of a millisecond that this takes.
    waiting.lock(&file, &path)?;
    let (mut chain, torn) = last(&file).map_err(fault("cannot read"))?;
    let mut text = String::new();
    if torn {
        text.push('\n');
    }
    text.push_str(&line(head, &mut chain)?);
    let end = chain.clone();
    let mut due = Vec::new();
    if chain.length.is_multiple_of(PRUNE_INTERVAL) {
        due = folder.due(options.retain, &ages(&file).map_err(fault("cannot read"))?)?;
        if !due.is_empty() {
            text.push_str(&line(Head::Prune { runs: &due }, &mut chain)?);
        }
    }
    file.write_all(text.as_bytes())
        .map_err(fault("cannot write"))?;
    // Told first: a run that is killed in between leaves logs too many, and none is missed. Nor after a power cut,
    // which takes what is written later than what is removed.
    if !due.is_empty() {
        file.sync_data().map_err(fault("cannot write"))?;
    }
    folder.remove(&due)?;
    // Under the lock, so that the lines come there in their order.
    if let Some(socket) = &options.system_log {
        for line in text.lines().filter(|line| !line.is_empty()) {
            system_log::send(socket, line)?;
        }
    }
    Ok(end)
}

/// Makes the lines that are there outlive a failure of the machine.
pub(super) fn sync(folder: &Folder) -> Result<(), Error> {
    let path = folder.heads();
    OpenOptions::new()
        .append(true)
        .open(&path)
        .and_then(|file| file.sync_data())
        .map_err(Error::file("cannot write", &path))
}

fn line(head: Head<'_>, chain: &mut Chain) -> Result<String, Error> {
    let mut line = Line::default();
    let mask = Mask::default();
    let members = serde_json::to_value(head).expect("texts and numbers are always JSON");
    for name in ["event", "run", "head", "lines", "runs"] {
        if let Some(value) = members.get(name) {
            line.put(name, value, &mask)?;
        }
    }
    line.put("at", &now(), &mask)?;
    Ok(line.seal(chain) + "\n")
}

/// Returns where the chain has got to, and whether its last line lacks an end, as a power cut can
/// leave it.
fn last(file: &File) -> std::io::Result<(Chain, bool)> {
    let text = end(file, USUAL_END)?;
    let torn = !text.is_empty() && !text.ends_with('\n');
    if let Some(chain) = last_of(&text) {
        return Ok((chain, torn));
    }
    let text = end(file, 2 * LONGEST_LINE)?;
    Ok((last_of(&text).unwrap_or_default(), torn))
}

/// Reads the times of the last lines.
fn ages(file: &File) -> std::io::Result<Ages> {
    let text = end(file, LONGEST_HISTORY)?;
    let lines = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let times: Vec<String> = lines
        .filter_map(|line| Some(line.get("at")?.as_str()?.to_owned()))
        .collect();
    Ok(Ages::of_lines(times.iter().map(String::as_str)))
}

/// Reads the last bytes of a file, up to so many.
fn end(mut file: &File, most: usize) -> std::io::Result<String> {
    let length = file.seek(SeekFrom::End(0))?;
    let start = length.saturating_sub(most as u64);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::with_capacity(most);
    file.take(most as u64).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Returns where a chain has got to by the last whole line of the text, if there is one.
fn last_of(text: &str) -> Option<Chain> {
    text.lines().rev().find_map(|line| {
        let value: Value = serde_json::from_str(line).ok()?;
        Some(Chain {
            length: value["seq"].as_u64()? + 1,
            head: value["hash"].as_str()?.to_owned(),
        })
    })
}

/// Returns the time as the log has it.
pub(super) fn now() -> String {
    DateTime::<Utc>::from(SystemTime::now())
        .format("%Y-%m-%dT%H:%M:%S%.3fZ")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use crate::options::OnFailure;
    use crate::program::Undisturbed;

    #[test]
    fn the_chain_goes_on_after_short_long_and_torn_lines() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder(place.path().to_owned());
        let waiting = Waiting::new(OnFailure::Continue, place.path(), Arc::new(Undisturbed));
        let options = Options::default();
        let append = |folder: &Folder, head| append(folder, head, &options, &waiting);
        let open = Head::Open {
            run: "20261124T000000000Z-0000abcd",
            head: "0",
        };
        let runs = vec!["20261124T000000000Z-0000abcd".to_owned(); 400];
        let long = Head::Prune { runs: &runs };
        for head in [open, open, long, open, long, long, open] {
            append(&folder, head).unwrap();
        }
        let mut file = OpenOptions::new()
            .append(true)
            .open(folder.heads())
            .unwrap();
        file.write_all(b"{\"at\":\"20").unwrap();
        assert_eq!(append(&folder, open).unwrap().length, 8);

        let text = std::fs::read_to_string(folder.heads()).unwrap();
        assert!(text.len() > 3 * USUAL_END);
        let mut chain = Chain::default();
        for line in text.lines().filter(|line| line.ends_with('}')) {
            chain.follow(line).unwrap();
        }
        assert_eq!(chain.length, 8);
    }

    /// A file system may keep that a file has grown, and not what was written.
    #[test]
    fn the_chain_goes_on_after_zeros_and_is_sound() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder(place.path().to_owned());
        let waiting = Waiting::new(OnFailure::Continue, place.path(), Arc::new(Undisturbed));
        let options = Options::default();
        let open = |head| Head::Open {
            run: "20261124T000000000Z-0000abcd",
            head,
        };
        append(&folder, open("0"), &options, &waiting).unwrap();
        let mut file = OpenOptions::new()
            .append(true)
            .open(folder.heads())
            .unwrap();
        for lost in [&[0; 300][..], b"{\"at\":\"20\0\0\0\0"] {
            file.write_all(lost).unwrap();
            append(&folder, open("1"), &options, &waiting).unwrap();
        }
        let heads = crate::verification::Heads::read(&folder).unwrap();
        assert_eq!(heads.broken, None);
        assert_eq!(heads.entries.len(), 3);
        // What stood in the middle and is gone is no end that is missing.
        let text = std::fs::read_to_string(folder.heads()).unwrap();
        let (first, rest) = text.split_once('\n').unwrap();
        std::fs::write(folder.heads(), "\0".repeat(first.len()) + "\n" + rest).unwrap();
        let heads = crate::verification::Heads::read(&folder).unwrap();
        assert!(heads.broken.is_some());
    }
}
