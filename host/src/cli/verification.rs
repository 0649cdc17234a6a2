//! `keepdocker audit verify`: every log is judged, whatever becomes of the others.

use std::path::Path;

use super::audit::{not_found, unreadable};
use super::request;
use crate::audit::{Folder, Heads, Run, Verdict, VerifyingKey};
use crate::harmless;
use crate::output::{Console, Exit, Level, Report};

/// Verifies a run, or all of them, and prints what came of it.
///
/// # Errors
/// If anything was altered, is missing, incomplete, or cannot be read.
pub(super) fn verify(
    folder: &Folder,
    words: Option<&str>,
    copy: Option<&Heads>,
    key: Option<&VerifyingKey>,
    console: Console,
) -> Result<(), Report> {
    let mut findings = Findings::default();
    let found = match words {
        None => all_of(folder, copy, &mut findings)?,
        Some(words) => several_of(folder, words)?,
    };
    if let Some(copy) = copy
        // Logs that are named may be compared with a copy where there are no heads, or only those of other logs.
        && (words.is_none() || (!found.heads.is_empty() && found.runs.iter().all(|run| found.has_heads_of(run))))
    {
        findings.faults.extend(found.heads.differs_from(copy));
    }
    let none = Heads::default();
    let mut is_bare = false;
    for run in &found.runs {
        let is_known = !found.heads.is_empty() && found.has_heads_of(run);
        let judge = match copy {
            _ if is_known => &found.heads,
            Some(copy) if copy.have_end_of(&run.id) => copy,
            _ => {
                is_bare = true;
                &none
            }
        };
        findings.judge(run, judge, key);
    }
    if is_bare {
        console.message(
            Level::Warning,
            "there are no heads to compare with, so a log that was rewritten as a whole would not be noticed",
        );
    }
    findings.outcome(console)
}

/// Logs, and the heads that belong to them.
struct Found {
    heads: Heads,
    runs: Vec<Run>,
    /// Whether they are documents that were made of logs, of which the heads need not know.
    are_copies: bool,
}

impl Found {
    /// Tells whether the heads are those that a log belongs to.
    fn has_heads_of(&self, run: &Run) -> bool {
        !self.are_copies || self.heads.have_end_of(&run.id)
    }
}

/// Reads every log of a folder with its heads; what is missing or cannot be read is a finding, and no
/// reason to leave out the rest.
fn all_of(folder: &Folder, copy: Option<&Heads>, findings: &mut Findings) -> Result<Found, Report> {
    let faults = &mut findings.faults;
    let heads = Heads::read(folder).unwrap_or_else(|error| {
        faults.push(format!("heads: {error}"));
        Heads::default()
    });
    let broken = heads.broken.as_ref();
    faults.extend(broken.map(|broken| format!("heads: {broken}")));
    let present = folder.runs().map_err(unreadable)?;
    let mut missing: Vec<&str> = heads.missing(&present).collect();
    if let Some(copy) = copy {
        let further = copy.missing(&present);
        // What was removed after the copy was made is in the heads of today.
        missing.extend(further.filter(|run| !heads.removed(run)));
    }
    missing.sort_unstable();
    missing.dedup();
    let gone = |run: &str| format!("{run}: its log is gone");
    faults.extend(missing.iter().map(|run| gone(run)));
    for run in folder.left_over().map_err(unreadable)? {
        if !missing.contains(&run.as_str()) && !heads.removed(&run) {
            faults.push(format!("{} and something of it is left", gone(&run)));
        }
    }
    let mut runs = Vec::new();
    for run in &present {
        match Run::read(folder, run) {
            Ok(run) => runs.push(run),
            Err(error) => faults.push(format!("{run}: {error}")),
        }
    }
    Ok(Found {
        heads,
        runs,
        are_copies: false,
    })
}

/// Reads the log that a person means, or the document that was made of one, with the heads that
/// belong to it.
///
/// # Errors
/// If there is none, it cannot be read, or the file is something else, or holds several.
pub(super) fn one_of(folder: &Folder, words: &str) -> Result<(Heads, Run), Report> {
    let mut found = several_of(folder, words)?;
    if found.runs.len() > 1 {
        return Err(Report::new(
            Exit::Usage,
            format!(
                "`{}` holds the logs of {} runs, and one is wanted",
                harmless::escape(words),
                found.runs.len()
            ),
        )
        .advise("each line of it is one document; `keepdocker audit verify` takes all of them"));
    }
    let run = found.runs.remove(0);
    let heads = match found.has_heads_of(&run) {
        true => found.heads,
        false => Heads::default(),
    };
    Ok((heads, run))
}

/// Reads the log that a person means, or the documents that were made of some. There is at least one.
fn several_of(folder: &Folder, words: &str) -> Result<Found, Report> {
    let path = folder.find(words).map_err(not_found)?;
    let exported = Run::import(&path).map_err(unreadable)?;
    let found = if exported.is_empty() {
        // The heads that belong to a log lie beside it.
        let beside = Folder(path.parent().unwrap_or(Path::new("")).to_owned());
        Found {
            heads: Heads::read(&beside).map_err(unreadable)?,
            runs: vec![Run::open(&path).map_err(unreadable)?],
            are_copies: false,
        }
    } else {
        // What was exported may be known here.
        Found {
            heads: Heads::read(folder).map_err(unreadable)?,
            runs: exported,
            are_copies: true,
        }
    };
    // A run that was killed before its first line was written is one all the same, by its ID.
    let is_by_file = words.contains('/') || Path::new(words).is_file();
    let is_none = |run: &Run| run.entries.is_empty() && run.broken.is_none();
    if is_by_file && found.runs.iter().any(is_none) {
        let what = format!(
            "`{}` is not the audit log of a run",
            harmless::escape(words)
        );
        return Err(Report::new(Exit::Failed, what)
            .advise("`keepdocker audit show` lists the runs; `audit export` makes documents"));
    }
    Ok(found)
}

/// What came of comparing logs with what they should be.
#[derive(Debug, Default)]
struct Findings {
    sound: usize,
    incomplete: Vec<String>,
    /// What was altered, is missing, or cannot be read.
    faults: Vec<String>,
}

impl Findings {
    fn judge(&mut self, run: &Run, heads: &Heads, key: Option<&VerifyingKey>) {
        let verdict = match (heads.judge(run), key) {
            (Verdict::Sound, Some(key)) => run
                .check_note(key)
                .map_or_else(Verdict::Tampered, |()| Verdict::Sound),
            (Verdict::Incomplete, Some(key)) if run.is_belied(key) => Verdict::Tampered(
                "the signed note tells of an end that is not there, or of another log".to_owned(),
            ),
            (verdict, _) => verdict,
        };
        match verdict {
            Verdict::Sound => self.sound += 1,
            Verdict::Incomplete => self.incomplete.push(run.id.clone()),
            Verdict::Tampered(how) => self.faults.push(format!("{}: {how}", run.id)),
        }
    }

    fn outcome(self, console: Console) -> Result<(), Report> {
        let counted = format!(
            "{} sound, {} incomplete, {} altered or missing",
            self.sound,
            self.incomplete.len(),
            self.faults.len()
        );
        let incomplete = self.incomplete.join("\n");
        if !self.faults.is_empty() {
            let what = format!("the audit log was altered: {counted}");
            return Err(Report::new(Exit::Tampered, what)
                .detail(self.faults.join("\n"))
                .detail(incomplete));
        }
        if !self.incomplete.is_empty() {
            let what = format!(
                "an end is missing, so a run was killed, goes on still, or lost its end in a power cut: {counted}"
            );
            return Err(Report::new(Exit::Incomplete, what).detail(incomplete));
        }
        request::answer(console, format!("{counted}\n"))
    }
}

/// Reads a public key, or the file that holds it.
pub(super) fn verifying_key(text: &str) -> Result<VerifyingKey, Report> {
    let read = std::fs::read_to_string(text);
    VerifyingKey::parse(read.as_deref().unwrap_or(text)).map_err(|error| {
        let what = match &read {
            Ok(_) => format!("`{}` does not hold a key", harmless::escape(text)),
            Err(unread) if unread.kind() == std::io::ErrorKind::NotFound => format!(
                "`{}` is not a public key, and there is no file of that name",
                harmless::escape(text)
            ),
            Err(unread) => format!(
                "the key file `{}` cannot be read: {unread}",
                harmless::escape(text)
            ),
        };
        Report::new(Exit::Usage, what)
            .detail(error.to_string())
            .advise("`keepdocker audit keygen FILE` makes a key and prints its public part")
    })
}
