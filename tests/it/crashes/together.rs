//! Several runs of ours and of the Python program at once, with one cluster, one cache and one image.

use std::collections::BTreeSet;
use std::process::{Child, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Extent, moments::Dice};
use crate::fault_matrix::Registered;
use crate::support::{Cluster, Engine, Environment, Image, Python, Tally};

/// Longer than eight uploads of a small image take one after the other.
const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn two_to_eight_runs_of_ours_and_of_python_at_once_leave_one_image_that_both_list() {
    let (Some(engine), Some(python)) = (Engine::find(), Python::find()) else {
        return;
    };
    let name = "lab/together:1";
    let Some(image) = Image::build(&engine, name, "together") else {
        return;
    };
    let extent = Extent::wanted();
    let counts: Vec<usize> = match extent.is_whole {
        true => (2..=8).chain(2..=8).collect(),
        false => vec![3, 8],
    };
    let tally = Tally::begin("groups at once");
    let dice = Mutex::new(Dice(extent.seed));
    // What falls short ends the group.
    let short = tally.each(&counts, 1, |count| {
        let mut dice = dice.lock().unwrap_or_else(PoisonError::into_inner);
        let cluster = Cluster::start();
        let environment = Environment::on(&cluster).with_engine(&engine);
        let mut children: Vec<(String, Child)> = Vec::new();
        for number in 0..*count {
            // At least one of either.
            let is_python = number == 1 || (number > 1 && dice.below(2) == 0);
            let program = match is_python {
                true => python.program("arv-keepdocker"),
                false => env!("CARGO_BIN_EXE_keepdocker").into(),
            };
            let words = match is_python {
                true => vec![name],
                false => vec!["upload", name],
            };
            let child = environment
                .prepared(&program, &words)
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            children.push((format!("{} {words:?}", program.display()), child));
            std::thread::sleep(Duration::from_millis(dice.below(60)));
        }
        await_all(&mut children);
        let mut printed = Vec::new();
        for (line, child) in children {
            let output = child.wait_with_output().unwrap();
            let told = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{line}: {told}");
            let text = String::from_utf8(output.stdout).unwrap();
            printed.extend(text.lines().last().map(str::to_owned));
        }
        // Several collections may be there, if each is whole and what was printed leads to one.
        let registered = Registered::of(&cluster);
        assert_eq!(registered.broken, [""; 0]);
        assert!(!registered.visible.is_empty());
        let collections = cluster.collections();
        for uuid in printed {
            assert!(collections.iter().any(|one| one["uuid"] == *uuid), "{uuid}");
        }
        // Those of the Python program are verbatim copies of what the engine saved.
        let contents = collections
            .iter()
            .map(|one| one["portable_data_hash"].to_string());
        assert!(
            contents.collect::<BTreeSet<_>>().len() <= 2,
            "{collections:#?}"
        );
        for link in cluster.links_of_images() {
            let is_head = |one: &&serde_json::Value| one["uuid"] == link["head_uuid"];
            assert_eq!(collections.iter().filter(is_head).count(), 1, "{link}");
        }
        for link in cluster.links_of("docker_image_hash") {
            assert_eq!(link["name"], image.id());
        }
        // The cache is such that the next run of either finds what there is.
        let again = environment.keepdocker(&["upload", name]).success();
        let theirs = python
            .run(&environment, "arv-keepdocker", &[name])
            .success();
        assert_eq!(
            again.trim(),
            theirs.lines().last().unwrap_or_default().trim()
        );
        let _ = environment.keepdocker(&["audit", "verify"]).success();
        (format!("{count} runs"), Vec::new())
    });
    assert_eq!(tally.end(counts.len(), &short), "");
}

/// Waits until all have ended; none may wait for another for ever.
fn await_all(children: &mut [(String, Child)]) {
    let deadline = Instant::now() + PATIENCE;
    for (line, child) in children.iter_mut() {
        while child.try_wait().unwrap().is_none() {
            if Instant::now() > deadline {
                child.kill().unwrap();
                panic!("{line} waits for ever");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
