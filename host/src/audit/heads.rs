//! The chain of all runs: which there were, and the first and last hash of each.
//!
//! A log that was cut, or written anew as a whole, is sound in itself; here it shows. A copy of this
//! file on another machine shows whether this file was written anew too.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::time::Duration;

use chrono::Utc;
use serde::Serialize;
use serde_json::Value;

use super::chain::{Chain, Line};
use super::folder::Folder;
use super::mask::Mask;
use super::options::Error;

/// No line is longer than this.
const LONGEST_LINE: u64 = 64 << 10;
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

/// Adds a line to the heads, and now and then removes old logs; returns where the chain has got to.
pub(super) fn append(
    folder: &Folder,
    head: Head<'_>,
    retain: Option<Duration>,
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
    file.lock().map_err(fault("cannot lock"))?;
    let (mut chain, torn) = last(&file).map_err(fault("cannot read"))?;
    let mut text = String::new();
    if torn {
        text.push('\n');
    }
    text.push_str(&line(head, &mut chain)?);
    let end = chain.clone();
    if chain.length.is_multiple_of(PRUNE_INTERVAL) {
        let runs = folder.prune(retain)?;
        if !runs.is_empty() {
            text.push_str(&line(Head::Prune { runs: &runs }, &mut chain)?);
        }
    }
    file.write_all(text.as_bytes())
        .map_err(fault("cannot write"))?;
    Ok(end)
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
fn last(mut file: &File) -> std::io::Result<(Chain, bool)> {
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(length.saturating_sub(2 * LONGEST_LINE)))?;
    let mut text = Vec::new();
    file.take(2 * LONGEST_LINE).read_to_end(&mut text)?;
    let text = String::from_utf8_lossy(&text);
    let chain = text.lines().rev().find_map(|line| {
        let value: Value = serde_json::from_str(line).ok()?;
        Some(Chain {
            length: value["seq"].as_u64()? + 1,
            head: value["hash"].as_str()?.to_owned(),
        })
    });
    let torn = !text.is_empty() && !text.ends_with('\n');
    Ok((chain.unwrap_or_default(), torn))
}

/// Returns the time as the log has it.
pub(super) fn now() -> String {
    Utc::now().format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
