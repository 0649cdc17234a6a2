//! Engines that refuse, fail, or talk nonsense.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::check;
use crate::support::{Cluster, Environment, StandIn};

#[test]
fn whatever_the_engine_does_is_told_in_a_paragraph() {
    let cluster = Cluster::start();
    let new = StandIn::new;
    let down =
        "echo 'Cannot connect to the Docker daemon at unix:///x. Is it running?' >&2; exit 1";
    let refused =
        "echo 'permission denied while trying to connect to the Docker daemon socket' >&2; exit 1";
    let nonsense = "wrote something else than expected";
    for (name, engine, pulls, mentions) in [
        (
            "absent",
            new().inspecting("echo 'Error: No such image: x' >&2; exit 1"),
            false,
            &["no matching image found"][..],
        ),
        (
            "down",
            StandIn::answering(down),
            false,
            &["Is it running?", "docker-archive:"],
        ),
        (
            "down",
            StandIn::answering(down),
            true,
            &["Is it running?", "docker-archive:"],
        ),
        (
            "refused",
            StandIn::answering(refused),
            false,
            &["permission denied", "docker-archive:"],
        ),
        ("mute", new().inspecting("exit 125"), false, &["125"]),
        ("killed", new().inspecting("kill -9 $$"), false, &["signal"]),
        (
            "words",
            new().inspecting("echo 'hello, I am an engine'"),
            false,
            &[nonsense],
        ),
        (
            "no object",
            new().inspecting("echo '[1, 2'"),
            false,
            &[nonsense],
        ),
        ("null", new().inspecting("echo null"), false, &[nonsense]),
        (
            "no ID",
            new().inspecting("echo '{\"RepoTags\": []}'"),
            false,
            &[nonsense],
        ),
        (
            "odd ID",
            new().inspecting("echo '{\"Id\": \"sha256:../../etc/passwd\"}'"),
            false,
            &["../../etc/passwd"],
        ),
        (
            "odd ID",
            new().inspecting("echo '{\"Id\": \"<unknown>\"}'"),
            false,
            &["image format is 'v1'"],
        ),
        (
            "bytes",
            new().inspecting("printf '\\377\\376\\n'"),
            false,
            &[nonsense],
        ),
        (
            "endless",
            new().inspecting("head -c 9000000 /dev/zero"),
            false,
            &[nonsense],
        ),
        (
            "colours",
            new().inspecting("printf '\\033[31mred\\n' >&2; exit 1"),
            false,
            &["red"],
        ),
        (
            "pull fails",
            new().pulling("echo 'manifest unknown' >&2; exit 1"),
            true,
            &["docker pull", "manifest unknown"],
        ),
        (
            "pull is mute",
            new().pulling("exit 2"),
            true,
            &["docker pull", "status 2"],
        ),
        (
            "pull is killed",
            new().pulling("kill -15 $$"),
            true,
            &["docker pull", "signal"],
        ),
        (
            "save fails",
            new().saving("echo 'no space left on device' >&2; exit 1"),
            false,
            &["docker save", "no space left"],
        ),
        (
            "save is mute",
            new().saving("exit 3"),
            false,
            &["docker save", "status 3"],
        ),
        (
            "save is killed",
            new().saving("kill -9 $$"),
            false,
            &["docker save", "signal"],
        ),
        (
            "save says nothing",
            new().saving("exit 0"),
            false,
            &["archive"],
        ),
        (
            "save says something",
            new().saving("echo 'here you are'"),
            false,
            &["archive"],
        ),
    ] {
        let mut environment = Environment::on(&cluster);
        engine.install(&mut environment);
        let pull = if pulls { "--pull" } else { "--no-pull" };

        let output = environment.arv_keepdocker(&[pull, "--retries", "0", "hello-world"]);

        check(name, &cluster, &output, mentions);
        cluster.assert_nothing_registered();
    }
}

#[test]
fn a_client_that_cannot_be_started_is_named() {
    let cluster = Cluster::start();
    for name in ["missing", "folder", "no program", "not executable"] {
        let mut environment = Environment::on(&cluster);
        let folder = environment.home().join("bin");
        let program = folder.join("docker");
        fs::create_dir(&folder).unwrap();
        match name {
            "folder" => fs::create_dir(&program).unwrap(),
            "no program" => {
                fs::write(&program, "\x7fELF and no more").unwrap();
                fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
            }
            "not executable" => fs::write(&program, "#!/bin/sh\n").unwrap(),
            _ => {}
        }
        environment.set("PATH", &folder);
        for pull in ["--pull", "--no-pull"] {
            let output = environment.arv_keepdocker(&[pull, "hello-world"]);

            let mentions = ["docker", "--engine"];
            check(&format!("{name} {pull}"), &cluster, &output, &mentions);
            cluster.assert_nothing_registered();
        }
    }
}
