//! `keepdocker audit verify`: every log is judged, whatever becomes of the others.

use std::path::Path;

use super::request;
use crate::audit::{Folder, Heads, Run, Verdict, VerifyingKey};
use crate::bindings::log::Level;
use crate::output::{Console, Exit, Report};

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
    let (heads, checked) = match words {
        None => all_of(folder, copy, &mut findings)?,
        Some(words) => one_of(folder, words)?,
    };
    if let Some(copy) = copy
        // One log alone may be compared with a copy where there are no heads.
        && (words.is_none() || !heads.is_empty())
    {
        findings.faults.extend(heads.differs_from(copy));
    }
    if copy.is_none() && heads.is_empty() && !checked.is_empty() {
        console.message(
            Level::Warning,
            "there are no heads to compare with, so a log that was written anew as a whole would not show",
        );
    }
    for run in &checked {
        let judge = match copy {
            Some(copy) if heads.is_empty() && copy.have_end_of(&run.id) => copy,
            _ => &heads,
        };
        findings.judge(run, judge, key);
    }
    findings.outcome(console)
}

/// Reads every log of a folder with its heads; what is missing or cannot be read is a finding, and no
/// reason to leave out the rest.
fn all_of(
    folder: &Folder,
    copy: Option<&Heads>,
    findings: &mut Findings,
) -> Result<(Heads, Vec<Run>), Report> {
    let faults = &mut findings.faults;
    let heads = Heads::read(folder).unwrap_or_else(|error| {
        faults.push(format!("heads: {error}"));
        Heads::default()
    });
    let broken = heads.broken.as_ref();
    faults.extend(broken.map(|broken| format!("heads: {broken}")));
    let present = folder.runs()?;
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
    for run in folder.left_over()? {
        if !missing.contains(&run.as_str()) && !heads.removed(&run) {
            faults.push(format!("{} and something of it is left", gone(&run)));
        }
    }
    let mut checked = Vec::new();
    for run in &present {
        match Run::read(folder, run) {
            Ok(run) => checked.push(run),
            Err(error) => faults.push(format!("{run}: {error}")),
        }
    }
    Ok((heads, checked))
}

/// Reads one log with the heads that belong to it.
fn one_of(folder: &Folder, words: &str) -> Result<(Heads, Vec<Run>), Report> {
    let path = folder.find(words)?;
    let exported = Run::import(&path)?;
    // The heads that belong to a log lie beside it; what was exported may be known here.
    let heads = match &exported {
        None => Heads::read(&Folder(path.parent().unwrap_or(Path::new("")).to_owned()))?,
        Some(run) => {
            let heads = Heads::read(folder)?;
            if heads.have_end_of(&run.id) {
                heads
            } else {
                Heads::default()
            }
        }
    };
    Ok((heads, vec![exported.map_or_else(|| Run::open(&path), Ok)?]))
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
                "the last line is missing, so the run was killed or goes on still: {counted}"
            );
            return Err(Report::new(Exit::Incomplete, what).detail(incomplete));
        }
        request::answer(console, format!("{counted}\n"))
    }
}

/// Reads a public key, or the file that holds it.
pub(super) fn verifying_key(text: &str) -> Result<VerifyingKey, Report> {
    let read = std::fs::read_to_string(text);
    VerifyingKey::parse(read.as_deref().unwrap_or(text))
        .map_err(|error| Report::new(Exit::Usage, error.to_string()))
}
