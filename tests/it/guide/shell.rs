//! The commands of a page in one shell, and whether what comes is what the page shows.

use std::fs;

use super::given::Given;
use super::page::Command;

/// Runs commands one after the other; returns what is not as the page says.
pub(super) fn run(commands: &[Command], given: &Given) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let at = |number: usize, what: &str| folder.path().join(format!("{number}.{what}"));
    let mut script = String::from("status=0\n");
    for (number, command) in commands.iter().enumerate() {
        let text = given.real(&command.text);
        let text = match command.is_script {
            true => format!("set -e\n{text}\nset +e"),
            false => text,
        };
        // What the command before ended with, for `echo $?`.
        script.push_str(&format!(
            "(exit $status); {{\n{text}\n}} >{} 2>&1 <\"$answers\"; status=$?\necho $status >{}\n",
            at(number, "output").display(),
            at(number, "status").display(),
        ));
    }
    let ended = given.environment().run("bash", &["-c", &script, "bash"]);
    let mut wrong = Vec::new();
    for (number, command) in commands.iter().enumerate() {
        let output = fs::read_to_string(at(number, "output")).unwrap_or_default();
        keepdocker_schemas::assert_kept(&output);
        let first = command.text.lines().next().unwrap_or_default();
        let mut tell = |what: String| {
            wrong.push(format!("{}: `{first}` {what}:\n{output}", command.line));
        };
        let Ok(status) = fs::read_to_string(at(number, "status")) else {
            // A script ends the shell where it fails.
            tell(format!("ended with {}", ended.status.code().unwrap_or(-1)));
            break;
        };
        let is_asked = commands
            .get(number + 1)
            .is_some_and(|next| next.text == "echo $?");
        if status.trim() != "0" && !is_asked {
            tell(format!("ended with {}", status.trim()));
        } else if let Some(shown) = &command.shown {
            let shown: Vec<String> = shown.iter().map(|line| given.real(line)).collect();
            let lines: Vec<&str> = output.lines().collect();
            if !fits(&shown, &lines) {
                tell("printed something else".to_owned());
            }
        }
    }
    wrong
}

/// Tells whether lines are those that are shown; `…` by itself stands for any lines.
fn fits(shown: &[String], lines: &[&str]) -> bool {
    let Some((first, rest)) = shown.split_first() else {
        return lines.is_empty();
    };
    if first == "…" {
        return (0..=lines.len()).any(|count| fits(rest, &lines[count..]));
    }
    let Some((line, others)) = lines.split_first() else {
        return false;
    };
    is_line(first.trim_end(), line.trim_end()) && fits(rest, others)
}

/// Tells whether a line is the one that is shown; `…` in it stands for any characters.
fn is_line(shown: &str, line: &str) -> bool {
    let Some((start, rest)) = shown.split_once('…') else {
        return shown == line;
    };
    let Some(mut line) = line.strip_prefix(start) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('…').collect();
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        let Some((_, after)) = line.split_once(part) else {
            return false;
        };
        line = after;
    }
    line.ends_with(end)
}
