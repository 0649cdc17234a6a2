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
        end: End::default(),
        left: Vec::new(),
        log: (Some(9), "0 sound, 1 incomplete".into()),
        after: before.clone(),
        again: clean.clone(),
        left_at_last: Vec::new(),
        log_at_last: (Some(9), "1 sound, 1 incomplete".into()),
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
        trial.log = (Some(0), "1 sound".into());
        trial.log_at_last = (Some(0), "2 sound".into());
    });
    assert_eq!(told, [""; 0]);
}

#[test]
fn each_shortcoming_is_found() {
    type Change = fn(&mut Trial<'_>);
    let cases: [(&str, Change); 15] = [
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
        ("audit verify", |trial| trial.log.0 = Some(8)),
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
