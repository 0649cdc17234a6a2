//! The tightest policy under which one image goes to one project.

use super::*;
use crate::{Gate, Unrecorded};

const ID: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// What an upload asks for, in its order.
fn upload() -> Vec<String> {
    [
        "engine.find lab/tool:1",
        "log.write info",
        "cluster.get",
        "users.current",
        "locks.acquire ID",
        "links.list classes=docker_image_hash,docker_image_repo+tag",
        "collections.list manifests=true owner=PROJECT",
        "archives.open engine ID",
        "archives.images",
        "projects.get PROJECT",
        "keep.store selection=ID",
        "collections.create lab/tool owner=PROJECT",
        "links.create docker_image_hash ID head=zzzzz-4zz18-000000000000000 owner=PROJECT",
        "links.create docker_image_repo+tag lab/tool:1 head=zzzzz-4zz18-000000000000000 owner=PROJECT",
        "collections.update zzzzz-4zz18-000000000000000 owner=PROJECT",
        "archives.forget ID",
    ]
    .map(|line| line.replace("ID", ID).replace("PROJECT", PROJECT))
    .to_vec()
}

fn text() -> String {
    include_str!("../../../../policy/examples/one-image.toml").to_owned()
}

/// Runs the upload under a policy; returns what is denied.
fn run(layer: Layer) -> Vec<(String, Denial)> {
    let policy = Policy::built_in().and(layer).unwrap();
    let gate = Gate::new(policy, &Guest::default(), cluster(), Box::new(Unrecorded)).unwrap();
    let mut denied = Vec::new();
    for line in upload() {
        match gate.admit(operation(&line), &()) {
            Ok(permit) if line.starts_with("engine.find") => {
                permit.saw(ID, ["lab/tool:1".to_owned()])
            }
            Ok(_) => {}
            Err(_) => denied.push((line, gate.last_denial().unwrap())),
        }
    }
    denied
}

fn read(text: &str) -> Layer {
    Layer::read(Origin::Given, "one-image.toml", text).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn it_allows_exactly_that_upload() {
    assert_eq!(run(read(&text())), []);
    let policy = Policy::built_in().and(read(&text())).unwrap();
    for line in [
        "engine.find other/tool:1",
        "engine.pull lab/tool:1",
        "archives.open given",
        "links.list classes=docker_image_migration",
        "collections.create x",
        "collections.update zzzzz-4zz18-000000000000000",
        "collections.list manifests=true",
        "projects.get zzzzz-j7d0g-111111111111111",
        "keep.store replicas=9",
        "keep.fetch engine sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "keep.examine config sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "links.create docker_image_repo+tag lab/other:1 owner=zzzzz-j7d0g-000000000000000",
        "links.create docker_image_hash sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb owner=zzzzz-j7d0g-000000000000000",
        "links.create docker_image_repo+tag lab/tool:1 owner=zzzzz-j7d0g-111111111111111",
        "links.delete docker_image_repo+tag lab/tool:1 owner=zzzzz-j7d0g-000000000000000",
        "locks.acquire sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
    ] {
        assert_eq!(decide(&policy, line), Decision::Deny, "{line}");
    }
    // Nor anything else that an upload does not do.
    let asked: Vec<Verb> = upload().iter().map(|line| operation(line).verb()).collect();
    for verb in Verb::ALL.into_iter().filter(|verb| !asked.contains(verb)) {
        for probe in super::probe::of(verb, std::iter::empty()) {
            let decision = policy.decide(&probe.operation, &probe.context()).decision;
            assert_eq!(decision, Decision::Deny, "{}", probe.operation);
        }
    }
}

#[test]
fn without_any_single_rule_it_fails_and_says_why() {
    let whole = text();
    let blocks: Vec<&str> = whole.split("[[allow]]").collect();
    assert!(blocks.len() > 5);
    for left_out in 1..blocks.len() {
        let rest: Vec<&str> = blocks
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != left_out)
            .map(|(_, block)| *block)
            .collect();
        let layer = read(&rest.join("[[allow]]"));
        let denied = run(layer);
        assert!(
            !denied.is_empty(),
            "this rule is not needed:{}",
            blocks[left_out]
        );
        for (line, denial) in denied {
            let verb = line.split(' ').next().unwrap();
            assert_eq!(denial.verb, verb);
            let explained = denial.why.contains("no rule of one-image.toml allows")
                || denial.why.contains("nearest is");
            assert!(
                explained && denial.fix.contains("one-image.toml"),
                "{line}: {denial}"
            );
            // The left-out rule is one that would have allowed it.
            assert!(
                blocks[left_out].contains(verb) || verb == "archives.open",
                "{line}: {}",
                blocks[left_out]
            );
        }
    }
}
