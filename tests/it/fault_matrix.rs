//! Every fault at every step of every verb: what a run that meets it does, says, leaves, and what the next
//! run makes of that.
//!
//! A clean run of each verb records its steps: its requests to the cluster and to the registry, and its calls
//! of the engine. Then the verb runs again for each fault at each step, and [`judge`] looks at the end. The
//! test command takes a sample that has every verb, every step and every fault in it; `KEEPDOCKER_FAULTS=all`
//! takes all, and a number another sample.

mod door;
mod engine;
mod faults;
mod judge;
mod registered;
mod registry;
mod sample;
mod scene;
mod verbs;

use std::collections::BTreeMap;

use crate::support::Tally;
use faults::{Fault, Manner};

pub(crate) use judge::{End, told_to_people};
pub(crate) use registered::Registered;
pub(crate) use scene::{Place, Scene, Whom, copy, secret, without_uuids};
pub(crate) use verbs::{PROJECT, Verb};

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
    try_all(Verb::MATRIX.map(Scene::of).into(), "faults");
}

#[test]
fn every_fault_of_names_and_of_tls_on_the_way_to_a_registry_is_told_and_a_plain_rerun_completes_it()
{
    if let Some(scene) = Scene::behind_doors() {
        try_all(vec![scene], "faults of names and TLS");
    }
}

/// Tries the cases that are wanted, and says what came of them.
fn try_all(scenes: Vec<Scene>, what: &'static str) {
    let tally = Tally::begin(what);
    let scenes: BTreeMap<Verb, Scene> = scenes
        .into_iter()
        .map(|scene| (scene.verb(), scene))
        .collect();
    let all = cases(&scenes);
    let chosen = match std::env::var("KEEPDOCKER_FAULTS") {
        Ok(wanted) if wanted == "all" => all,
        Ok(wanted) => match wanted.parse() {
            Ok(seed) => sample::covering(&all, seed),
            Err(_) => {
                // The words are about cases of one of the tests.
                let is_of_doors = wanted.contains(&format!("{:?}", Verb::Secure));
                if is_of_doors != scenes.contains_key(&Verb::Secure) {
                    return;
                }
                let is_wanted = |case: &Case| scenes[&case.verb].name_of(case).contains(&wanted);
                all.into_iter().filter(is_wanted).collect()
            }
        },
        Err(_) => sample::covering(&all, 17),
    };
    assert!(!chosen.is_empty(), "no case is called so");
    let short = tally.each(&chosen, SIDE_BY_SIDE, |case| {
        let scene = &scenes[&case.verb];
        (scene.name_of(case), scene.try_case(case))
    });
    let _ = tally.end(chosen.len(), &short);
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
