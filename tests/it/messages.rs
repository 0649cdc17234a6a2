//! What people get to read when `arv-keepdocker` fails: what, on what, why, and what to do. Where the
//! Python program shows a traceback, and whatever the cause, it is a paragraph, the exit code is 1,
//! and nothing was printed or named.

mod archives;
mod cluster;
mod engine;
mod machine;
mod settings;

use crate::support::{Cluster, Output};

/// Asserts the same of a run of `keepdocker`, which has more exit codes and no times.
#[track_caller]
fn check_plain(name: &str, output: &Output) {
    let code = output.status.code();
    assert!(matches!(code, Some(1 | 7)), "{name}: {output}");
    output.assert_told_to_people(&[]);
    for line in output.stderr.lines() {
        let is_own = ["error: ", "warning: ", "hint: ", "see: ", "  "]
            .iter()
            .any(|beginning| line.starts_with(beginning));
        assert!(is_own, "{name}: `{line}` in {output}");
    }
    assert!(output.stderr.contains("error: "), "{name}: {output}");
    assert_eq!(dumped(&output.stderr), None, "{name}: {output}");
}

/// Finds a word that is written `LikeThis`, as only source code has them.
fn dumped(text: &str) -> Option<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    // Units are written like that too, and temporary folders are named at random.
    let is_long = |word: &&str| word.len() > 5 && !word.starts_with("tmp");
    words.filter(is_long).find(|word| {
        let has_hump = word
            .as_bytes()
            .windows(2)
            .any(|two| two[0].is_ascii_lowercase() && two[1].is_ascii_uppercase());
        has_hump && word.bytes().all(|byte| byte.is_ascii_alphabetic())
    })
}

/// Asserts that a run failed as it should, and mentions all of this.
#[track_caller]
fn check(name: &str, cluster: &Cluster, output: &Output, mentions: &[&str]) {
    assert_eq!(output.status.code(), Some(1), "{name}: {output}");
    let token = cluster.token();
    let (_, secret) = token.rsplit_once('/').unwrap();
    output.assert_told_to_people(&[secret]);
    for mention in mentions {
        assert!(
            output.stderr.contains(mention),
            "{name}: no `{mention}` in {output}"
        );
    }
    // Each line is one of the program's, with its time, or belongs to the one above.
    for line in output.stderr.lines() {
        let is_own = line.contains(" arvados.keepdocker[");
        assert!(
            is_own || line.starts_with("  "),
            "{name}: `{line}` in {output}"
        );
    }
    assert!(output.stderr.contains("] ERROR: "), "{name}: {output}");
    if let Some(word) = dumped(&output.stderr) {
        panic!("{name}: `{word}` in {output}");
    }
    let names = cluster.links_of("docker_image_repo+tag");
    assert!(names.is_empty(), "{name}: {names:#?}");
}
