//! What must hold after a run that was cut short.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Duration;

use super::moments::Signal;
use crate::fault_matrix::{End, Registered, Verb, told_to_people};

#[cfg(test)]
mod tests;

/// How long a program lets its work write the end of its log once a signal came, so that it ends within a second
/// even where a disk is as busy as that.
const GRACE: Duration = Duration::from_millis(700);

/// A run that was cut short, and the next one.
pub(super) struct Trial<'a> {
    pub(super) verb: Verb,
    pub(super) before: &'a Registered,
    /// What a clean run leaves, and how it ends.
    pub(super) done: &'a Registered,
    pub(super) clean: &'a End,
    /// How a run ends that finds the work done.
    pub(super) twice: &'a End,
    /// What it leaves.
    pub(super) done_twice: &'a Registered,
    /// What nobody may see.
    pub(super) secret: &'a str,
    pub(super) signal: Signal,
    pub(super) status: ExitStatus,
    /// How long after the signal it ended.
    pub(super) took: Duration,
    pub(super) end: End,
    /// What the run left behind.
    pub(super) left: Vec<String>,
    /// What `audit verify` says then.
    pub(super) log: Log,
    pub(super) after: Registered,
    pub(super) again: End,
    pub(super) left_at_last: Vec<String>,
    pub(super) log_at_last: Log,
    pub(super) last: Registered,
}

/// How many logs there are of each kind, by `audit verify`, and what it said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Log {
    pub(super) code: Option<i32>,
    pub(super) sound: usize,
    pub(super) incomplete: usize,
    pub(super) altered: usize,
    pub(super) told: String,
}

impl Log {
    /// Reads what `audit verify` says.
    pub(super) fn read(code: Option<i32>, told: String) -> Log {
        let words: Vec<&str> = told.split([' ', ',', '\n']).collect();
        let count = |kind: &str| {
            let pairs = words.windows(2).filter(|pair| pair[1] == kind);
            pairs.filter_map(|pair| pair[0].parse().ok()).next()
        };
        let counts = ["sound", "incomplete", "altered"].map(count);
        let [Some(sound), Some(incomplete), Some(altered)] = counts else {
            panic!("this tells of no logs: {told}");
        };
        Log {
            code,
            sound,
            incomplete,
            altered,
            told,
        }
    }

    /// Tells whether there are so many sound and incomplete ones, and no others, and the exit code says so.
    fn is(&self, sound: usize, incomplete: usize) -> bool {
        let code = if incomplete > 0 { 9 } else { 0 };
        let counts = (self.sound, self.incomplete, self.altered);
        self.code == Some(code) && counts == (sound, incomplete, 0)
    }
}

/// Finds what falls short, in words.
pub(super) fn judge(trial: &Trial<'_>) -> Vec<String> {
    let mut short = ended(trial.signal, trial.status, &trial.log);
    let is_done = trial.end.code == Some(0);
    if is_done && trial.after.all != trial.done.all {
        short.push(format!(
            "exit 0, and the cluster has {:#?}",
            trial.after.all
        ));
    }
    let reads = trial.verb == Verb::List;
    if !reads && !trial.end.printed.is_empty() && trial.after.visible != trial.done.visible {
        let printed = &trial.end.printed;
        short.push(format!("printed {printed:?} before it was done"));
    }
    short.extend(between(
        trial.verb,
        [trial.before, trial.done],
        &trial.after,
    ));
    if trial.end.made.is_some() && trial.end.made != trial.clean.made {
        short.push("what it wrote is not the image".into());
    }
    // What is killed cleans nothing up; all else does. The engine ends with the program.
    let cleans_up = trial.signal != Signal::Kill;
    let is_left = |left: &&String| cleans_up || left.contains("process");
    for left in trial.left.iter().filter(is_left) {
        short.push(format!("left behind: {left}"));
    }
    short.extend(of_log(trial));
    told_to_people(&trial.end, trial.secret, &mut short);
    let mut afterwards = again(trial);
    for left in &trial.left_at_last {
        afterwards.push(format!("left behind: {left}"));
    }
    if !trial
        .log_at_last
        .is(trial.log.sound + 1, trial.log.incomplete)
    {
        afterwards.push(format!("audit verify: {:?}", trial.log_at_last));
    }
    told_to_people(&trial.again, trial.secret, &mut afterwards);
    short.extend(afterwards.iter().map(|what| format!("rerun: {what}")));
    short
}

/// Checks the status of a run to which a signal came, perhaps too late.
fn ended(signal: Signal, status: ExitStatus, log: &Log) -> Vec<String> {
    // Before the program has said how it wants to be ended, a signal ends it as the system does it; it has no log then.
    let is_early = signal == Signal::Kill || log.is(0, 0);
    let is_by_signal = status.signal() == Some(signal.number()) && is_early;
    let is_told = signal != Signal::Kill && status.code() == Some(128 + signal.number());
    match is_by_signal || is_told || status.success() {
        true => Vec::new(),
        false => vec![format!("ended with {status}")],
    }
}

/// Checks that what can be seen is as before or as a clean run leaves it, and whole.
fn between(verb: Verb, [before, done]: [&Registered; 2], after: &Registered) -> Vec<String> {
    let mut short = Vec::new();
    let seen = &after.visible;
    let is_either = *seen == before.visible || *seen == done.visible;
    // Of several images each is as before or done.
    let is_each = verb == Verb::Prune
        && seen.iter().all(|line| before.visible.contains(line))
        && done.visible.iter().all(|line| seen.contains(line));
    if !is_either && !is_each {
        short.push(format!("neither as before nor complete: {seen:#?}"));
    }
    for broken in &after.broken {
        short.push(format!("half registered: {broken}"));
    }
    short
}

/// Checks the log: its end is missing only where nothing could be written any more, or not in the time that there is for it; all
/// of it only where the run ended before it began one.
fn of_log(trial: &Trial<'_>) -> Vec<String> {
    let (log, status) = (&trial.log, trial.status);
    let ran_out = !status.success() && trial.took >= GRACE;
    let is_cut = (status.signal().is_some() || ran_out) && log.is(0, 1);
    let is_none = !status.success() && log.is(0, 0);
    match log.is(1, 0) || is_cut || is_none {
        true => Vec::new(),
        false => {
            let took = trial.took;
            vec![format!("audit verify after {status} in {took:?}: {log:?}")]
        }
    }
}

/// Checks the next run.
fn again(trial: &Trial<'_>) -> Vec<String> {
    let mut short = Vec::new();
    let again = &trial.again;
    let is_as = |other: &End| again.code == other.code && again.printed == other.printed;
    let was_done = trial.after.visible == trial.done.visible;
    // A rule for several images finds those that are left.
    let is_partly_done = trial.verb == Verb::Prune && again.code == Some(0);
    let is_right = is_as(trial.clean) || is_partly_done || (was_done && is_as(trial.twice));
    if !is_right {
        let (code, printed, told) = (again.code, &again.printed, &again.told);
        short.push(format!("exit {code:?}, printed {printed:?}: {told}"));
    }
    let is_done = |registered: &Registered| {
        trial.last.all == registered.all && trial.last.called == registered.called
    };
    // Whoever forces an upload wants a collection of its own. If the first run is killed once it has made one, that stays, with
    // those of its links that were made, and is whole.
    let is_forced = trial.verb == Verb::Force
        && has_all_of(&trial.last.all, &trial.done.all)
        && has_all_of(&trial.done_twice.all, &trial.last.all)
        && trial.last.broken.is_empty();
    if !is_done(trial.done) && !is_forced {
        let Registered { all, called, .. } = &trial.last;
        short.push(format!("the cluster has {all:#?}, {called:#?}"));
    }
    if again.made != trial.clean.made {
        short.push("what it wrote is not the image".into());
    }
    short
}

/// Tells whether these lines have each of those, as often as it stands there.
fn has_all_of(lines: &[String], those: &[String]) -> bool {
    let count = |lines: &[String], line: &String| lines.iter().filter(|one| *one == line).count();
    those
        .iter()
        .all(|line| count(lines, line) >= count(those, line))
}
