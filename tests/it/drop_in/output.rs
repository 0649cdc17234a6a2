//! What is written to standard error, and what is not.

use keepdocker_sandbox::Options;

use crate::support::{Cluster, Environment, StandIn};

#[test]
fn progress_has_the_forms_that_scripts_read() {
    for (option, is_right) in [
        ("--batch-progress", is_batch as fn(&str) -> bool),
        ("--progress", is_human),
        ("--no-progress", str::is_empty),
        ("--silent", str::is_empty),
        // Standard error is no terminal.
        ("--batch", str::is_empty),
    ] {
        let cluster = Cluster::start();
        let mut environment = Environment::on(&cluster);
        StandIn::new().install(&mut environment);

        let output = environment.arv_keepdocker(&[option, "hello-world"]);

        let printed = output.success();
        assert!(is_right(&output.stderr), "{option}: {output}");
        let uuid = cluster.only_collection()["uuid"].clone();
        match option {
            "--silent" => assert_eq!(printed, ""),
            _ => assert_eq!(printed, format!("{}\n", uuid.as_str().unwrap())),
        }
        // What is there is told, and without progress.
        let again = environment.arv_keepdocker(&[option, "hello-world"]);
        assert_eq!(again.success().trim(), uuid, "{option}");
        assert_eq!(again.stderr, "", "{option}");
    }
}

/// Tells whether these are lines like `/usr/bin/arv-keepdocker 77: 16384 written 16384 total`, of which
/// the last has all.
fn is_batch(text: &str) -> bool {
    let program = env!("CARGO_BIN_EXE_arv-keepdocker");
    let mut written = Vec::new();
    for line in text.lines() {
        let Some((start, counts)) = line.split_once(": ") else {
            return false;
        };
        let words: Vec<&str> = counts.split(' ').collect();
        let (["written", "total"], Ok(count)) = ([words[1], words[3]], words[0].parse::<u64>())
        else {
            return false;
        };
        let is_start = start
            .strip_prefix(program)
            .is_some_and(|process| process.trim().parse::<u32>().is_ok());
        if !is_start || words.len() != 4 {
            return false;
        }
        written.push((count, words[2].to_owned()));
    }
    written
        .last()
        .is_some_and(|(count, total)| *count > 0 && *total == count.to_string())
}

/// Tells whether this is like `\r0M / 0M 100.0% `, with a line end after it.
fn is_human(text: &str) -> bool {
    let last = text.trim_end_matches('\n').rsplit('\r').next();
    text.starts_with('\r') && text.ends_with('\n') && last == Some("0M / 0M 100.0% ")
}

#[test]
fn silence_and_debugging_are_those_of_the_python_program() {
    let cluster = Cluster::with(Options {
        docker_image_formats: Vec::new(),
        ..Options::default()
    });
    let mut environment = Environment::on(&cluster);
    StandIn::new().install(&mut environment);
    let words = "WARNING: server does not specify supported image formats (see docker_image_formats in server config).";
    // It is the upload that is silent.
    let output = environment.arv_keepdocker(&["--silent", "hello-world"]);
    assert_eq!(output.success(), "");
    assert!(output.stderr.trim_end().ends_with(words), "{output}");

    for (value, is_debugged) in [("1", true), ("0", true), ("", false)] {
        environment.set("ARVADOS_DEBUG", value);
        let output = environment.arv_keepdocker(&["images"]);
        let _ = output.success();
        assert_eq!(output.stderr.contains("] DEBUG: "), is_debugged, "{output}");
    }
    // The settings file asks for it too.
    let mut environment = Environment::new();
    let folder = environment.home().join("config/arvados");
    std::fs::create_dir_all(&folder).unwrap();
    let mut text = "ARVADOS_DEBUG=1\n".to_owned();
    for (name, value) in cluster.environment() {
        match name.as_str() {
            "SSL_CERT_FILE" => environment.set(&name, value),
            _ => text.push_str(&format!("{name}={value}\n")),
        }
    }
    std::fs::write(folder.join("settings.conf"), text).unwrap();
    let output = environment.arv_keepdocker(&["images"]);
    let _ = output.success();
    assert!(output.stderr.contains("] DEBUG: "), "{output}");
}
