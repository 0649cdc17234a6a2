//! Servers that take connections and then say nothing: the user is told that the program waits, and for
//! whom, before anything is given up.

use std::fs;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use keepdocker_sandbox::faults::{Action, Fault};

use crate::support::{Cluster, Environment, data};

const SILENCE: Duration = Duration::from_secs(12);

#[test]
fn whoever_is_waited_for_is_told_after_some_seconds() {
    let archive = format!("docker-archive:{}", data("tiny-docker20.10.tar").display());
    let upload = ["upload", "--force", "--from", &archive];
    for (method, path, arguments) in [
        ("GET", "/arvados/v1/links", &["images"][..]),
        ("PUT", "/", &upload),
        ("POST", "/arvados/v1/collections", &upload),
    ] {
        let cluster = Cluster::start();
        let fault = Fault::on(path, Action::Delay(SILENCE)).method(method);
        cluster.faults().plan(fault);

        let output = Environment::on(&cluster).keepdocker(arguments);

        let told = output.stderr.matches("still waiting for").count();
        assert_eq!(told, 1, "{method} {path}: {output}");
        assert!(
            output.stderr.contains("next to nothing has moved for 10 s"),
            "{output}"
        );
        let _ = output.success();
    }
}

#[test]
fn the_drop_in_tells_it_too() {
    let cluster = Cluster::start();
    let fault = Fault::on("/arvados/v1/links", Action::Delay(SILENCE)).method("GET");
    cluster.faults().plan(fault);

    let output = Environment::on(&cluster).arv_keepdocker::<&str>(&[]);

    assert!(output.stderr.contains("still waiting for"), "{output}");
    let _ = output.success();
}

/// The deadline of a policy bounds what is asked before the component starts, too.
#[test]
fn a_deadline_begins_with_the_first_request() {
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let policy = environment.home().join("policy.toml");
    // What the cluster is called by must be asked, since a rule names one.
    let text = "schema = \"keepdocker.policy/1\"\nlimits.deadline = \"2s\"\n\
         [[allow]]\nid = \"all\"\nverbs = [\"*\"]\nreason = \"test\"\n\
         [[deny]]\nid = \"elsewhere\"\nverbs = [\"links.list\"]\nclusters = [\"zzzzz\"]\nreason = \"test\"\n";
    fs::write(&policy, text).unwrap();
    let policy = policy.to_str().unwrap();
    let _ = environment
        .keepdocker(&["--policy", policy, "images"])
        .success();
    let hanging = Fault::on("/arvados/v1/config", Action::Delay(Duration::from_secs(60)));
    cluster.faults().plan(hanging.method("GET"));

    let began = Instant::now();
    let output = environment.keepdocker(&["--policy", policy, "images"]);

    assert!(
        began.elapsed() < Duration::from_secs(30),
        "{:?}",
        began.elapsed()
    );
    let told = output.failure(10);
    assert!(told.contains("not done after 2 seconds"), "{output}");
}

#[test]
fn a_cluster_that_was_never_reached_is_given_up_in_seconds() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    let cluster = Cluster::start();
    let mut environment = Environment::on(&cluster);
    environment.set("ARVADOS_API_HOST", &*address);
    for (more, tries) in [
        (&[][..], 2),
        (&["--retries", "3"], 3),
        (&["--retries=0"], 0),
    ] {
        let began = Instant::now();
        let output = environment.keepdocker(&[&["images"], more].concat());
        assert!(output.failure(1).contains("cannot be reached"), "{output}");
        let again = output.stderr.matches("trying again").count();
        assert_eq!(again, tries, "{output}");
        // Three seconds at most are waited for two tries; the rest is what a busy machine adds.
        let took = began.elapsed();
        assert!(tries > 2 || took < Duration::from_secs(20), "{took:?}");
    }
}
