//! Logs that were altered, cut or forged, and what shows it.

use super::*;

#[test]
fn whatever_was_altered_shows() {
    let ground = Ground::new();
    let run = ground.uploaded();
    let whole = fs::read_to_string(ground.log(&run)).unwrap();
    type Alteration = fn(&mut Vec<String>);
    let alterations: [(&str, Alteration, &str); 9] = [
        (
            "edit",
            |lines| lines[3] = lines[3].replace("allow", "alloW"),
            "line 4: its hash is another",
        ),
        (
            "edit of the last line",
            |lines| {
                let last = lines.pop().unwrap();
                lines.push(last.replace("\"exit\":0", "\"exit\":1"));
            },
            "its hash is another",
        ),
        (
            "drop",
            |lines| drop(lines.remove(4)),
            "line 5: it has another number",
        ),
        (
            "drop of the first",
            |lines| drop(lines.remove(0)),
            "line 1: it has another number",
        ),
        (
            "insert",
            |lines| lines.insert(2, lines[1].clone()),
            "line 3: it has another number",
        ),
        (
            "reorder",
            |lines| lines.swap(2, 3),
            "line 3: it has another number",
        ),
        (
            "truncate",
            |lines| lines.truncate(6),
            "it ends after 6 lines, and the heads have",
        ),
        (
            "append",
            |lines| lines.push("{}".into()),
            "its hash is another",
        ),
        (
            "blanks",
            |lines| lines[1] = lines[1].replace("\":", "\": "),
            "line 2: this is not in canonical form",
        ),
    ];
    for (name, alter, words) in alterations {
        ground.alter(&run, alter);
        let verified = ground.audit(&["verify"]);
        assert_eq!(
            verified.status.code(),
            Some(8),
            "{name}: {}",
            stderr(&verified)
        );
        assert!(
            stderr(&verified).contains(words),
            "{name}: {}",
            stderr(&verified)
        );
        assert_eq!(
            ground.audit(&["verify", &run]).status.code(),
            Some(8),
            "{name}"
        );
        fs::write(ground.log(&run), &whole).unwrap();
    }
    assert!(ground.audit(&["verify"]).status.success());
    fs::remove_file(ground.log(&run)).unwrap();
    let verified = ground.audit(&["verify"]);
    assert_eq!(verified.status.code(), Some(8));
    assert!(
        stderr(&verified).contains("its log is gone"),
        "{}",
        stderr(&verified)
    );
}

#[test]
fn a_log_that_was_cut_and_continued_shows_in_the_heads_and_forged_heads_in_a_copy() {
    let ground = Ground::new();
    let run = ground.uploaded();
    let heads = ground.logs().join("heads");
    let copy = ground.folder.path().join("copy-of-heads");
    fs::copy(&heads, &copy).unwrap();

    ground.alter(&run, |lines| {
        lines.drain(3..5);
        *lines = chained(lines);
    });
    let verified = ground.audit(&["verify", &run]);
    assert_eq!(verified.status.code(), Some(8));
    assert!(
        stderr(&verified).contains("and the heads have"),
        "{}",
        stderr(&verified)
    );
    ground.alter(&run, |lines| {
        lines.insert(3, lines[1].clone());
        lines.insert(3, lines[1].clone());
        *lines = chained(lines);
    });
    let verified = ground.audit(&["verify"]);
    assert_eq!(verified.status.code(), Some(8));
    assert!(
        stderr(&verified).contains("so it was rewritten"),
        "{}",
        stderr(&verified)
    );

    // Now the heads are made to fit.
    let head = ground.entries(&run).pop().unwrap()["hash"].clone();
    let lines: Vec<String> = fs::read_to_string(&heads)
        .unwrap()
        .lines()
        .map(|line| {
            let mut entry: Value = serde_json::from_str(line).unwrap();
            if entry["event"] == "close" {
                entry["head"] = head.clone();
            }
            entry.to_string()
        })
        .collect();
    fs::write(&heads, chained(&lines).join("\n") + "\n").unwrap();
    assert!(ground.audit(&["verify"]).status.success());
    let verified = ground.audit(&["verify", "--against", copy.to_str().unwrap()]);
    assert_eq!(verified.status.code(), Some(8));
    assert!(
        stderr(&verified).contains("line 2 of the heads is not the one of the copy"),
        "{}",
        stderr(&verified)
    );
}

/// Takes what the heads have of the end of all runs, as if they had been killed.
fn without_ends(ground: &Ground) {
    let heads = ground.logs().join("heads");
    let text = fs::read_to_string(&heads).unwrap();
    let open: Vec<String> = text
        .lines()
        .filter(|line| !line.contains("\"event\":\"close\""))
        .map(str::to_owned)
        .collect();
    fs::write(&heads, chained(&open).join("\n") + "\n").unwrap();
}

#[test]
fn a_value_that_is_gone_excuses_no_other_first_line() {
    let ground = Ground::new();
    let run = ground.uploaded();
    without_ends(&ground);
    let verified = ground.audit(&["verify"]);
    assert_eq!(verified.status.code(), Some(9), "{}", stderr(&verified));
    ground.alter(&run, |lines| {
        let mut entry: Value = serde_json::from_str(&lines[1]).unwrap();
        entry["request_value"] = serde_json::json!({"line": 77, "sha256": "0".repeat(64)});
        lines[1] = entry.to_string();
        *lines = chained(lines);
    });
    // The heads have its first line, and the value may be lost with the end.
    assert_eq!(ground.audit(&["verify"]).status.code(), Some(9));
    ground.alter(&run, |lines| {
        lines[0] = lines[0].replacen("\"upload\"", "\"images\"", 1);
        *lines = chained(lines);
    });
    let verified = ground.audit(&["verify"]);
    assert_eq!(verified.status.code(), Some(8), "{}", stderr(&verified));
}

#[test]
fn a_signed_log_that_was_cut_is_belied_by_its_note() {
    let ground = Ground::new();
    let key = ground.folder.path().join("audit.key");
    let made = ground.audit(&["keygen", key.to_str().unwrap()]);
    let public = String::from_utf8(made.stdout).unwrap();
    let policy = ground.policy("p.toml", &format!("audit.sign-with = {key:?}\n{ALL}"));
    assert!(ground.upload(Some(&policy)).status.success());
    let run = ground.runs().remove(0);
    let whole = fs::read(ground.log(&run)).unwrap();
    without_ends(&ground);
    let verify = || ground.audit(&["verify", "--key", public.trim()]);
    // The whole log with its note, of which the heads lack the end, is what a power cut may leave.
    assert_eq!(verify().status.code(), Some(9), "{}", stderr(&verify()));
    for left in [2, 1] {
        ground.alter(&run, |lines| lines.truncate(left));
        let verified = verify();
        assert_eq!(
            verified.status.code(),
            Some(8),
            "{left}: {}",
            stderr(&verified)
        );
        assert!(
            stderr(&verified).contains("an end that is not there"),
            "{}",
            stderr(&verified)
        );
        fs::write(ground.log(&run), &whole).unwrap();
    }
    // What the heads have of a run that goes on still is missed without a key, too.
    for nothing in ["", "\0\0"] {
        fs::write(ground.log(&run), nothing).unwrap();
        let verified = ground.audit(&["verify"]);
        assert_eq!(verified.status.code(), Some(8), "{}", stderr(&verified));
        assert!(
            stderr(&verified).contains("its first line"),
            "{}",
            stderr(&verified)
        );
    }
}

#[test]
fn a_signed_log_proves_who_wrote_it() {
    let ground = Ground::new();
    let key = ground.folder.path().join("audit.key");
    let made = ground.audit(&["keygen", key.to_str().unwrap()]);
    assert!(made.status.success(), "{}", stderr(&made));
    let public = String::from_utf8(made.stdout).unwrap();
    let policy = ground.policy("p.toml", &format!("audit.sign-with = {key:?}\n{ALL}"));
    assert!(ground.upload(Some(&policy)).status.success());

    let verified = ground.audit(&["verify", "--key", public.trim()]);
    assert!(verified.status.success(), "{}", stderr(&verified));

    // A log without a signature is not enough, nor is one that was written anew.
    let run = ground.uploaded();
    let verified = ground.audit(&["verify", &run, "--key", public.trim()]);
    assert_eq!(verified.status.code(), Some(8));
    assert!(
        stderr(&verified).contains("it has no signed note"),
        "{}",
        stderr(&verified)
    );
    let signed = ground.runs().remove(0);
    fs::copy(
        ground.logs().join(format!("{signed}.note")),
        ground.logs().join(format!("{run}.note")),
    )
    .unwrap();
    let verified = ground.audit(&["verify", &run, "--key", public.trim()]);
    assert!(
        stderr(&verified).contains("about another log"),
        "{}",
        stderr(&verified)
    );

    // A key that others can read is none to sign with.
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let policy = ground.policy(
        "q.toml",
        &format!("audit.required = true\naudit.sign-with = {key:?}\n{ALL}"),
    );
    let refused = ground.upload(Some(&policy));
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        stderr(&refused).contains("chmod 600"),
        "{}",
        stderr(&refused)
    );
}

#[test]
fn an_exported_log_can_be_verified_elsewhere() {
    let ground = Ground::new();
    let run = ground.uploaded();
    let exported = ground.audit(&["export", &run]);
    let mut document: Value = serde_json::from_slice(&exported.stdout).unwrap();
    assert_eq!(document["heads"].as_array().unwrap().len(), 2);

    let elsewhere = Ground::new();
    let file = elsewhere.folder.path().join("run.json");
    // Another system may write the document in a form of its own.
    fs::write(&file, serde_json::to_string_pretty(&document).unwrap()).unwrap();
    let verified = elsewhere.audit(&["verify", file.to_str().unwrap()]);
    assert!(verified.status.success(), "{}", stderr(&verified));
    assert!(
        stderr(&verified).contains("there are no heads"),
        "{}",
        stderr(&verified)
    );

    // Every verb takes the document as it takes a run.
    let file_name = file.to_str().unwrap();
    for words in [
        ["replay", file_name],
        ["show", file_name],
        ["export", file_name],
    ] {
        let answered = elsewhere.audit(&words);
        assert!(
            answered.status.success(),
            "{words:?}: {}",
            stderr(&answered)
        );
        assert!(
            !stderr(&answered).contains("altered"),
            "{}",
            stderr(&answered)
        );
    }
    let again = elsewhere.audit(&["export", file_name]);
    let again: Value = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!(again["lines"], document["lines"]);
    // What is no log is told to be none.
    let other = elsewhere.folder.path().join("other.tar");
    fs::write(&other, vec![0; 4096]).unwrap();
    for verb in ["verify", "show", "export", "replay"] {
        let refused = elsewhere.audit(&[verb, other.to_str().unwrap()]);
        assert_eq!(
            refused.status.code(),
            Some(1),
            "{verb}: {}",
            stderr(&refused)
        );
        assert!(
            stderr(&refused).contains("is not the audit log"),
            "{}",
            stderr(&refused)
        );
    }

    document["lines"][2]["decision"] = "deny".into();
    fs::write(&file, document.to_string()).unwrap();
    assert_eq!(
        elsewhere
            .audit(&["verify", file.to_str().unwrap()])
            .status
            .code(),
        Some(8)
    );
}

#[test]
fn all_logs_are_exported_and_verified_and_those_of_some_time_or_with_denials_alone() {
    let ground = Ground::new();
    let sound = ground.uploaded();
    let file = ground.policy(
        "no.toml",
        &format!("{ALL}\n[[deny]]\nid = \"no\"\nverbs = [\"links.list\"]\nreason = \"test\"\n"),
    );
    let refused = ground.upload(Some(&file));
    assert_eq!(refused.status.code(), Some(3), "{}", stderr(&refused));
    let denied = ground.runs().pop().unwrap();
    let told = |words: &[&str]| -> Vec<Value> {
        let output = ground.audit(words);
        assert!(output.status.success(), "{words:?}: {}", stderr(&output));
        let text = String::from_utf8(output.stdout).unwrap();
        let lines = text.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    let runs = |words: &[&str]| -> Vec<String> {
        let told = told(words);
        let ids = told
            .iter()
            .map(|document| document["run"].as_str().unwrap().to_owned());
        ids.collect()
    };
    assert_eq!(runs(&["export", "--all"]), [sound.clone(), denied.clone()]);
    assert_eq!(
        runs(&["export", "--all", "--denied"]),
        std::slice::from_ref(&denied)
    );
    assert_eq!(runs(&["export", "--all", "--since", "1h"]).len(), 2);
    assert_eq!(runs(&["export", "--all", "--since", "2100-01-01"]), [""; 0]);
    let listed = told(&["show", "--denied", "--json"]);
    assert_eq!(listed[0]["runs"].as_array().unwrap().len(), 1);
    assert_eq!(listed[0]["runs"][0]["run"], *denied);

    // What is exported can be verified elsewhere, all of it at once.
    let elsewhere = Ground::new();
    let file = elsewhere.folder.path().join("runs.jsonl");
    fs::write(&file, ground.audit(&["export", "--all"]).stdout).unwrap();
    let name = file.to_str().unwrap();
    let verified = elsewhere.audit(&["verify", name]);
    assert!(verified.status.success(), "{}", stderr(&verified));
    assert!(String::from_utf8_lossy(&verified.stdout).contains("2 sound"));
    // With a copy of its heads nothing is missing to compare with, whatever that machine has run itself.
    let copy = ground.logs().join("heads");
    let copy = copy.to_str().unwrap();
    for _ in 0..2 {
        let verified = elsewhere.audit(&["verify", name, "--against", copy]);
        assert!(verified.status.success(), "{}", stderr(&verified));
        assert_eq!(stderr(&verified), "");
        elsewhere.uploaded();
    }
    let one = elsewhere.audit(&["show", name]);
    assert_eq!(one.status.code(), Some(2), "{}", stderr(&one));
    assert!(
        stderr(&one).contains("holds the logs of 2 runs"),
        "{}",
        stderr(&one)
    );
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replacen("\"outcome\":\"", "\"outcome\":\"x", 1)).unwrap();
    let altered = elsewhere.audit(&["verify", name]);
    assert_eq!(altered.status.code(), Some(8), "{}", stderr(&altered));

    // A log that cannot be read keeps none of the others back, and is told.
    fs::remove_file(ground.log(&sound)).unwrap();
    fs::create_dir(ground.log(&sound)).unwrap();
    let rest = ground.audit(&["export", "--all"]);
    assert_eq!(rest.status.code(), Some(1), "{}", stderr(&rest));
    assert!(String::from_utf8_lossy(&rest.stdout).contains(&denied));
    assert!(
        stderr(&rest).contains("1 log cannot be read"),
        "{}",
        stderr(&rest)
    );

    for wrong in [
        &["export"][..],
        &["export", "last", "--all"],
        &["export", "last", "--denied"],
        &["show", "--since", "2026"],
    ] {
        let refused = ground.audit(wrong);
        assert_eq!(
            refused.status.code(),
            Some(2),
            "{wrong:?}: {}",
            stderr(&refused)
        );
    }
}
