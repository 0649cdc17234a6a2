//! Progress on a real terminal: a pseudo-terminal of the system, of a given width.

use std::time::Duration;

use keepdocker_sandbox::faults::{Action, Fault};

use super::{KEEPDOCKER, place, tasks};
use crate::support::Environment;

/// Uploads on a terminal where sending the block takes some time, and returns what was written to it.
fn uploaded(prepare: &str, fault: Option<u16>, set: impl FnOnce(&mut Environment)) -> String {
    let (cluster, mut environment) = place();
    if let Some(status) = fault {
        cluster
            .faults()
            .plan(Fault::on("", Action::Answer(status)).method("PUT"));
    }
    cluster
        .faults()
        .plan(Fault::on("", Action::Delay(Duration::from_millis(2500))).method("PUT"));
    environment.set("TERM", "xterm");
    set(&mut environment);
    let (_, arguments) = &tasks()[2];
    let command = format!("{prepare} {KEEPDOCKER} {}", arguments.join(" "));
    let output = environment.run("script", &["-qfec", &command, "/dev/null"]);
    let text = output.stdout();
    assert!(cluster.faults().left() == 0, "{text}");
    text
}

/// The lines that were drawn, each from its carriage return to what erases the rest.
fn drawn(text: &str) -> Vec<&str> {
    let parts = text.split('\r').skip(1);
    parts
        .filter_map(|part| part.split_once("\u{1b}[K"))
        .map(|(line, _)| line)
        .filter(|line| !line.is_empty())
        .collect()
}

/// What stands on a terminal of this width in the end.
fn screen(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![Vec::new()];
    let mut column = 0;
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        match character {
            '\r' => column = 0,
            '\n' => {
                lines.push(Vec::new());
                column = 0;
            }
            '\u{1b}' => {
                assert_eq!(rest.next(), Some('['), "{text:?}");
                let parameters = |c: &char| c.is_ascii_digit() || *c == ';';
                match rest.by_ref().find(|c| !parameters(c)) {
                    Some('K') => lines.last_mut().unwrap().truncate(column),
                    // A colour takes no place.
                    Some('m') => {}
                    other => panic!("{other:?}: {text:?}"),
                }
            }
            character => {
                if column == width {
                    lines.push(Vec::new());
                    column = 0;
                }
                let line = lines.last_mut().unwrap();
                line.resize(line.len().max(column + 1), ' ');
                line[column] = character;
                column += 1;
            }
        }
    }
    lines
        .into_iter()
        .map(|line| line.into_iter().collect())
        .collect()
}

#[test]
fn the_bar_stays_on_one_line_of_any_terminal_and_ends_full() {
    for width in [200, 120, 80, 40, 20] {
        let text = uploaded(&format!("stty cols {width} rows 30;"), None, |_| {});
        let lines = drawn(&text);
        assert!(lines.len() >= 8, "{width}: {text:?}");
        for line in &lines {
            assert!(line.len() < width, "{width}: {line}");
        }
        let last = lines.last().unwrap();
        if width >= 80 {
            assert!(
                last.starts_with(&format!("[{}] ", "=".repeat(24))),
                "{last}"
            );
        } else {
            assert!(last.contains("100 %"), "{last}");
        }
        let screen = screen(&text, width);
        let bars = screen.iter().filter(|line| line.contains("B/s")).count();
        // One is the bar, and the last line of the upload tells its speed too.
        assert!(bars <= 2, "{width}: {screen:#?}");
    }
}

#[test]
fn the_bar_follows_a_terminal_that_changes_its_width() {
    let change = "stty cols 120 rows 30; (sleep 0.6; stty -F /dev/tty cols 40) &";
    let text = uploaded(change, None, |_| {});
    let lines = drawn(&text);
    assert!(lines.first().unwrap().len() > 60, "{text:?}");
    assert!(lines.last().unwrap().len() < 40, "{text:?}");
}

#[test]
fn a_message_has_a_line_of_its_own() {
    let text = uploaded("stty cols 100 rows 30;", Some(503), |_| {});
    let screen = screen(&text, 100);
    let told: Vec<&String> = screen
        .iter()
        .filter(|line| line.contains("trying again in"))
        .collect();
    assert!(!told.is_empty(), "{screen:#?}");
    for line in told {
        assert!(
            !line.contains('[') && !line.contains(" read, "),
            "{screen:#?}"
        );
    }

    let text = interrupted();
    let screen = self::screen(&text, 100);
    let told = screen
        .iter()
        .position(|line| line.contains("ended by signal 2"));
    let told = told.unwrap_or_else(|| panic!("{screen:#?}"));
    assert!(screen[told].starts_with("warning: "), "{screen:#?}");
    // What the bar showed last stays above it.
    assert!(screen[told - 1].contains("B/s"), "{screen:#?}");
}

/// Interrupts an upload on a terminal.
fn interrupted() -> String {
    let (cluster, mut environment) = place();
    cluster
        .faults()
        .plan(Fault::on("", Action::Delay(Duration::from_secs(600))).method("PUT"));
    environment.set("TERM", "xterm");
    let (_, arguments) = &tasks()[2];
    let command = format!(
        "stty cols 100 rows 30; timeout --foreground -s INT 2 {KEEPDOCKER} {}",
        arguments.join(" ")
    );
    environment
        .run("script", &["-qfec", &command, "/dev/null"])
        .stdout()
}

#[test]
fn a_terminal_that_cannot_draw_or_that_nobody_looks_at_gets_lines() {
    let cases: [(&str, &str, &str); 4] = [
        ("stty cols 80 rows 30;", "TERM", "dumb"),
        ("stty cols 80 rows 30;", "CI", "true"),
        ("stty cols 80 rows 30;", "GITHUB_ACTIONS", "true"),
        ("stty cols 0 rows 0;", "TERM", "xterm"),
    ];
    for (prepare, name, value) in cases {
        let text = uploaded(prepare, None, |environment| environment.set(name, value));
        assert!(!text.contains('\u{1b}'), "{name}: {text:?}");
        assert!(!text.replace("\r\n", "").contains('\r'), "{name}: {text:?}");
        assert!(text.contains(" read, "), "{name}: {text:?}");
    }
}

/// Runs a command on a terminal of this width, and returns what stands there in the end.
fn shown(environment: &Environment, words: &str, width: usize) -> Vec<String> {
    let command = format!("stty cols {width} rows 30; {KEEPDOCKER} {words}");
    let output = environment.run("script", &["-qfec", &command, "/dev/null"]);
    screen(&output.stdout(), width)
}

#[test]
fn the_listing_fits_the_terminal_and_stays_what_it_was_in_a_pipe() {
    let (_cluster, mut environment) = place();
    environment.set("TERM", "xterm");
    let (_, upload) = &tasks()[2];
    let upload: Vec<&str> = upload.iter().map(String::as_str).collect();
    let collection = environment.keepdocker(&upload).success();
    let piped = environment.keepdocker(&["images"]).success();
    let row = piped.lines().nth(1).unwrap();
    assert!(
        row.chars().count() > 100 && row.contains("sha256:"),
        "{row}"
    );

    for width in [120, 80, 40] {
        let screen = shown(&environment, "images", width);
        let row = screen
            .iter()
            .find(|line| line.starts_with("lab/") || line.starts_with("hello"))
            .unwrap_or_else(|| panic!("{width}: {screen:#?}"));
        assert!(row.chars().count() <= width, "{width}: {row}");
        assert_eq!(row.contains(collection.trim()), width > 40, "{row}");
        // The digits that are shown find the image again.
        let is_id = |word: &&str| word.len() == 12 && word.chars().all(|c| c.is_ascii_hexdigit());
        let id = row.split_whitespace().find(is_id).unwrap();
        assert_eq!(environment.keepdocker(&["images", id]).success(), piped);
    }
}

#[test]
fn a_long_message_is_broken_on_a_terminal_alone_and_between_words() {
    let (_cluster, mut environment) = place();
    environment.set("TERM", "xterm");
    let piped = environment.keepdocker(&["images", "--project=nonsense"]);
    let whole: Vec<&str> = piped.stderr.lines().collect();
    assert!(whole.iter().any(|line| line.len() > 80), "{whole:?}");
    for width in [80, 40] {
        let screen = shown(&environment, "images --project=nonsense", width);
        let lines: Vec<&str> = screen
            .iter()
            .map(String::as_str)
            .filter(|line| !line.is_empty())
            .collect();
        assert!(lines.len() > whole.len(), "{screen:#?}");
        let joined: Vec<&str> = lines.iter().map(|line| line.trim()).collect();
        assert_eq!(joined.join(" "), whole.join(" "), "{screen:#?}");
        for line in &lines {
            assert!(line.chars().count() <= width, "{width}: {line}");
        }
        // What follows stands below the text, not below the word before it.
        assert!(lines[1].starts_with("       "), "{screen:#?}");
    }
}
