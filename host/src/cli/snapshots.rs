//! What people and programs get to read, kept as text so that a change of it is read as text.
//!
//! `INSTA_UPDATE=always cargo test --workspace --lib cli::snapshots` writes the files below `snapshots` again.

use clap::{Command, CommandFactory as _};

use super::arv_keepdocker;
use super::keepdocker::described;
use crate::bindings::commands::{
    Ambiguity, Delivery, Downloaded, Failure, FormatMismatch, ListedImage, Outcome, ProjectFault,
    Repaired, Resolution, UnusableProject, Uploaded,
};
use crate::bindings::keep::Shortfall;
use crate::bindings::types::CommandFailure;
use crate::bindings::{api, archives, engine, keep, locks};
use crate::output::{self, Exit, Ids, Report, json};
use keepdocker_console::{Page, Purpose};

/// The width of a terminal that nobody has widened.
const WIDTH: usize = 80;

const IMAGE: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const MANIFEST: &str = "sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";
const COLLECTION: &str = "zzzzz-4zz18-0123456789abcde";
const CONTENT: &str = "fa3c1a9cb6783f85f2ecda037e07b8c3+167";

/// Adds the help of a command and of those below it.
fn add_help(command: &Command, path: &str, text: &mut String) {
    let mut shown = command
        .clone()
        .bin_name(path)
        .term_width(WIDTH)
        .version("0.0.0");
    let help = shown.render_long_help();
    text.push_str(&format!("$ {path} --help\n{help}\n"));
    for below in command.get_subcommands() {
        if below.get_name() != "help" {
            add_help(below, &format!("{path} {}", below.get_name()), text);
        }
    }
}

#[test]
fn help() {
    for program in [described(), arv_keepdocker::Arguments::command()] {
        let mut program = program;
        program.build();
        let name = program.get_name().to_owned();
        let mut text = String::new();
        add_help(&program, &name, &mut text);
        let too_wide: Vec<&str> = text
            .lines()
            .filter(|line| {
                line.chars().count() > WIDTH && !line.contains("usage") && !line.contains("Usage")
            })
            .collect();
        insta::assert_snapshot!(format!("help_{name}"), text);
        assert!(too_wide.is_empty(), "{too_wide:#?}");
    }
}

/// Returns the report as the console shows it.
fn shown(report: &Report) -> String {
    let mut text = format!("exit {}\nerror: {}\n", report.exit.code(), report.message);
    for line in report.details.iter().flat_map(|detail| detail.lines()) {
        text.push_str(&format!("  {line}\n"));
    }
    if let Some(advice) = &report.advice {
        text.push_str(&format!("hint: {advice}\n"));
    }
    if let Some(page) = report.page {
        text.push_str(&format!("see: {}\n", page.path()));
    }
    for line in &report.python {
        text.push_str(&format!("arv-keepdocker: {line}\n"));
    }
    text
}

/// One failure of each kind.
pub(super) fn failures() -> Vec<(&'static str, Failure)> {
    let why = || "THE REASON".to_owned();
    let command = || CommandFailure {
        command: "docker save".into(),
        status: Some(125),
        message: why(),
    };
    let project = |reason| {
        Failure::UnusableProject(UnusableProject {
            project: "zzzzz-j7d0g-0123456789abcde".into(),
            reason,
        })
    };
    vec![
        ("usage", Failure::Usage(why())),
        ("no such image", Failure::NoSuchImage("lab/tool:1".into())),
        ("no such ID", Failure::NoSuchImage("aaaaaaaaaaaa".into())),
        (
            "ambiguous image",
            Failure::AmbiguousImage(Ambiguity {
                asked: "aaaaaa".into(),
                images: vec![IMAGE.into(), MANIFEST.into()],
            }),
        ),
        (
            "unsupported format",
            Failure::UnsupportedFormat(FormatMismatch {
                format: "v2".into(),
                supported: vec!["v1".into()],
            }),
        ),
        (
            "no format",
            Failure::UnsupportedFormat(FormatMismatch {
                format: "v2".into(),
                supported: Vec::new(),
            }),
        ),
        (
            "engine denied",
            Failure::Engine(engine::Error::Denied(why())),
        ),
        (
            "engine away",
            Failure::Engine(engine::Error::Unavailable(why())),
        ),
        (
            "engine failed",
            Failure::Engine(engine::Error::Failed(command())),
        ),
        ("engine other", Failure::Engine(engine::Error::Other(why()))),
        (
            "archive denied",
            Failure::Archive(archives::Error::Denied(why())),
        ),
        (
            "archive away",
            Failure::Archive(archives::Error::NotFound(why())),
        ),
        (
            "archive unsound",
            Failure::Archive(archives::Error::Unsound(why())),
        ),
        (
            "archive without",
            Failure::Archive(archives::Error::NoSuchImage(why())),
        ),
        (
            "archive of several",
            Failure::Archive(archives::Error::Ambiguous(why())),
        ),
        (
            "archive of engine",
            Failure::Archive(archives::Error::Engine(command())),
        ),
        (
            "archive of a form",
            Failure::Archive(archives::Error::Unsupported(why())),
        ),
        (
            "archive other",
            Failure::Archive(archives::Error::Other(why())),
        ),
        ("lock denied", Failure::Lock(locks::Error::Denied(why()))),
        (
            "lock timed out",
            Failure::Lock(locks::Error::TimedOut(why())),
        ),
        ("lock away", Failure::Lock(locks::Error::Unavailable(why()))),
        ("lock other", Failure::Lock(locks::Error::Other(why()))),
        ("keep denied", Failure::Keep(keep::Error::Denied(why()))),
        (
            "keep without services",
            Failure::Keep(keep::Error::NoServices),
        ),
        (
            "keep short",
            Failure::Keep(keep::Error::TooFewReplicas(Shortfall {
                written: 1,
                wanted: 2,
                reasons: vec![why()],
            })),
        ),
        (
            "keep unauthorized",
            Failure::Keep(keep::Error::Unauthorized(why())),
        ),
        ("keep other", Failure::Keep(keep::Error::Other(why()))),
        ("reuse refused", Failure::ReuseRefused(why())),
        ("project absent", project(ProjectFault::Absent(why()))),
        (
            "project of a class",
            project(ProjectFault::NoProject("role".into())),
        ),
        (
            "project read-only",
            project(ProjectFault::ReadOnly("Images".into())),
        ),
        ("api denied", Failure::Api(api::Error::Denied(why()))),
        (
            "api unauthorized",
            Failure::Api(api::Error::Unauthorized(why())),
        ),
        ("api forbidden", Failure::Api(api::Error::Forbidden(why()))),
        ("api not found", Failure::Api(api::Error::NotFound(why()))),
        ("api rejected", Failure::Api(api::Error::Rejected(why()))),
        (
            "api unreachable",
            Failure::Api(api::Error::Unreachable(why())),
        ),
        ("api uncertain", Failure::Api(api::Error::Uncertain(why()))),
        ("api other", Failure::Api(api::Error::Other(why()))),
        ("too early", Failure::TooEarly(why())),
    ]
}

/// Returns the words of an example, as far as it is a command of ours.
fn words_of(example: &str) -> Vec<String> {
    let end = [" | ", " <", " >"]
        .iter()
        .filter_map(|sign| example.find(sign));
    let own = &example[..end.min().unwrap_or(example.len())];
    let mut words: Vec<String> = Vec::new();
    for (number, part) in own.split('\'').enumerate() {
        match number % 2 {
            0 => words.extend(part.split_whitespace().map(str::to_owned)),
            _ => words.push(part.to_owned()),
        }
    }
    words
}

#[test]
fn each_command_has_three_examples_that_can_be_typed() {
    let mut program = described();
    program.build();
    assert!(program.render_long_help().to_string().contains("/docs"));
    for command in program
        .get_subcommands()
        .filter(|it| it.get_name() != "help")
    {
        let name = command.get_name();
        let help = command.clone().render_long_help().to_string();
        let examples = help.split("Examples:\n").nth(1).unwrap_or_default();
        let examples: Vec<&str> = examples
            .lines()
            .map_while(|line| line.strip_prefix("  "))
            .filter(|line| line.starts_with("keepdocker "))
            .collect();
        assert!(examples.len() >= 3, "{name}: {examples:?}");
        for example in examples {
            let parsed = described().try_get_matches_from(words_of(example));
            assert!(parsed.is_ok(), "{example}: {}", parsed.unwrap_err());
        }
    }
}

#[test]
fn messages() {
    let purposes = [
        ("upload", Purpose::Store),
        ("save", Purpose::Save),
        ("load", Purpose::Load),
        ("repair", Purpose::Change),
        ("images", Purpose::Find),
        ("resolve", Purpose::Resolve),
    ];
    let mut text = String::new();
    for (name, failure) in failures() {
        let mut told: Vec<(String, Vec<&str>)> = Vec::new();
        for (command, purpose) in purposes {
            let report = shown(&Report::of(failure.clone(), purpose));
            match told.iter_mut().find(|(known, _)| *known == report) {
                Some((_, commands)) => commands.push(command),
                None => told.push((report, vec![command])),
            }
        }
        for (report, commands) in told {
            text.push_str(&format!("# {name}: {}\n{report}\n", commands.join(", ")));
        }
    }
    insta::assert_snapshot!("messages", text);
}

#[test]
fn answers() {
    let listed = ListedImage {
        repository: Some("lab/tool".into()),
        tag: Some("1".into()),
        image: Some(IMAGE.into()),
        collection: COLLECTION.into(),
        timestamp: "2024-05-06T07:08:09Z".into(),
    };
    let unnamed = ListedImage {
        repository: None,
        tag: None,
        ..listed.clone()
    };
    let images = [listed, unnamed];
    let uploaded = Uploaded {
        collection: COLLECTION.into(),
        portable_data_hash: CONTENT.into(),
        image: IMAGE.into(),
        registered_as: MANIFEST.into(),
        name: Some("lab/tool:1".into()),
        outcome: Outcome::Uploaded,
        size: 3000,
        sent: 2000,
        reused: 1000,
        blocks: 2,
        layers: 3,
        layers_read: 2,
    };
    let downloaded = Downloaded {
        collection: COLLECTION.into(),
        portable_data_hash: CONTENT.into(),
        image: IMAGE.into(),
        outcome: Delivery::Fetched,
        size: 3000,
        blocks: 2,
        reasons: vec!["THE REASON".into()],
    };
    let repaired = Repaired {
        collection: COLLECTION.into(),
        portable_data_hash: CONTENT.into(),
        image: IMAGE.into(),
        registered_as: MANIFEST.into(),
        names: vec!["lab/tool:1".into()],
        outcome: Outcome::Registered,
        sent: 0,
        former: Some("zzzzz-4zz18-former000000000".into()),
        former_links: vec!["zzzzz-o0j2j-former000000000".into()],
    };
    let resolution = Resolution {
        collection: COLLECTION.into(),
        portable_data_hash: CONTENT.into(),
        reasons: vec!["THE REASON".into()],
        others: vec!["zzzzz-4zz18-other0000000000".into()],
    };
    let report = Report::new(Exit::NoSuchImage, "THE MESSAGE").detail("THE DETAIL");
    let text = [
        ("images", output::table(&images, Ids::Short)),
        ("images --no-trunc", output::table(&images, Ids::Whole)),
        ("images --json", json::images(&images)),
        ("upload --json", json::uploaded(&uploaded)),
        ("save --json", json::downloaded(&downloaded)),
        ("repair --json", output::changed("repair", &repaired, None)),
        (
            "repair --json --dry-run",
            output::changed("repair", &repaired, Some(&[])),
        ),
        ("resolve --json", json::resolved(&resolution)),
        (
            "a failure --json",
            output::failure(&report.advise("THE HINT").page(Page::Policy)),
        ),
    ]
    .map(|(name, text)| format!("$ keepdocker {name}\n{text}"));
    insta::assert_snapshot!("answers", text.join("\n"));
}
