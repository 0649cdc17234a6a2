//! What must hold at the end of every run, whatever it met.

use super::faults::Fault;
use super::registered::Registered;
use super::verbs::Verb;

#[cfg(test)]
mod tests;

/// How a run ended.
#[derive(Debug, Clone, Default)]
pub(crate) struct End {
    /// None if a signal ended it.
    pub(crate) code: Option<i32>,
    /// On standard output.
    pub(crate) printed: String,
    /// On standard error.
    pub(crate) told: String,
    /// The archive that it wrote, in a file or into the engine.
    pub(crate) made: Option<Vec<u8>>,
}

/// A run that met a fault, and the next one, which met none.
pub(crate) struct Trial<'a> {
    pub(crate) verb: Verb,
    pub(crate) fault: Fault,
    /// Whom a message may name.
    pub(crate) hosts: &'a [String],
    /// What nobody may see.
    pub(crate) secret: &'a str,
    pub(crate) before: &'a Registered,
    /// What a clean run leaves.
    pub(crate) done: &'a Registered,
    pub(crate) clean: &'a End,
    pub(crate) end: End,
    /// What it left behind.
    pub(crate) left: Vec<String>,
    pub(crate) after: Registered,
    pub(crate) again: End,
    pub(crate) last: Registered,
}

/// Finds what falls short, in words.
pub(crate) fn judge(trial: &Trial<'_>) -> Vec<String> {
    let mut short = Vec::new();
    match trial.end.code {
        Some(0) => whole(trial, &trial.end, &trial.after, &mut short),
        _ => failure(trial, &mut short),
    }
    told_to_people(&trial.end, trial.secret, &mut short);
    let seen = &trial.after.visible;
    if *seen != trial.before.visible && *seen != trial.done.visible {
        short.push(format!("neither as before nor complete: {seen:?}"));
    }
    for broken in &trial.after.broken {
        short.push(format!("half registered: {broken}"));
    }
    if trial.end.made.is_some() && trial.end.made != trial.clean.made {
        short.push("what it wrote is not the image".into());
    }
    for left in &trial.left {
        short.push(format!("left behind: {left}"));
    }
    let mut afterwards = Vec::new();
    match trial.verb.may_find_it_done(&trial.again) {
        true => registered(trial, &trial.last, &mut afterwards),
        false => whole(trial, &trial.again, &trial.last, &mut afterwards),
    }
    if trial.last.called != trial.done.called {
        afterwards.push(format!("{:?}", trial.last.called));
    }
    told_to_people(&trial.again, trial.secret, &mut afterwards);
    short.extend(afterwards.iter().map(|what| format!("rerun: {what}")));
    short
}

/// Checks a run that is to have done everything.
fn whole(trial: &Trial<'_>, end: &End, registered: &Registered, short: &mut Vec<String>) {
    if end.code != Some(0) {
        short.push(format!("exit {:?}: {}", end.code, end.told));
    } else if end.printed != trial.clean.printed {
        let (printed, clean) = (&end.printed, &trial.clean.printed);
        short.push(format!("printed {printed:?}, not {clean:?}; {}", end.told));
    }
    self::registered(trial, registered, short);
    if end.made != trial.clean.made {
        short.push("what it wrote is not the image".into());
    }
}

fn registered(trial: &Trial<'_>, registered: &Registered, short: &mut Vec<String>) {
    if registered.all != trial.done.all {
        short.push(format!("the cluster has {:#?}", registered.all));
    }
}

/// Checks how a run failed.
fn failure(trial: &Trial<'_>, short: &mut Vec<String>) {
    let Trial { fault, end, .. } = trial;
    if !end.code.is_some_and(|code| codes(*fault).contains(&code)) {
        short.push(format!("exit {:?} of {fault:?}: {}", end.code, end.told));
    }
    let told = end.told.to_lowercase();
    let causes = fault.causes(trial.hosts);
    if !causes.iter().any(|cause| told.contains(cause.as_str())) {
        short.push(format!("none of {causes:?} is named: {}", end.told));
    }
    if !end.printed.is_empty() {
        short.push(format!("failed, and printed {:?}", end.printed));
    }
}

/// The codes of `docs/exit-codes.md` that say what happened.
fn codes(fault: Fault) -> &'static [i32] {
    match fault {
        _ if fault.takes_for_ever() => &[10],
        // The cluster does not accept the token, or the registry this user.
        Fault::Status(401 | 403) => &[1, 7],
        // What is not there is no such image, where that is asked for.
        Fault::Status(404) => &[1, 4],
        _ => &[1],
    }
}

/// Checks what was told on standard error: a paragraph for people, without the program's own making.
pub(crate) fn told_to_people(end: &End, secret: &str, short: &mut Vec<String>) {
    const NOISE: [&str; 7] = [
        "panicked",
        "stack backtrace",
        "Error {",
        "Error(",
        "close_notify",
        "docs.rs",
        "\u{1b}[",
    ];
    for noise in NOISE {
        if end.told.contains(noise) {
            short.push(format!("`{noise}` is for nobody: {}", end.told));
        }
    }
    if end.told.lines().count() > 20 || end.told.len() > 3000 {
        short.push(format!("too long: {}", end.told));
    }
    if end.told.contains(secret) || end.printed.contains(secret) {
        short.push("the token is shown".into());
    }
}
