//! Runs that are cut short at every request in turn: each leaves nothing that can be seen, or what the
//! next run completes.

use std::process::Stdio;
use std::time::{Duration, Instant};

use keepdocker_sandbox::faults::{Action, Fault};

use crate::support::{Cluster, Environment, data};

/// More requests than an upload of the small image makes.
const MANY: usize = 60;
/// As good as for ever.
const LONG: Duration = Duration::from_secs(600);

#[test]
fn a_run_that_is_killed_at_any_request_is_completed_by_the_next() {
    let runs = at_every_request(|cluster, environment, number| {
        cluster
            .faults()
            .plan(Fault::on("", Action::Delay(LONG)).after(number));
        let mut child =
            environment.start(env!("CARGO_BIN_EXE_keepdocker"), &upload(), Stdio::null());
        let deadline = Instant::now() + Duration::from_secs(60);
        // A program that is killed at one request has done all that came before it.
        let is_cut = loop {
            assert!(Instant::now() < deadline, "request {number} never came");
            if cluster.faults().left() == 0 {
                break true;
            }
            if child.try_wait().unwrap().is_some() {
                break false;
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        if is_cut {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        is_cut
    });
    assert!(runs > 8, "only {runs} requests");
}

#[test]
fn a_connection_lost_at_any_request_leaves_nothing_twice() {
    for action in [Action::DropBefore, Action::DropAfter] {
        let runs = at_every_request(|cluster, environment, number| {
            cluster
                .faults()
                .plan(Fault::on("", action.clone()).after(number));
            // Whether it gets over the loss or ends with an error, nothing may come of it twice.
            let _ = environment.keepdocker(&upload());
            cluster.faults().left() == 0
        });
        assert!(runs > 8, "only {runs} requests");
    }
}

fn upload() -> [String; 5] {
    let archive = data("hello-world-ManifestV2.tar");
    [
        "upload".into(),
        "--from".into(),
        format!("docker-archive:{}", archive.display()),
        "--retries".into(),
        "0".into(),
    ]
}

/// Cuts a run short at one request after the other, and checks what the next run makes of each.
///
/// `cut` gets the number of the request, from 0, and tells whether there was one. Returns how many
/// requests there were.
fn at_every_request(mut cut: impl FnMut(&Cluster, &Environment, usize) -> bool) -> usize {
    for number in 0..MANY {
        let cluster = Cluster::start();
        let environment = Environment::on(&cluster);
        let is_cut = cut(&cluster, &environment, number);
        cluster.faults().clear();
        // A name that can be seen leads to a whole image.
        for link in cluster.links_of("docker_image_repo+tag") {
            assert_eq!(link["head_uuid"], cluster.only_collection()["uuid"]);
            assert_eq!(cluster.links_of("docker_image_hash").len(), 1);
        }

        let printed = environment.keepdocker(&upload()).success();

        let collection = cluster.only_collection();
        assert_eq!(printed.trim(), collection["uuid"], "request {number}");
        for class in ["docker_image_hash", "docker_image_repo+tag"] {
            let links = cluster.links_of(class);
            assert_eq!(links.len(), 1, "request {number}: {links:#?}");
            assert_eq!(links[0]["head_uuid"], collection["uuid"]);
        }
        if !is_cut {
            return number;
        }
    }
    panic!("an upload made more than {MANY} requests");
}
