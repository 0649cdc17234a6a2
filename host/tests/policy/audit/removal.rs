//! Logs that somebody removed, and what shows it.

use std::os::unix::fs::DirBuilderExt as _;
use std::process::Command;

use super::*;

/// Three runs, and a copy of their heads as it is kept elsewhere.
fn three_runs() -> (Ground, Vec<String>, String) {
    let ground = Ground::new();
    for _ in 0..3 {
        let _ = ground.uploaded();
    }
    let copy = ground.folder.path().join("copy-of-heads");
    fs::copy(ground.logs().join("heads"), &copy).unwrap();
    let runs = ground.runs();
    assert_eq!(runs.len(), 3);
    (ground, runs, copy.to_str().unwrap().to_owned())
}

/// Verifies all, which must find this and count so many sound logs.
#[track_caller]
fn assert_found(ground: &Ground, arguments: &[&str], words: &str, sound: usize) {
    let verified = ground.audit(&[&["verify"], arguments].concat());
    let told = stderr(&verified);
    assert_eq!(verified.status.code(), Some(8), "{told}");
    assert!(told.contains(words), "{told}");
    assert!(told.contains(&format!("{sound} sound")), "{told}");
}

fn is_of(path: &Path, run: &str) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with(run))
}

fn remove_all_of(ground: &Ground, run: &str) {
    for entry in fs::read_dir(ground.logs()).unwrap() {
        let path = entry.unwrap().path();
        if is_of(&path, run) {
            fs::remove_file(path).unwrap();
        }
    }
}

#[test]
fn a_copy_shows_that_everything_was_removed() {
    let (ground, runs, copy) = three_runs();
    fs::remove_dir_all(ground.logs()).unwrap();
    fs::DirBuilder::new()
        .mode(0o700)
        .create(ground.logs())
        .unwrap();
    for run in &runs {
        let gone = format!("{run}: its log is gone");
        assert_found(&ground, &["--against", &copy], &gone, 0);
    }
    fs::remove_dir(ground.logs()).unwrap();
    assert_found(&ground, &["--against", &copy], "line 1 of the heads", 0);
}

#[test]
fn a_copy_shows_that_the_heads_and_a_log_were_removed() {
    let (ground, runs, copy) = three_runs();
    fs::remove_file(ground.logs().join("heads")).unwrap();
    remove_all_of(&ground, &runs[1]);
    let gone = format!("{}: its log is gone", runs[1]);
    assert_found(&ground, &["--against", &copy], &gone, 2);
}

#[test]
fn a_line_that_says_that_a_young_log_was_due_is_not_believed() {
    let now = chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::now());
    for at in [now, now + chrono::TimeDelta::days(200)] {
        let (ground, runs, copy) = three_runs();
        remove_all_of(&ground, &runs[0]);
        let heads = ground.logs().join("heads");
        let mut lines: Vec<String> = fs::read_to_string(&heads)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect();
        let at = at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
        lines.push(serde_json::json!({"at": at, "event": "prune", "runs": [runs[0]]}).to_string());
        fs::write(&heads, chained(&lines).join("\n") + "\n").unwrap();

        let gone = format!("{}: its log is gone", runs[0]);
        assert_found(&ground, &[], &gone, 2);
        assert_found(&ground, &["--against", &copy], &gone, 2);
    }
}

/// What cannot be read is told, and does not hide that another log was altered.
#[test]
fn whatever_stands_in_a_logs_place_the_others_are_verified() {
    type Replace = fn(&Path);
    let replacements: [(&str, Replace); 4] = [
        ("nothing, but its values are there", |log| {
            fs::rename(log, log.with_extension("values.zst")).unwrap();
        }),
        ("a folder", |log| {
            fs::remove_file(log).unwrap();
            fs::create_dir(log).unwrap();
        }),
        ("a pipe", |log| {
            fs::remove_file(log).unwrap();
            assert!(Command::new("mkfifo").arg(log).status().unwrap().success());
        }),
        ("a link to nothing", |log| {
            fs::remove_file(log).unwrap();
            std::os::unix::fs::symlink("/nowhere", log).unwrap();
        }),
    ];
    for (name, replace) in replacements {
        let (ground, runs, _) = three_runs();
        replace(&ground.log(&runs[0]));
        ground.alter(&runs[2], |lines| {
            lines[3] = lines[3].replace("allow", "alloW");
        });
        assert_found(&ground, &[], &runs[0], 1);
        assert_found(&ground, &[], "line 4: its hash is another", 1);
        for words in [&["show", &runs[1]][..], &["show"]] {
            let listed = ground.audit(words);
            assert!(listed.status.success(), "{name}: {}", stderr(&listed));
            let told = String::from_utf8_lossy(&listed.stdout);
            assert!(told.contains("upload"), "{name}: {told}");
        }
    }
}
