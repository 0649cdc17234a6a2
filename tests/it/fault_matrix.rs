//! Every fault at every step of every verb: what a run that meets it does, says, leaves, and what the next
//! run makes of that.
//!
//! A clean run of each verb records its steps: its requests to the cluster and to the registry, and its calls
//! of the engine. Then the verb runs again for each fault at each step, and [`judge`] looks at the end. The
//! test command takes a sample that has every verb, every step and every fault in it; `KEEPDOCKER_FAULTS=all`
//! takes all, and a number another sample.

mod engine;
mod faults;
mod judge;
mod registered;
mod registry;
mod sample;
mod scene;
mod verbs;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::panic::AssertUnwindSafe;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use faults::{Fault, Manner};

pub(crate) use judge::{End, told_to_people};
pub(crate) use registered::Registered;
pub(crate) use scene::{Place, Scene, Whom, copy, secret, without_uuids};
pub(crate) use verbs::Verb;

/// How many runs go on at a time; most of them wait for something.
const SIDE_BY_SIDE: usize = 5;

/// What falls short and is not to be mended: what stands in the names of its cases, and why.
const KNOWN: [(&[&str], &str); 1] = [(
    &[
        "Remove, Cluster step ",
        "(GET /arvados/v1/collections/",
        "Status(404)",
    ],
    "a cluster that says that a collection is gone, even from the trash, is believed: somebody else may have removed it",
)];

/// Tells whether all this stands in the name of a case.
fn is_called(name: &str, parts: &[&str]) -> bool {
    parts.iter().all(|part| name.contains(part))
}

/// One fault that one run meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Case {
    verb: Verb,
    whom: Whom,
    /// The number of the step among those with the same party.
    step: usize,
    fault: Fault,
    manner: Manner,
}

#[test]
fn every_fault_at_every_step_is_survived_or_told_and_a_plain_rerun_completes_it() {
    let scenes: BTreeMap<Verb, Scene> = Verb::MATRIX.map(|verb| (verb, Scene::of(verb))).into();
    let all = cases(&scenes);
    let chosen = match std::env::var("KEEPDOCKER_FAULTS") {
        Ok(wanted) if wanted == "all" => all,
        Ok(wanted) => match wanted.parse() {
            Ok(seed) => sample::covering(&all, seed),
            Err(_) => {
                let is_wanted = |case: &Case| scenes[&case.verb].name_of(case).contains(&wanted);
                all.into_iter().filter(is_wanted).collect()
            }
        },
        Err(_) => sample::covering(&all, 17),
    };
    assert!(!chosen.is_empty(), "no case is called so");
    let next = AtomicUsize::new(0);
    let short = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                while let Some(case) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let scene = &scenes[&case.verb];
                    let tried = std::panic::catch_unwind(AssertUnwindSafe(|| scene.try_case(case)));
                    let found =
                        tried.unwrap_or_else(|_| vec!["the trial itself broke down".into()]);
                    if !found.is_empty() {
                        let name = scene.name_of(case);
                        short.lock().unwrap().push((name, found));
                    }
                }
            });
        }
    });
    let mut short = short.into_inner().unwrap();
    short.sort();
    report(chosen.len(), &short);
    let is_known = |name: &str| KNOWN.iter().any(|(known, _)| is_called(name, known));
    let unknown: Vec<String> = short
        .iter()
        .filter(|(name, _)| !is_known(name))
        .map(|(name, found)| format!("{name}\n    {}", found.join("\n    ")))
        .collect();
    assert!(
        unknown.is_empty(),
        "these fall short:\n{}",
        unknown.join("\n")
    );
    for (known, reason) in KNOWN {
        let was_tried = |case: &&Case| is_called(&scenes[&case.verb].name_of(case), known);
        let still_falls_short = short.iter().any(|(name, _)| is_called(name, known));
        assert!(
            still_falls_short || !chosen.iter().any(|case| was_tried(&case)),
            "{known:?} ({reason}) falls short no more: take it from the list"
        );
    }
}

/// Every fault that can happen at each step of each verb.
fn cases(scenes: &BTreeMap<Verb, Scene>) -> Vec<Case> {
    let mut cases = Vec::new();
    for (verb, scene) in scenes {
        for whom in Whom::ALL {
            for step in 0..scene.steps(whom).len() {
                for fault in Fault::of(whom) {
                    for manner in fault.manners(whom) {
                        cases.push(Case {
                            verb: *verb,
                            whom,
                            step,
                            fault,
                            manner: *manner,
                        });
                    }
                }
            }
        }
    }
    cases
}

/// Says in one line what came of it, past the capture of the test program.
fn report(tried: usize, short: &[(String, Vec<String>)]) {
    let line = format!(
        "\nfaults: {tried} tried, {} survived, {} fall short\n",
        tried - short.len(),
        short.len()
    );
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}
