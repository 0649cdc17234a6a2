use std::sync::atomic::AtomicBool;

use super::*;
use crate::policy::{Layer, Origin};

#[derive(Debug, Default, Clone)]
struct Journal {
    lines: Arc<Mutex<Vec<String>>>,
    full: Arc<AtomicBool>,
}

impl Journal {
    fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }
}

impl Recorder for Journal {
    fn record(&self, event: Event<'_>) -> Result<(), Unrecordable> {
        if self.full.load(Ordering::Relaxed) {
            return Err(Unrecordable("no space left".into()));
        }
        let text = match event.phase {
            Phase::Attempt { .. } => String::new(),
            Phase::Denied { reason, .. } => format!(": {reason}"),
            Phase::Result { error, bytes, .. } => format!(": {error:?}, {bytes} bytes"),
        };
        let (file, line) = event.ruling.source();
        self.lines.lock().unwrap().push(format!(
            "{} {} {} {} {file}:{} {}{text}",
            event.number,
            event.operation,
            event.ruling.decision.name(),
            event.ruling.rule(),
            line.unwrap_or(0),
            event.phase.name(),
        ));
        Ok(())
    }
}

fn gate(journal: &Journal, policy: &str) -> Gate {
    let layer = Layer::read(
        Origin::Given,
        "p.toml",
        &format!("schema = \"keepdocker.policy/1\"\n{policy}"),
    )
    .unwrap();
    let policy = Policy::built_in().and(layer).unwrap();
    Gate::new(
        policy,
        &Guest::default(),
        Cluster::default(),
        Box::new(journal.clone()),
    )
    .unwrap()
}

const EVERYTHING: &str = "allow = [{ id = \"all\", verbs = [\"*\"], reason = \"test\" }]\n";

fn find(name: &str) -> Operation {
    Operation::EngineFind { name: name.into() }
}

#[test]
fn a_call_is_recorded_before_and_after_with_rule_and_place() {
    let journal = Journal::default();
    let gate = gate(&journal, EVERYTHING);
    let engine = Guarded::new(7);
    let permit = gate.admit(find("debian"), &()).unwrap();
    assert_eq!(
        journal.lines(),
        ["1 engine.find debian allow all p.toml:2 attempt"]
    );
    let seen: Result<i32, String> = Ok(*engine.open(&permit));
    assert_eq!(permit.close::<_, _, String>(seen), Ok(7));
    assert_eq!(
        journal.lines()[1],
        "1 engine.find debian allow all p.toml:2 result: None, 0 bytes"
    );
}

#[test]
fn a_denial_is_recorded_and_explained() {
    let journal = Journal::default();
    let gate = gate(
        &journal,
        "[[allow]]\nid = \"ours\"\nverbs = [\"engine.find\"]\nrepositories = [\"lab/**\"]\nreason = \"r\"",
    );
    let refusal = gate.admit(find("other/tool:2"), &()).unwrap_err();
    assert!(!refusal.is_final());
    assert_eq!(
        refusal.to_string(),
        "`engine.find other/tool:2` is denied by policy: no rule allows it; nearest is ours (p.toml:3), which allows engine.find with \
         `repositories` lab/**; to change that, add `other/tool` to `repositories` in rule ours in p.toml"
    );
    assert!(
        journal.lines()[0].starts_with(
            "1 engine.find other/tool:2 deny no-rule p.toml:0 denied: no rule allows it"
        )
    );
    let denial = gate.last_denial().unwrap();
    assert_eq!(
        (denial.number, denial.explain.as_deref().unwrap()),
        (
            1,
            "keepdocker --policy p.toml policy explain engine.find other/tool:2"
        )
    );
}

#[test]
fn calls_beyond_the_limit_end_the_component() {
    let journal = Journal::default();
    let gate = gate(&journal, &format!("{EVERYTHING}limits.host-calls = 1"));
    drop(gate.admit(Operation::UsersCurrent, &()).unwrap());
    let refusal = gate.admit(Operation::UsersCurrent, &()).unwrap_err();
    assert_eq!(refusal, Refusal::TooManyCalls { limit: 1 });
    assert!(refusal.is_final());
    assert!(journal.lines()[2].starts_with("2 users.current deny limit p.toml:3 denied"));
}

#[test]
fn calls_of_one_interface_are_limited() {
    let gate = gate(
        &Journal::default(),
        &format!("{EVERYTHING}limits.calls.engine = 1"),
    );
    drop(gate.admit(find("a"), &()).unwrap());
    assert!(
        gate.admit(find("b"), &())
            .unwrap_err()
            .to_string()
            .contains("`limits.calls.engine` is 1 (p.toml:3)")
    );
    gate.admit(Operation::UsersCurrent, &()).unwrap();
}

#[test]
fn writes_are_limited_and_reads_are_not() {
    let gate = gate(
        &Journal::default(),
        &format!("{EVERYTHING}limits.writes = 1"),
    );
    let link = || Operation::LinksCreate {
        class: "docker_image_hash",
        name: "x".into(),
        head: "h".into(),
        owner: None,
    };
    drop(gate.admit(link(), &()).unwrap());
    assert!(
        gate.admit(link(), &())
            .unwrap_err()
            .to_string()
            .contains("`limits.writes` is 1")
    );
    let list = Operation::LinksList {
        classes: vec!["docker_image_hash"],
        owner: None,
    };
    gate.admit(list, &()).unwrap();
}

#[test]
fn what_is_to_come_must_have_room_in_the_limits_and_is_not_counted_yet() {
    let link = || Operation::LinksCreate {
        class: "docker_image_hash",
        name: "x".into(),
        head: String::new(),
        owner: None,
    };
    for (limit, told) in [
        ("writes = 2", "`limits.writes` is 2"),
        ("calls.links = 2", "`limits.calls.links` is 2"),
    ] {
        let gate = gate(&Journal::default(), &format!("{EVERYTHING}limits.{limit}"));
        let permit = gate.admit(Operation::UsersCurrent, &()).unwrap();
        for _ in 0..2 {
            permit.foresee(&[link(), link()], "").unwrap();
        }
        let refusal = permit
            .foresee(&[link(), link(), link()], "why")
            .unwrap_err();
        assert!(refusal.to_string().contains(told), "{refusal}");
        drop(gate.admit(link(), &()).unwrap());
        permit.foresee(&[link()], "").unwrap();
        permit.foresee(&[link(), link()], "").unwrap_err();
    }
}

#[test]
fn bytes_are_charged_before_they_are_sent() {
    let journal = Journal::default();
    let gate = gate(
        &journal,
        &format!("{EVERYTHING}limits.keep-bytes = \"100B\""),
    );
    let store = || Operation::KeepStore {
        selection: "only".into(),
        replicas: None,
        storage_classes: Vec::new(),
        reuse: Vec::new(),
    };
    let permit = gate.admit(store(), &()).unwrap();
    let budget = permit.budget();
    budget.charge(60).unwrap();
    let refusal = budget.clone().charge(41).unwrap_err();
    assert!(
        refusal
            .to_string()
            .contains("`limits.keep-bytes` is 100B (p.toml:3)"),
        "{refusal}"
    );
    assert_eq!(gate.last_denial().unwrap().verb, "keep.store");
    budget.charge(40).unwrap();
    permit.close::<_, _, String>(Ok::<(), String>(())).unwrap();
    assert!(
        journal.lines()[1].ends_with("result: None, 100 bytes"),
        "{:?}",
        journal.lines()
    );
    // The limit is that of the run, not of one operation.
    let second = gate.admit(store(), &()).unwrap();
    second.budget().charge(1).unwrap_err();
    assert_eq!(gate.sent(), 100);
}

#[test]
fn an_overflow_of_the_count_is_no_way_around_the_limit() {
    let gate = gate(
        &Journal::default(),
        &format!("{EVERYTHING}limits.keep-bytes = \"100B\""),
    );
    let permit = gate.admit(Operation::UsersCurrent, &()).unwrap();
    let budget = permit.budget();
    budget.charge(60).unwrap();
    budget.charge(u64::MAX).unwrap_err();
    assert_eq!(budget.sent(), 60);
}

#[test]
fn an_abandoned_call_is_recorded_as_such() {
    let journal = Journal::default();
    let gate = gate(&journal, EVERYTHING);
    drop(gate.admit(Operation::UsersCurrent, &()).unwrap());
    assert!(journal.lines()[1].ends_with(r#"result: Some("abandoned"), 0 bytes"#));
}

#[test]
fn nothing_begins_once_the_record_is_broken() {
    let journal = Journal::default();
    let gate = gate(&journal, EVERYTHING);
    let permit = gate.admit(Operation::UsersCurrent, &()).unwrap();
    journal.full.store(true, Ordering::Relaxed);
    assert_eq!(permit.close::<_, _, String>(Ok::<_, String>(1)), Ok(1));
    journal.full.store(false, Ordering::Relaxed);
    let refusal = gate.admit(Operation::UsersCurrent, &()).unwrap_err();
    assert_eq!(
        refusal,
        Refusal::Unrecorded {
            reason: "no space left".into()
        }
    );
    assert!(refusal.is_final());
}

#[test]
fn an_attempt_that_cannot_be_recorded_does_not_begin() {
    let journal = Journal::default();
    let gate = gate(&journal, EVERYTHING);
    journal.full.store(true, Ordering::Relaxed);
    assert!(matches!(
        gate.admit(Operation::UsersCurrent, &()),
        Err(Refusal::Unrecorded { .. })
    ));
}

#[test]
fn an_id_has_the_names_that_the_engine_said() {
    let id = format!("sha256:{}", "a".repeat(64));
    let policy = "[[allow]]\nid = \"find\"\nverbs = [\"engine.find\"]\nreason = \"r\"\n\
                  [[allow]]\nid = \"ours\"\nverbs = [\"archives.open\"]\nrepositories = [\"lab/**\"]\nreason = \"r\"";
    let gate = gate(&Journal::default(), policy);
    let open = || Operation::ArchivesOpen {
        source: "engine",
        image: Some(id.clone()),
    };
    assert!(
        gate.admit(open(), &()).is_err(),
        "nothing is known of the image yet"
    );
    let permit = gate.admit(find("lab/x:1"), &()).unwrap();
    permit.saw(&id, ["other/tool:1".to_owned()]);
    assert!(
        gate.admit(open(), &()).is_err(),
        "the image has other names only"
    );
    permit.saw(&id[7..], ["lab/x:1".to_owned()]);
    gate.admit(open(), &()).unwrap();
}

#[test]
fn a_layer_that_warns_lets_through_and_says_so() {
    let journal = Journal::default();
    let gate = gate(&journal, "mode = \"warn\"");
    drop(gate.admit(find("debian"), &()).unwrap());
    drop(gate.admit(find("debian"), &()).unwrap());
    assert!(
        journal.lines()[0].starts_with("1 engine.find debian would-deny no-rule p.toml:0 attempt")
    );
    assert_eq!(gate.warnings().len(), 1);
}

#[test]
fn a_component_that_the_policy_does_not_accept_gets_no_gate() {
    let layer = Layer::read(
        Origin::Given,
        "p.toml",
        "schema = \"keepdocker.policy/1\"\nguest.imports = [\"log\"]",
    )
    .unwrap();
    let policy = Policy::built_in().and(layer).unwrap();
    let guest = Guest {
        sha256: String::new(),
        imports: vec!["keepdocker:contract/keep@0.1.0".into()],
    };
    assert!(matches!(
        Gate::new(policy, &guest, Cluster::default(), Box::new(Unrecorded)),
        Err(Unfit::Imports { .. })
    ));
}

fn fetched(bytes: Option<u64>, signers: Option<&[&str]>) -> Operation {
    let signers = signers.map(|signers| signers.iter().map(|&it| it.to_owned()).collect());
    Operation::RegistryFetch {
        name: "quay.io/lab/x:1".into(),
        manifest: "sha256:11".into(),
        platform: Some("linux/amd64".into()),
        bytes,
        signers,
    }
}

#[test]
fn what_is_not_known_yet_is_asked_for_before_anything_comes_of_it() {
    const KEY: &str = "MCowBQYDK2VwAyEACkLkBiQ3mYVvuAHdaWH1LSwK3HfOB4f5YeV08T1UkCM=";
    const SIGNER: &str = "sha256:6b09d7675d0c1cb5a5cdc88bf56a4a113465e96aa18d1511df2faf94cf5e80c3";
    let journal = Journal::default();
    let rule = |platform: &str| {
        format!(
            "[[allow]]\nid = \"signed\"\nverbs = [\"registry.fetch\"]\nplatforms = [\"{platform}\"]\nrequire-signature = true\nsigners = [{{ public-key = \"{KEY}\" }}]\nmax-bytes = \"1KiB\"\nreason = \"r\"\n"
        )
    };
    // What no signature would help need not be begun, and is not said to lack one.
    let refusal = gate(&journal, &rule("linux/arm64"))
        .admit(fetched(None, None), &())
        .unwrap_err();
    let told = refusal.to_string();
    assert!(
        told.contains("`platforms`") && !told.contains("signers"),
        "{told}"
    );

    let gate = gate(&journal, &rule("linux/amd64"));
    let permit = gate.admit(fetched(None, None), &()).unwrap();
    assert_eq!(permit.signers()[0].name(), SIGNER);
    let good = fetched(Some(1024), Some(&["sha256:other", SIGNER]));
    assert!(permit.suffices(std::slice::from_ref(&good)));
    assert!(permit.confirm(std::slice::from_ref(&good), "").is_ok());
    for (operation, words) in [
        (fetched(Some(1025), Some(&[SIGNER])), "`max-bytes` 1KiB"),
        (fetched(Some(1), Some(&["sha256:other"])), SIGNER),
        (fetched(Some(1), Some(&[])), "`require-signature` true"),
        (fetched(Some(1), None), SIGNER),
        (fetched(None, Some(&[SIGNER])), "`max-bytes` 1KiB"),
    ] {
        let ways = [good.clone(), operation];
        assert!(!permit.suffices(&ways));
        let refusal = permit.confirm(&ways, "looked here and there").unwrap_err();
        let told = refusal.to_string();
        assert!(told.contains(words), "{words}: {told}");
        assert!(told.contains("; looked here and there"), "{told}");
        assert_eq!(gate.last_denial().unwrap().verb, "registry.fetch");
    }
}
