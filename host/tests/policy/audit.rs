//! The audit log of whole runs: what is in it, and what shows when it was altered.

use serde_json::Value;

mod alteration;
mod keeping;
mod removal;
mod replay;

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
