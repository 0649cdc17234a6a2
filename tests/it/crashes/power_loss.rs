//! What a loss of power may leave of the cache and the audit log, and what the next run makes of it.
//!
//! `strace` records what an upload that fails, and the next one that does not, do to these files: in which order
//! they write, force to disk, rename and remove. From that [`model`] builds what a disk may have after a loss of
//! power at any of these steps. Each such state gets a log that is looked at, and an upload.

mod model;
mod recording;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use keepdocker_sandbox::faults::{Action, Fault};
use tempfile::TempDir;

use super::Extent;
use super::moments::Dice;
use crate::fault_matrix::{Registered, Scene, Verb, copy, told_to_people};
use crate::support::{Account, Environment, Short, Tally, skip};
use model::{Files, State, Step, states};

/// The folders of an environment that a loss of power is about.
const KEPT: [&str; 2] = ["cache", "state"];

#[test]
fn a_loss_of_power_at_any_write_leaves_a_log_that_is_cut_at_worst_and_an_upload_that_completes() {
    if !recording::is_possible() {
        return skip("strace, which shows what is written in which order");
    }
    let tally = Tally::begin("losses of power");
    let extent = Extent::wanted();
    let scene = Scene::of(Verb::Upload);
    let recorded = Recorded::new(&scene);
    let mut all: Vec<(State, &TempDir)> = Vec::new();
    for part in &recorded.parts {
        let made = states(&part.before, &part.steps);
        all.extend(made.into_iter().map(|state| (state, &part.cluster)));
    }
    let mut seen = BTreeSet::new();
    all.retain(|(state, _)| seen.insert(state.files.clone()));
    if !extent.is_whole {
        let mut dice = Dice(extent.seed);
        while all.len() > 40 {
            let which = usize::try_from(dice.below(all.len() as u64)).unwrap();
            all.swap_remove(which);
        }
    }
    // One at a time: each cluster wants the port of the one that was recorded, which the journals are for.
    let tried = all.len();
    let mut short = Short::new();
    for (state, cluster) in all {
        let found = try_state(&scene, &state, cluster);
        if !found.is_empty() {
            short.push((state.name, found));
        }
    }
    assert_eq!(tally.end(tried, &short), "");
}

/// What runs do to the files, with what there is before, and the cluster after.
struct Part {
    before: Files,
    steps: Vec<Step>,
    cluster: TempDir,
}

struct Recorded {
    parts: Vec<Part>,
}

impl Recorded {
    /// Records an upload that fails once its data are sent, and the one after it.
    fn new(scene: &Scene) -> Recorded {
        let place = scene.place();
        let environment = &place.environment;
        // Of earlier runs there are logs.
        let _ = environment.keepdocker(&["images"]).success();
        let mut parts = Vec::new();
        for fails in [true, false] {
            let before = files(environment);
            if fails {
                let fault = Fault::on("/arvados/v1/collections", Action::Answer(503));
                place.cluster.faults().plan(fault.method("POST"));
            }
            let words = place.words(&["--retries", "0"]);
            let (output, steps) = recording::record(environment, &words, &KEPT);
            assert_eq!(output.status.success(), !fails, "{output}");
            let cluster = tempfile::tempdir().unwrap();
            copy(place.cluster.folder(), cluster.path());
            // What is recorded is all that was done.
            let last = states(&before, &steps).pop().unwrap();
            let found = files(environment);
            let names = last.files.keys().chain(found.keys());
            let differ: BTreeSet<&String> = names
                .filter(|name| last.files.get(*name) != found.get(*name))
                .collect();
            assert!(differ.is_empty(), "not all of it was seen: {differ:?}");
            parts.push(Part {
                before,
                steps,
                cluster,
            });
        }
        Recorded { parts }
    }
}

/// Lets a run find this, and returns what falls short.
fn try_state(scene: &Scene, state: &State, cluster: &TempDir) -> Vec<String> {
    let place = scene.place_on(cluster.path());
    let environment = &place.environment;
    for (path, bytes) in &state.files {
        let path = environment.home().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    let mut short = Vec::new();
    let mut check_log = |when: &str| {
        let verified = environment.keepdocker(&["audit", "verify"]);
        if ![Some(0), Some(9)].contains(&verified.status.code()) {
            short.push(format!("{when}: {verified}"));
        }
    };
    check_log("before");
    let again = place.run(&[]);
    check_log("after");
    let listed = environment.keepdocker(&["cache", "list"]);
    if !listed.status.success() {
        short.push(format!("{listed}"));
    }
    if again.code != Some(0) || again.printed != scene.clean().printed {
        short.push(format!("the upload: {again:?}"));
    }
    told_to_people(&again, "no secret of this cluster", &mut short);
    let registered = Registered::of(&place.cluster);
    if registered.all != scene.done().all {
        short.push(format!("the cluster has {:#?}", registered.all));
    }
    let account = Account::usual(&place.cluster);
    let collection = place.cluster.collections().pop().unwrap();
    let uuid = collection["uuid"].as_str().unwrap();
    if let Err(defect) = account.check(uuid, &Verb::image()) {
        short.push(format!("not the image: {defect}"));
    }
    // Of a run whose log has lost all lines the heads may know, so the empty log stays. What this machine knows of layers
    // is one file for all runs, which the next layer that is hashed is added to.
    let serves = |left: &&String| left.ends_with(".jsonl") || left.ends_with("/layers.record");
    for left in place.left().iter().filter(|left| !serves(left)) {
        short.push(format!("left behind: {left}"));
    }
    short
}

/// What the folders of an environment have.
fn files(environment: &Environment) -> Files {
    let mut files = Files::new();
    for folder in KEPT {
        gather(
            environment.home(),
            &environment.home().join(folder),
            &mut files,
        );
    }
    files
}

fn gather(home: &Path, folder: &Path, files: &mut Files) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(home, &path, files);
        } else {
            let name = path.strip_prefix(home).unwrap().display().to_string();
            files.insert(name, fs::read(path).unwrap());
        }
    }
}
