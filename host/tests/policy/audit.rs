//! The audit log of whole runs: what is in it, and what shows when it was altered.

use serde_json::Value;

use super::*;

impl Ground {
    fn logs(&self) -> PathBuf {
        self.folder.path().join(".local/state/keepdocker/audit")
    }

    /// Returns the IDs of the runs, oldest first.
    fn runs(&self) -> Vec<String> {
        let mut runs: Vec<String> = fs::read_dir(self.logs())
            .unwrap()
            .filter_map(|entry| {
                let name = entry.unwrap().file_name().into_string().unwrap();
                name.strip_suffix(".jsonl").map(str::to_owned)
            })
            .collect();
        runs.sort();
        runs
    }

    fn log(&self, run: &str) -> PathBuf {
        self.logs().join(format!("{run}.jsonl"))
    }

    fn entries(&self, run: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.log(run)).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    fn audit(&self, arguments: &[&str]) -> Output {
        let all: Vec<&str> = ["audit"].iter().chain(arguments).copied().collect();
        self.run(env!("CARGO_BIN_EXE_keepdocker"), &all)
    }

    /// Uploads the image, and returns the ID of the run.
    fn uploaded(&self) -> String {
        let uploaded = self.upload(None);
        assert!(uploaded.status.success(), "{}", stderr(&uploaded));
        self.runs().pop().unwrap()
    }

    /// Alters the lines of a log.
    fn alter(&self, run: &str, alter: impl FnOnce(&mut Vec<String>)) {
        let text = fs::read_to_string(self.log(run)).unwrap();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        alter(&mut lines);
        fs::write(self.log(run), lines.join("\n") + "\n").unwrap();
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[test]
fn every_call_of_an_upload_is_in_the_log_before_and_after() {
    let ground = Ground::new();
    let run = ground.uploaded();
    let entries = ground.entries(&run);
    let (first, last) = (&entries[0], &entries[entries.len() - 1]);

    assert_eq!(first["phase"], "open");
    assert_eq!(first["schema"], "keepdocker.audit/1");
    assert_eq!(first["command"], "upload");
    assert_eq!(first["program"]["name"], "keepdocker");
    assert_eq!(first["arguments"][2], "upload");
    assert_eq!(text(&first["component"]["sha256"]).len(), 64);
    assert_eq!(text(&first["policy"]["sha256"]).len(), 64);
    assert_eq!(first["policy"]["sources"][0]["origin"], "built-in");
    assert!(text(&first["cluster"]["host"]).starts_with("127.0.0.1:"));

    let calls = &entries[1..entries.len() - 1];
    for pair in calls.chunks(2) {
        assert_eq!(
            (&pair[0]["phase"], &pair[1]["phase"]),
            (&"attempt".into(), &"result".into())
        );
        assert_eq!(pair[0]["call"], pair[1]["call"]);
        assert_eq!(pair[0]["decision"], "allow");
        assert!(!text(&pair[1]["rule"]).is_empty());
        assert_eq!(pair[0]["rule_source"]["file"], "built-in");
    }
    let created = calls
        .iter()
        .find(|entry| entry["verb"] == "collections.create" && entry["phase"] == "result")
        .unwrap();
    assert!(text(&created["answer"]["ok"]["uuid"]).starts_with("kdbox-4zz18-"));
    let sent: u64 = calls
        .iter()
        .filter_map(|entry| entry["bytes"].as_u64())
        .sum();
    assert_eq!(last["phase"], "close");
    assert_eq!(
        (&last["outcome"], &last["exit"]),
        (&"done".into(), &0.into())
    );
    assert_eq!(last["calls"], calls.len() / 2);
    assert_eq!(last["bytes"], sent);
    assert!(sent > 0);
    assert_eq!(last["answer"]["ok"]["image"], ID);

    let verified = ground.audit(&["verify"]);
    assert!(verified.status.success(), "{}", stderr(&verified));
    let shown = String::from_utf8(ground.audit(&["show", "last"]).stdout).unwrap();
    assert!(
        shown.contains("keep.store") && shown.contains("done after"),
        "{shown}"
    );
    let listed = String::from_utf8(ground.audit(&["show"]).stdout).unwrap();
    assert!(listed.contains(&run) && listed.contains("done"), "{listed}");
}

#[test]
fn the_logs_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let ground = Ground::new();
    let run = ground.uploaded();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&ground.logs()), 0o700);
    assert_eq!(mode(&ground.log(&run)), 0o600);
    assert_eq!(mode(&ground.logs().join("heads")), 0o600);
}

#[test]
fn a_denial_names_its_place_in_the_log_and_the_log_becomes_a_policy() {
    let ground = Ground::new();
    ground.uploaded();
    let drafted = ground.run(
        env!("CARGO_BIN_EXE_keepdocker"),
        &["policy", "init", "--from-audit", "last"],
    );
    assert!(drafted.status.success(), "{}", stderr(&drafted));
    let policy = ground.folder.path().join("drafted.toml");
    fs::write(&policy, &drafted.stdout).unwrap();
    // What the user meant to do once may be done again, and nothing else.
    let again = ground.upload(Some(&policy));
    assert!(again.status.success(), "{}", stderr(&again));

    let denied = ground.keepdocker(Some(&policy), &["upload", "other/image"]);

    assert_eq!(denied.status.code(), Some(3), "{}", stderr(&denied));
    let run = ground.runs().pop().unwrap();
    let entries = ground.entries(&run);
    let entry = entries
        .iter()
        .find(|entry| entry["phase"] == "denied")
        .unwrap();
    let said = format!(
        "log: call {} of run {run}; see `keepdocker audit show {run}`",
        entry["call"]
    );
    assert!(
        stderr(&denied).contains(&said),
        "{said}\n{}",
        stderr(&denied)
    );
    assert_eq!(entries.last().unwrap()["outcome"], "denied");
    assert_eq!(entries.last().unwrap()["denied"], 1);
}

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

/// Writes a chain anew, as somebody who knows how would, so that it is sound in itself.
fn chained(lines: &[String]) -> Vec<String> {
    use sha2::{Digest, Sha256};
    let mut head = "0".repeat(64);
    let mut chained = Vec::new();
    for (place, line) in lines.iter().enumerate() {
        let mut entry: Value = serde_json::from_str(line).unwrap();
        let members = entry.as_object_mut().unwrap();
        members.remove("hash");
        members.insert("seq".into(), place.into());
        members.insert("prev".into(), head.into());
        let text = entry.to_string();
        head = Sha256::digest(&text)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        entry["hash"] = head.clone().into();
        chained.push(entry.to_string());
    }
    chained
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
        stderr(&verified).contains("so it was written anew"),
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

#[test]
fn a_run_that_is_killed_is_incomplete_and_one_that_is_interrupted_says_so() {
    let ground = Ground::new();
    let run = ground.uploaded();
    // As after `kill -9`: neither the last line nor its entry in the heads.
    ground.alter(&run, |lines| drop(lines.pop()));
    let heads = ground.logs().join("heads");
    let text = fs::read_to_string(&heads).unwrap();
    fs::write(&heads, text.lines().next().unwrap().to_owned() + "\n").unwrap();

    let verified = ground.audit(&["verify"]);

    assert_eq!(verified.status.code(), Some(9), "{}", stderr(&verified));
    // A line that was cut off in the middle is no forgery.
    let text = fs::read_to_string(ground.log(&run)).unwrap();
    fs::write(ground.log(&run), &text[..text.len() - 10]).unwrap();
    assert_eq!(ground.audit(&["verify", &run]).status.code(), Some(9));
    assert!(
        ground.upload(None).status.success(),
        "the next run goes on with the heads"
    );
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
fn a_log_can_be_left_out_unless_the_policy_requires_it() {
    let ground = Ground::new();
    let listed = ground.keepdocker(None, &["images", "--no-audit"]);
    assert!(listed.status.success(), "{}", stderr(&listed));
    assert!(!ground.logs().exists());

    let policy = ground.policy("p.toml", &format!("audit.required = true\n{ALL}"));
    let refused = ground.keepdocker(Some(&policy), &["images", "--no-audit"]);
    assert_eq!(refused.status.code(), Some(3));
    assert!(
        stderr(&refused).contains("requires an audit log"),
        "{}",
        stderr(&refused)
    );
    assert!(
        ground
            .keepdocker(Some(&policy), &["images"])
            .status
            .success()
    );
}

#[test]
fn the_policy_says_where_logs_go_and_a_further_layer_cannot_move_them() {
    let ground = Ground::new();
    let directory = ground.folder.path().join("central/logs");
    ground.policy(
        "config/keepdocker/policy.toml",
        &format!("audit.directory = {directory:?}\n{ALL}"),
    );
    assert!(ground.keepdocker(None, &["images"]).status.success());
    assert!(directory.join("heads").exists() && !ground.logs().exists());
    assert!(ground.audit(&["verify"]).status.success());

    let other = ground.policy("p.toml", &format!("audit.directory = \"/tmp\"\n{ALL}"));
    let refused = ground.keepdocker(Some(&other), &["images"]);
    assert!(!refused.status.success());
    assert!(
        stderr(&refused).contains("p.toml:2: `audit.directory` cannot be changed here"),
        "{}",
        stderr(&refused)
    );
}

#[test]
fn logs_go_when_their_time_is_over_and_the_heads_say_so() {
    let ground = Ground::new();
    let run = ground.uploaded();
    let old = "20200101T000000000Z-00000001";
    fs::copy(ground.log(&run), ground.log(old)).unwrap();
    let policy = ground.policy("p.toml", &format!("audit.retain = \"30d\"\n{ALL}"));
    // Old logs are looked for at every 32nd line of the heads, that is with every 16th run.
    for _ in 0..16 {
        assert!(
            ground
                .keepdocker(Some(&policy), &["images"])
                .status
                .success()
        );
    }
    assert!(!ground.log(old).exists());
    assert!(ground.log(&run).exists());
    let heads = fs::read_to_string(ground.logs().join("heads")).unwrap();
    assert!(heads.contains("\"event\":\"prune\",\"hash\":"), "{heads}");
    assert!(heads.contains(&format!("\"runs\":[\"{old}\"]")), "{heads}");
    assert!(ground.audit(&["verify"]).status.success());
}

#[test]
fn where_no_log_can_be_begun_the_run_goes_on_or_stops_as_the_policy_says() {
    let ground = Ground::new();
    fs::create_dir_all(ground.logs()).unwrap();
    // Every write to this device fails as on a full disk.
    std::os::unix::fs::symlink("/dev/full", ground.logs().join("heads")).unwrap();

    let warned = ground.upload(None);

    assert!(warned.status.success(), "{}", stderr(&warned));
    assert!(
        stderr(&warned).contains("warning: there is no audit log of this run: cannot write"),
        "{}",
        stderr(&warned)
    );
    fs::remove_dir_all(ground.folder.path().join("sandbox")).unwrap();
    for key in ["on-failure = \"stop\"", "required = true"] {
        let policy = ground.policy("p.toml", &format!("audit.{key}\n{ALL}"));
        let stopped = ground.upload(Some(&policy));
        assert_eq!(stopped.status.code(), Some(1), "{}", stderr(&stopped));
        assert!(
            stderr(&stopped).contains("the audit log cannot be kept, so nothing was done"),
            "{}",
            stderr(&stopped)
        );
    }
    fs::remove_file(ground.logs().join("heads")).unwrap();
    assert_eq!(ground.images(), 0);
}

/// Uploads with the logs on a disk of two pages, which is full in the middle of the run; what was
/// written is in the folder `logs` afterwards.
fn upload_until_the_disk_is_full(ground: &Ground, on_failure: &str) -> Output {
    let disk = ground.folder.path().join("disk");
    fs::create_dir_all(&disk).unwrap();
    let policy = ground.policy(
        "p.toml",
        &format!("[audit]\ndirectory = {disk:?}\non-failure = \"{on_failure}\"\n{ALL}"),
    );
    let archive = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/data/tiny-docker20.10.tar"
    );
    let script = "mount -t tmpfs -o size=8k none \"$0\" || exit 99\n\
                  \"$@\"; code=$?; rm -rf \"$0/../logs\"; cp -r \"$0\" \"$0/../logs\"; exit $code";
    Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", script])
        .arg(&disk)
        .arg(env!("CARGO_BIN_EXE_keepdocker"))
        .arg(format!(
            "--sandbox={}",
            ground.folder.path().join("sandbox").display()
        ))
        .arg("--policy")
        .arg(&policy)
        .args(["upload", "--from", &format!("docker-archive:{archive}")])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", ground.folder.path())
        .output()
        .unwrap()
}

#[test]
fn a_log_that_fails_in_the_middle_stops_the_run_before_the_next_effect_or_lets_it_go_on() {
    let ground = Ground::new();
    let stopped = upload_until_the_disk_is_full(&ground, "stop");
    assert_eq!(stopped.status.code(), Some(1), "{}", stderr(&stopped));
    assert!(
        stderr(&stopped)
            .contains("the record cannot be kept, so nothing more is done: cannot write"),
        "{}",
        stderr(&stopped)
    );
    assert_eq!(ground.images(), 0);
    let logs = ground.folder.path().join("logs");
    let log = fs::read_dir(logs)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| {
            path.extension()
                .is_some_and(|extension| extension == "jsonl")
        })
        .unwrap();
    let verified = ground.audit(&["verify", log.to_str().unwrap()]);
    assert_eq!(verified.status.code(), Some(9), "{}", stderr(&verified));

    let warned = upload_until_the_disk_is_full(&ground, "continue");
    assert!(warned.status.success(), "{}", stderr(&warned));
    assert!(
        stderr(&warned).contains("warning: the audit log of this run ends here: cannot write"),
        "{}",
        stderr(&warned)
    );
    assert_eq!(ground.images(), 1);
}

#[test]
fn a_run_of_every_command_is_replayed_call_by_call() {
    let ground = Ground::new();
    ground.uploaded();
    let saved = ground.folder.path().join("saved.tar");
    let saved = saved.to_str().unwrap();
    // The second upload finds the image, and the last two fail; what was decided is replayed all the same.
    let archive = concat!(
        "docker-archive:",
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/data/tiny-docker20.10.tar"
    );
    let commands: [&[&str]; 6] = [
        &["images"],
        &["upload", "--from", archive],
        &["resolve", "example/tiny:1"],
        &["save", "example/tiny:1", "--output", saved],
        &["resolve", "no/such"],
        &["upload", "no/such"],
    ];
    for command in commands {
        ground.keepdocker(None, command);
    }
    let mut names = Vec::new();
    for run in ground.runs() {
        let entries = ground.entries(&run);
        names.push(text(&entries[0]["command"]).to_owned());
        let replayed = ground.audit(&["replay", &run]);
        assert!(
            replayed.status.success(),
            "{:?}: {}",
            entries[0]["arguments"],
            stderr(&replayed)
        );
        let calls = entries.last().unwrap()["calls"].as_u64().unwrap();
        assert_eq!(
            String::from_utf8(replayed.stdout).unwrap(),
            format!("identical: {calls} calls, and the same answer\n")
        );
    }
    // Every command of the contract is among them.
    let contract =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../wit/commands.wit")).unwrap();
    for line in contract.lines() {
        if let Some((name, _)) = line.trim().split_once(": func(") {
            assert!(
                names.iter().any(|known| known == name),
                "no run of `{name}` is replayed"
            );
        }
    }
}

#[test]
fn a_replay_of_an_altered_log_or_by_another_component_is_refused() {
    let ground = Ground::new();
    let run = ground.uploaded();
    let whole = fs::read_to_string(ground.log(&run)).unwrap();
    ground.alter(&run, |lines| lines[3] = lines[3].replace("allow", "alloW"));
    let refused = ground.audit(&["replay", &run]);
    assert_eq!(refused.status.code(), Some(8));
    assert!(
        stderr(&refused).contains("its log was altered"),
        "{}",
        stderr(&refused)
    );

    // A forger who makes everything fit still needs answers from which the component decides so.
    let heads = ground.logs().join("heads");
    let known = fs::read_to_string(&heads).unwrap();
    fs::remove_file(&heads).unwrap();
    let forge = |from: &str, to: &str| {
        let lines: Vec<String> = whole.lines().map(|line| line.replace(from, to)).collect();
        fs::write(ground.log(&run), chained(&lines).join("\n") + "\n").unwrap();
        ground.audit(&["replay", &run])
    };
    let differs = forge(
        "\"name\":\"example/tiny:1\"",
        "\"name\":\"other/tool:latest\"",
    );
    assert_eq!(differs.status.code(), Some(8), "{}", stderr(&differs));
    assert!(
        stderr(&differs).contains("the component does not do what the log says"),
        "{}",
        stderr(&differs)
    );
    let sha256 = serde_json::from_str::<Value>(whole.lines().next().unwrap()).unwrap()["component"]
        ["sha256"]
        .clone();
    let other = forge(text(&sha256), &"0".repeat(64));
    assert_eq!(other.status.code(), Some(1));
    assert!(
        stderr(&other).contains("was one of the component with SHA-256 0000"),
        "{}",
        stderr(&other)
    );
    fs::write(&heads, known).unwrap();

    // A run that was cut short is replayed as far as it goes.
    let cut: String = whole.split_inclusive('\n').take(8).collect();
    fs::write(ground.log(&run), cut).unwrap();
    fs::remove_file(&heads).unwrap();
    let replayed = ground.audit(&["replay", &run]);
    assert!(replayed.status.success(), "{}", stderr(&replayed));
    assert!(String::from_utf8_lossy(&replayed.stdout).contains("where the run was cut short"));
}

#[test]
fn no_secret_of_a_run_is_in_its_log() {
    let ground = Ground::new();
    ground.uploaded();
    // The second run reads manifests, whose locators are signed.
    ground.uploaded();
    let secret = "s3cr3t-of-a-registry-0123";
    let mut command = Command::new(env!("CARGO_BIN_EXE_keepdocker"));
    let output = command
        .arg(format!(
            "--sandbox={}",
            ground.folder.path().join("sandbox").display()
        ))
        .arg(format!("--engine=no-such-engine-{secret}"))
        .args([
            "upload",
            &format!("https://user:{secret}@registry.example/a/b"),
        ])
        .env_clear()
        .env("HOME", ground.folder.path())
        .env("REGISTRY_PASSWORD", secret)
        .env("https_proxy", format!("http://u:{secret}@127.0.0.1:9"))
        .output()
        .unwrap();
    assert!(!output.status.success());
    let token = token_of_sandbox(&ground);
    let mut signatures = 0;
    for run in ground.runs() {
        let log = fs::read_to_string(ground.log(&run)).unwrap();
        for secret in [secret, token.as_str(), token.rsplit('/').next().unwrap()] {
            assert!(!log.contains(secret), "{run} has {secret}");
        }
        for (at, _) in log.match_indices("+A") {
            assert!(
                log[at..].starts_with("+Amasked"),
                "{run}: {}",
                &log[at..at + 60]
            );
            signatures += 1;
        }
    }
    assert!(signatures > 3, "the logs show where signatures were");
}

/// Returns the token of the sandbox, as it tells it to who serves it.
fn token_of_sandbox(ground: &Ground) -> String {
    let mut serving = Command::new(env!("CARGO_BIN_EXE_keepdocker"))
        .args(["sandbox", "serve"])
        .arg(ground.folder.path().join("sandbox"))
        .env_clear()
        .env("HOME", ground.folder.path())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let printed = std::io::BufReader::new(serving.stdout.take().unwrap());
    let token = std::io::BufRead::lines(printed)
        .take(6)
        .map(Result::unwrap)
        .find_map(|line| {
            Some(
                line.strip_prefix("export ARVADOS_API_TOKEN=")?
                    .trim_matches('\'')
                    .to_owned(),
            )
        });
    serving.kill().unwrap();
    serving.wait().unwrap();
    token.unwrap()
}
