//! For every key of the tables `guest` and `limits`: where it stands, it binds.

use super::*;
use crate::{Gate, Refusal, Unrecorded};

fn gate(text: &str, guest: &Guest) -> Result<Gate, Unfit> {
    let all = "[[allow]]\nid = \"all\"\nverbs = [\"*\"]\nreason = \"r\"\n";
    Gate::new(
        Policy::built_in()
            .and(layer(&format!("{text}\n{all}")))
            .unwrap(),
        guest,
        cluster(),
        Box::new(Unrecorded),
    )
}

#[test]
fn guest_keys_withhold_components() {
    let pin = "ab".repeat(32);
    let guest = Guest {
        sha256: pin.to_uppercase(),
        imports: ["engine", "types", "api"]
            .map(|name| format!("keepdocker:contract/{name}@0.1.0"))
            .to_vec(),
    };
    gate("", &guest).unwrap();
    gate(&format!("guest.sha256 = [\"{pin}\"]"), &guest).unwrap();
    let error = gate(
        &format!("\nguest.sha256 = [\"{}\"]", "00".repeat(32)),
        &guest,
    )
    .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("p.toml:3: the policy accepts other components only"),
        "{error}"
    );
    gate("guest.imports = [\"engine\"]", &guest).unwrap();
    let error = gate("guest.imports = [\"log\", \"links\"]", &guest).unwrap_err();
    assert_eq!(
        error.to_string(),
        "p.toml:2: the policy does not grant the component what it imports: keepdocker:contract/engine@0.1.0"
    );
    let foreign = Guest {
        imports: vec!["wasi:cli/environment@0.2.0".into()],
        ..guest
    };
    assert!(gate("guest.imports = [\"engine\"]", &foreign).is_err());
}

/// Returns how many operations of this kind a limit lets through, of the first twenty.
fn admitted(text: &str, line: &str) -> usize {
    let gate = gate(text, &Guest::default()).unwrap();
    (0..20)
        .filter(|_| gate.admit(operation(line), &()).is_ok())
        .count()
}

#[test]
fn each_limit_limits() {
    assert_eq!(admitted("", "collections.create x"), 20);
    assert_eq!(admitted("limits.host-calls = 5", "users.current"), 5);
    assert_eq!(admitted("limits.writes = 3", "collections.create x"), 3);
    assert_eq!(
        admitted("limits.writes = 0", "links.create docker_image_hash x"),
        0
    );
    assert_eq!(admitted("limits.writes = 0", "links.list"), 20);
    for (interface, line) in Verb::INTERFACES.iter().zip([
        "log.write info",
        "engine.find x",
        "archives.images",
        "registry.resolve x",
        "locks.acquire x",
        "keep.store",
        "cluster.get",
        "users.current",
        "projects.get x",
        "links.list",
        "collections.list",
    ]) {
        assert_eq!(
            admitted(&format!("limits.calls.{interface} = 2"), line),
            2,
            "{interface}"
        );
        assert_eq!(
            admitted(&format!("limits.calls.{interface} = 0"), line),
            0,
            "{interface}"
        );
    }
    let limited = gate("limits.keep-bytes = \"1KiB\"", &Guest::default()).unwrap();
    let permit = limited.admit(operation("keep.store"), &()).unwrap();
    permit.budget().charge(1024).unwrap();
    assert!(matches!(permit.budget().charge(1), Err(Refusal::Denied(_))));
    let limited = gate("limits.registry-bytes = \"1KiB\"", &Guest::default()).unwrap();
    let permit = limited.admit(operation("registry.fetch x"), &()).unwrap();
    let confirmed = permit.confirm(&[], "").unwrap();
    confirmed.charge(1000).unwrap();
    assert!(matches!(confirmed.charge(25), Err(Refusal::Denied(_))));
    // What was refused does not count, and what another image took does.
    permit.confirm(&[], "").unwrap().charge(24).unwrap();
    assert!(matches!(confirmed.charge(1), Err(Refusal::Denied(_))));
    assert_eq!(limited.last_denial().unwrap().verb, "registry.fetch");
    // These three the component's store enforces; what it is told is tested here.
    let limits = gate(
        "limits.memory = \"1MiB\"\nlimits.fuel = 7\nlimits.deadline = \"2m\"",
        &Guest::default(),
    )
    .unwrap()
    .policy()
    .limits()
    .clone();
    assert_eq!(
        (limits.memory(), limits.fuel(), limits.deadline().as_secs()),
        (1 << 20, 7, 120)
    );
}
