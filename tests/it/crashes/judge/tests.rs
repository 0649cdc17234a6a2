//! The judge finds what it is there to find.

use super::*;

fn registered(visible: &[&str]) -> Registered {
    let lines: Vec<String> = visible.iter().map(|line| (*line).to_owned()).collect();
    Registered {
        all: lines.clone(),
        visible: lines,
        ..Registered::default()
    }
}

fn killed() -> ExitStatus {
    ExitStatus::from_raw(9)
}

fn exited(code: i32) -> ExitStatus {
    ExitStatus::from_raw(code << 8)
}

/// What `audit verify` says of so many logs.
fn log(sound: usize, incomplete: usize) -> Log {
    let code = if incomplete > 0 { 9 } else { 0 };
    let told = format!("{sound} sound, {incomplete} incomplete, 0 altered or missing\n");
    Log::read(Some(code), told)
}

/// Judges an upload that was killed, left nothing, and was then changed.
fn verdict(change: impl FnOnce(&mut Trial<'_>)) -> Vec<String> {
    let (before, done) = (registered(&[]), registered(&["name leads to image"]));
    let clean = End {
        code: Some(0),
        printed: "UUID\n".into(),
        ..End::default()
    };
    let twice = clean.clone();
    let mut trial = Trial {
        verb: Verb::Upload,
        before: &before,
        done: &done,
        clean: &clean,
        twice: &twice,
        done_twice: &done,
        secret: "s3cret",
        signal: Signal::Kill,
        status: killed(),
        took: Duration::ZERO,
        end: End::default(),
        left: Vec::new(),
        log: log(0, 1),
        after: before.clone(),
        again: clean.clone(),
        left_at_last: Vec::new(),
        log_at_last: log(1, 1),
        last: done.clone(),
    };
    change(&mut trial);
    judge(&trial)
}

#[test]
fn what_is_as_it_should_be_passes() {
    assert_eq!(verdict(|_| ()), [""; 0]);
    let done_in_the_end = verdict(|trial| {
        trial.after = trial.done.clone();
        trial.end.printed = "UUID\n".into();
    });
    assert_eq!(done_in_the_end, [""; 0]);
    let told = verdict(|trial| {
        (trial.signal, trial.status) = (Signal::Terminate, exited(143));
        trial.log = log(1, 0);
        trial.log_at_last = log(2, 0);
    });
    assert_eq!(told, [""; 0]);
    // Before anything is said of signals, and of the run.
    let early = verdict(|trial| {
        (trial.signal, trial.status) = (Signal::Terminate, ExitStatus::from_raw(15));
        (trial.log, trial.log_at_last) = (log(0, 0), log(1, 0));
    });
    assert_eq!(early, [""; 0]);
    // A disk on which a line takes longer than there is time.
    let slow = verdict(|trial| {
        (trial.signal, trial.status) = (Signal::Terminate, exited(143));
        trial.took = Duration::from_millis(750);
    });
    assert_eq!(slow, [""; 0]);
}

#[test]
fn a_forced_upload_that_was_killed_may_leave_a_whole_collection_and_no_half_one() {
    let registered = |lines: &[&str]| {
        let mut registered = registered(lines);
        registered.visible.clear();
        registered
    };
    // Trials are changed by what outlives them.
    let kept = |lines: &[&str]| -> &'static Registered { Box::leak(Box::new(registered(lines))) };
    let (done, twice) = (kept(&["c", "l"]), kept(&["c", "c", "l", "l"]));
    let found = |last: Registered| {
        verdict(|trial| {
            trial.verb = Verb::Force;
            (trial.before, trial.done, trial.done_twice) = (done, done, twice);
            trial.after = done.clone();
            trial.last = last;
        })
    };
    assert_eq!(found(registered(&["c", "c", "l"])), [""; 0]);
    for lines in [&["c"][..], &["c", "c", "c", "l"], &["c", "l", "x"]] {
        assert_ne!(found(registered(lines)), [""; 0], "{lines:?}");
    }
    let mut half = registered(&["c", "c", "l"]);
    half.broken.push("c".into());
    assert_ne!(found(half), [""; 0]);
}

#[test]
fn each_shortcoming_is_found() {
    type Change = fn(&mut Trial<'_>);
    let cases: [(&str, Change); 16] = [
        ("ended with", |trial| trial.status = exited(1)),
        ("ended with", |trial| {
            trial.status = ExitStatus::from_raw(15)
        }),
        ("ended with", |trial| {
            (trial.signal, trial.status) = (Signal::Terminate, ExitStatus::from_raw(15));
        }),
        ("exit 0, and", |trial| {
            (trial.status, trial.end.code) = (exited(0), Some(0));
        }),
        ("before it was done", |trial| {
            trial.end.printed = "UUID\n".into();
        }),
        ("neither as before", |trial| {
            trial.after = registered(&["name leads to nothing"]);
        }),
        ("half registered", |trial| {
            trial.after.broken = vec!["name".into()];
        }),
        ("is not the image", |trial| {
            trial.end.made = Some(b"half".to_vec());
        }),
        ("left behind: a.part", |trial| {
            (trial.signal, trial.status) = (Signal::Interrupt, exited(130));
            trial.left = vec!["a.part".into()];
        }),
        ("left behind: the engine's process", |trial| {
            trial.left = vec!["the engine's process".into()];
        }),
        ("audit verify", |trial| trial.log.code = Some(8)),
        ("rerun: audit verify", |trial| trial.log_at_last = log(0, 1)),
        ("audit verify", |trial| {
            (trial.signal, trial.status) = (Signal::Terminate, exited(143));
        }),
        ("rerun: exit Some(1)", |trial| trial.again.code = Some(1)),
        ("rerun: the cluster has", |trial| {
            trial.last.all.push("a second collection".into());
        }),
        ("the token is shown", |trial| {
            trial.end.told = "Bearer s3cret".into();
        }),
    ];
    for (number, (expected, change)) in cases.into_iter().enumerate() {
        let found = verdict(change);
        let is_found = found.iter().any(|what| what.contains(expected));
        assert!(is_found, "case {number}: {expected}: {found:?}");
    }
    let left = verdict(|trial| trial.left_at_last = vec!["cache/x.journal".into()]);
    assert_eq!(left, ["rerun: left behind: cache/x.journal"]);
}

#[test]
fn of_several_images_each_may_be_done_or_not() {
    let (before, done) = (registered(&["1", "2", "3"]), registered(&["3"]));
    let seen = |verb, lines: &[&str]| between(verb, [&before, &done], &registered(lines));
    assert_eq!(seen(Verb::Prune, &["2", "3"]), [""; 0]);
    for (verb, lines) in [
        (Verb::Remove, &["2", "3"][..]),
        (Verb::Prune, &["2"]),
        (Verb::Prune, &["3", "4"]),
    ] {
        assert_ne!(seen(verb, lines), [""; 0], "{verb:?} {lines:?}");
    }
}
