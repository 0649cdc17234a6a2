//! Runs that are replayed from their logs.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

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
    let commands: [&[&str]; 8] = [
        &["images"],
        &["upload", "--from", archive],
        &["resolve", "example/tiny:1"],
        &["save", "example/tiny:1", "--output", saved],
        &["tag", "example/tiny:1", "example/tiny:again"],
        &["repair", "example/tiny:1", "--image-id", "manifest"],
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
    // Every command of the contract is among them, but for those of which all runs of their own tests are replayed.
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/it/in_keep");
    let has_own_tests = |name: &str| Path::new(own).join(name).with_extension("rs").exists();
    let contract =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../wit/commands.wit")).unwrap();
    let cases = contract.split("variant command {").nth(1).unwrap();
    let cases = cases.split('}').next().unwrap();
    let mut asked: Vec<&str> = cases
        .lines()
        .filter_map(|line| line.trim().split_once('('))
        .map(|(name, _)| name)
        .filter(|name| !name.starts_with('/'))
        .filter(|name| names.iter().any(|run| run == name) || !has_own_tests(name))
        .collect();
    asked.sort_unstable();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names, asked, "runs of these commands are replayed");
}

/// The component chooses, of what the host told it, so that the choice is replayed with the rest.
#[test]
fn the_log_tells_which_image_of_a_stream_was_asked_for_and_which_was_taken() {
    let ground = Ground::new();
    let archive = include_bytes!("../../../../tests/data/tiny-docker20.10.tar");
    let file = ground.folder.path().join("tiny.tar.gz");
    let mut packed = GzEncoder::new(fs::File::create(&file).unwrap(), Compression::fast());
    packed.write_all(archive).unwrap();
    packed.finish().unwrap();
    let source = format!("docker-archive:{}:@0", file.display());
    let platform = ["--platform", "linux/amd64"];
    let upload = [&["upload", "--from", &source][..], &platform].concat();
    let uploaded = ground.keepdocker(None, &upload);
    assert!(uploaded.status.success(), "{}", stderr(&uploaded));

    let run = ground.runs().pop().unwrap();
    let entries = ground.entries(&run);
    let asked = &entries[0]["request"][0];
    assert_eq!(asked["selection"], "@0");
    assert_eq!(asked["platform"]["architecture"], "amd64");
    let calls = |verb: &str, phase: &str| -> Vec<&Value> {
        let is_it = |entry: &&Value| entry["verb"] == verb && entry["phase"] == phase;
        entries.iter().filter(is_it).collect()
    };
    let told = calls("archives.images", "result");
    assert_eq!(
        told[0]["answer"]["ok"]["images"],
        Value::Null,
        "a stream tells nothing yet"
    );
    let held = told[1]["answer"]["ok"]["images"].as_array().unwrap();
    assert_eq!(held.len(), 1);
    let stored = calls("keep.store", "attempt");
    assert_eq!(stored[0]["request"][1]["image"], Value::Null);
    assert_eq!(stored[1]["request"][1]["image"]["image"], held[0]["id"]);
    let sent: Vec<u64> = calls("keep.store", "result")
        .iter()
        .map(|entry| entry["bytes"].as_u64().unwrap_or_default())
        .collect();
    assert_eq!(sent.len(), 2);
    assert!(sent[1] > 0, "{sent:?}: the rest is sent by the second call");
    assert!(ground.audit(&["replay", &run]).status.success());
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
