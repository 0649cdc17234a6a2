//! Many runs of one account at the same time, as a workflow's jobs start them.

use std::collections::HashSet;
use std::process::Stdio;

use super::{ARV_KEEPDOCKER, KEEPDOCKER, place};
use crate::support::{Cluster, Environment};

/// Runs all of these command lines at once, each of which must succeed, and returns what they printed.
fn at_once(environment: &Environment, commands: &[(&str, Vec<&str>)]) -> HashSet<String> {
    let start = |(program, words): &(&str, Vec<&str>)| {
        let mut command = environment.prepared(program, words);
        command.stdin(Stdio::null()).stderr(Stdio::null());
        command.stdout(Stdio::piped()).spawn().unwrap()
    };
    let children: Vec<_> = commands.iter().map(start).collect();
    children
        .into_iter()
        .map(|child| {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{output:?}");
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        })
        .collect()
}

fn assert_one(cluster: &Cluster, printed: &HashSet<String>, names: usize) {
    let uuid = cluster.only_collection()["uuid"].clone();
    assert_eq!(printed.len(), 1, "{printed:?}");
    assert!(printed.contains(uuid.as_str().unwrap()), "{printed:?}");
    assert_eq!(cluster.links_of("docker_image_hash").len(), 1);
    assert_eq!(cluster.links_of("docker_image_repo+tag").len(), names);
}

#[test]
fn twelve_uploads_of_one_image_at_once_make_one_collection() {
    let (cluster, environment) = place();
    let commands: Vec<(&str, Vec<&str>)> = (0..12)
        .map(|number| match number % 2 {
            0 => (KEEPDOCKER, vec!["upload", "hello-world"]),
            _ => (ARV_KEEPDOCKER, vec!["hello-world"]),
        })
        .collect();
    let printed = at_once(&environment, &commands);
    assert_one(&cluster, &printed, 1);
}

#[test]
fn four_names_of_one_image_at_once_lead_to_one_collection() {
    let (cluster, environment) = place();
    let names = ["lab/tool:1", "lab/tool:2", "lab/tool:3", "lab/tool:4"];
    let commands: Vec<(&str, Vec<&str>)> = names
        .map(|name| {
            (
                KEEPDOCKER,
                vec!["upload", "--from", "docker-daemon:hello-world", name],
            )
        })
        .into();
    let printed = at_once(&environment, &commands);
    assert_one(&cluster, &printed, 4);
}
