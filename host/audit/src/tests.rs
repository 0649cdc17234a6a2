//! What goes through the log: secrets in any place, and every verb.

use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::program::{Program, Quiet, Undisturbed};
use erased_serde::Serialize as Recordable;
use keepdocker_gate::policy::{Cluster, Guest, Policy};
use keepdocker_gate::{Gate, NO_ARGUMENTS, Operation, Verb};

/// Returns the opening of a run.
pub(crate) fn opening<'a>(
    arguments: &'a [String],
    request: &'a dyn Recordable,
    (guest, policy, cluster): (&'a Guest, &'a Policy, &'a Cluster),
) -> Opening<'a> {
    const CONNECTION: &Connection = &Connection {
        certificates_checked: true,
        keep_services: None,
    };
    Opening {
        arguments,
        version: "1",
        user: 0,
        host: "host",
        command: "upload",
        changes: true,
        request,
        guest,
        policy,
        cluster,
        connection: CONNECTION,
    }
}

const DONE: Closing<'static> = Closing {
    outcome: "done",
    exit: 0,
    answer: None,
};

/// Begins a log in a folder of this one, and returns it with the folder that it lies in.
fn begun(folder: &Path, program: Arc<dyn Program>) -> (Log, Folder) {
    let options = Options {
        directory: folder.join("audit"),
        ..Options::default()
    };
    let (policy, guest, cluster) = (Policy::built_in(), Guest::default(), Cluster::default());
    let opening = opening(&[], &NO_ARGUMENTS, (&guest, &policy, &cluster));
    let log = Log::open(options.clone(), Mask::default(), &opening, program).unwrap();
    (log, Folder(options.directory))
}

/// Writes a log with these operations and answers, and returns everything in its folder.
fn written(mask: Mask, words: &[String], operations: Vec<Operation>) -> (Vec<Value>, String) {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        directory: folder.path().join("audit"),
        ..Options::default()
    };
    let (policy, guest, cluster) = (Policy::built_in(), Guest::default(), Cluster::default());
    let request = (words,);
    let opening = opening(words, &request, (&guest, &policy, &cluster));
    let opened = Log::open(options.clone(), mask, &opening, Arc::new(Undisturbed));
    let log = Arc::new(opened.unwrap());
    let gate = Gate::new(policy, &guest, cluster, Box::new(log.clone())).unwrap();
    for operation in operations {
        let permit = gate.admit(operation, &(words, &NO_ARGUMENTS)).unwrap();
        let answer: Result<Vec<String>, String> = if words.len().is_multiple_of(2) {
            Ok(words.to_vec())
        } else {
            Err(words.join(" "))
        };
        permit.close::<_, _, String>(answer).ok();
    }
    let closing = Closing {
        outcome: "done",
        exit: 0,
        answer: Some(&words),
    };
    log.close(&closing).unwrap();
    let mut text = String::new();
    for entry in std::fs::read_dir(&options.directory).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        text += &match path.extension().is_some_and(|extension| extension == "zst") {
            true => String::from_utf8(zstd::decode_all(&*bytes).unwrap()).unwrap(),
            false => String::from_utf8(bytes).unwrap(),
        };
    }
    let run = Run::read(&Folder(options.directory.clone()), log.run()).unwrap();
    assert_eq!(run.broken, None);
    let heads = Heads::read(&Folder(options.directory)).unwrap();
    assert_eq!(heads.judge(&run), Verdict::Sound);
    (run.entries.into_iter().map(Value::Object).collect(), text)
}

#[test]
fn what_stands_behind_the_end_of_a_log_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let (log, logs) = begun(folder.path(), Arc::new(Quiet));
    log.close(&DONE).unwrap();
    let file = logs.0.join(format!("{}.jsonl", log.run()));
    let sound = std::fs::read_to_string(&file).unwrap();
    let heads = Heads::read(&logs).unwrap();
    let judge = |more: &str| {
        std::fs::write(&file, format!("{sound}{more}")).unwrap();
        heads.judge(&Run::read(&logs, log.run()).unwrap())
    };
    // A power cut may leave zeros; it writes nothing.
    for nothing in ["", "\0", "\0\0\0"] {
        assert_eq!(judge(nothing), Verdict::Sound, "{nothing:?}");
    }
    for more in [
        "\0{\"forged\":true}\n",
        "{\"a\":\"piece",
        "\0\0x",
        "{}\n",
        "\n",
    ] {
        assert!(matches!(judge(more), Verdict::Tampered(_)), "{more:?}");
    }
}

/// Who backs the heads up may hold their lock just when a run ends.
#[test]
fn an_end_that_the_heads_cannot_be_told_leaves_an_incomplete_log_and_no_altered_one() {
    let folder = tempfile::tempdir().unwrap();
    let (log, logs) = begun(folder.path(), Arc::new(Quiet));
    let heads = std::fs::File::open(logs.heads()).unwrap();
    heads.lock().unwrap();
    // The user is warned; by the usual policy the run itself has not failed.
    log.close(&DONE).unwrap();
    heads.unlock().unwrap();

    let run = Run::read(&logs, log.run()).unwrap();
    assert_eq!(run.broken, None);
    let verdict = Heads::read(&logs).unwrap().judge(&run);
    assert_eq!(verdict, Verdict::Incomplete);
}

#[test]
fn the_log_has_every_verb_of_the_gate() {
    let words = |verb: Verb| match verb.members() {
        ["level"] => vec!["info".to_owned()],
        ["source" | "target", ..] => vec!["given".to_owned(), "an-image".to_owned()],
        ["depth", ..] => vec!["config".to_owned(), "an-image".to_owned()],
        ["class", ..] => vec!["docker_image_hash".to_owned()],
        [] => Vec::new(),
        [first, ..] => vec![format!("{first}=1")],
    };
    let operations = Verb::ALL.map(|verb| match verb {
        Verb::CollectionsList => Operation::CollectionsList {
            manifests: false,
            owner: None,
        },
        Verb::LinksList => Operation::LinksList {
            classes: Vec::new(),
            owner: None,
        },
        _ => Operation::from_words(verb.name(), &words(verb)).unwrap(),
    });
    let (entries, _) = written(Mask::default(), &[], operations.to_vec());
    for phase in ["attempt", "result"] {
        let verbs: Vec<&str> = entries
            .iter()
            .filter(|entry| entry["phase"] == phase)
            .map(|entry| entry["verb"].as_str().unwrap())
            .collect();
        assert_eq!(verbs, Verb::NAMES, "{phase}");
    }
}

/// However much is still being written when it is made.
#[test]
fn an_attempt_is_in_the_log_before_it_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let (log, logs) = begun(folder.path(), Arc::new(Undisturbed));
    let log = Arc::new(log);
    let (policy, guest, cluster) = (Policy::built_in(), Guest::default(), Cluster::default());
    let gate = Gate::new(policy, &guest, cluster, Box::new(log.clone())).unwrap();
    // What was read is long, and takes its time.
    let answer: String = (0..2_000_000u32).map(|n| n.to_string()).collect();
    for calls in 1..4 {
        let permit = gate.admit(Operation::UsersCurrent, &NO_ARGUMENTS).unwrap();
        let run = Run::read(&logs, log.run()).unwrap();
        let last = run.entries.last().unwrap();
        assert_eq!(
            (&last["phase"], &last["call"]),
            (&"attempt".into(), &calls.into())
        );
        permit
            .close::<_, _, String>(Ok::<_, String>(answer.clone()))
            .ok();
    }
}

#[test]
fn long_values_go_to_a_file_of_their_own_and_are_found_again() {
    let long = "x".repeat(100_000);
    let (entries, _) = written(
        Mask::default(),
        &[long.clone(), "y".into()],
        vec![Operation::UsersCurrent],
    );
    let last = entries.last().unwrap();
    assert!(last.get("answer").is_none());
    assert_eq!(last["answer_value"]["size"], 100_000 + 8);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// A secret may be anywhere, in any company, as long as eight bytes or in an address.
    #[test]
    fn no_secret_is_written(
        secret in "[ -~]{8,40}|[a-zé\"\\\\\n]{8,20}",
        before in "[ -~]{0,20}",
        signature in "[0-9a-f]{40}",
        password in "[a-zA-Z0-9!$&*%]{1,20}",
        long in any::<bool>(),
    ) {
        let filler = if long { "z".repeat(20_000) } else { String::new() };
        let words = [
            format!("{before}{secret}{filler}"),
            secret.clone(),
            format!(". 37b51d194a7513e45b56f6524f2d51f2+3+A{signature}@66f0c0de 0:3:a\n"),
            format!("cannot reach http://user:{password}-pw@proxy.example:3128/{secret}"),
        ];
        let mask = Mask::new(vec![secret.clone()]);
        let operations = vec![
            Operation::EngineFind { name: words[0].clone() },
            Operation::EnginePull { name: words[2].clone() },
            Operation::UsersCurrent,
        ];
        for words in [&words[..], &words[1..]] {
            let (_, text) = written(mask.clone(), words, operations.clone());
            let escaped = serde_json::to_string(&secret).unwrap();
            let escaped = escaped.trim_matches('"');
            // What the log always has, such as the name of a member, is no secret that got out.
            let (_, without) = written(mask.clone(), &[], vec![Operation::UsersCurrent]);
            prop_assert!(!text.contains(escaped) || without.contains(escaped), "{text}");
            prop_assert!(!text.contains(&signature), "{text}");
            let password = format!("user:{password}-pw@");
            prop_assert!(!text.contains(&password), "{text}");
        }
    }
}
