//! What a page tells to type, and what it says comes of it.
//!
//! - `console` blocks: `$ ` begins a command and `> ` goes on with it; what stands below is all that it prints, and `…`
//!   is what may be there: by itself any lines, within a line any characters. A command ends with 0, unless the next is
//!   `echo $?`.
//! - `sh` blocks are run whole, and so are the `run` steps of `yaml` blocks.
//! - A comment `needs` at the top says what the commands find, and `run by: FILE` above a block names what runs its
//!   commands where these tests cannot.

use std::fs;

/// The languages of blocks that nobody types.
const OTHERS: [&str; 6] = ["toml", "json", "yaml", "python", "js", "text"];

/// A page that was read.
pub(super) struct Page {
    /// What its commands find, a line each.
    pub(super) needs: Vec<String>,
    pub(super) commands: Vec<Command>,
    /// What nobody could follow.
    pub(super) faults: Vec<String>,
}

/// Something to type.
pub(super) struct Command {
    /// Its line in the page, from 1.
    pub(super) line: usize,
    pub(super) text: String,
    /// Whether each line of it has to succeed.
    pub(super) is_script: bool,
    /// The lines that it is to print; none if the page does not say.
    pub(super) shown: Option<Vec<String>>,
}

/// A block between two fences.
struct Block<'a> {
    /// The line of its first fence.
    line: usize,
    language: &'a str,
    text: Vec<&'a str>,
    run_by: Option<&'a str>,
}

impl Page {
    /// Reads a page.
    pub(super) fn read(text: &str) -> Page {
        let mut page = Page {
            needs: needs(text),
            commands: Vec::new(),
            faults: Vec::new(),
        };
        for block in blocks(text, &mut page.faults) {
            page.add(&block);
        }
        page
    }

    fn add(&mut self, block: &Block<'_>) {
        if let Some(file) = block.run_by {
            self.faults.extend(not_run_by(file, block));
            return;
        }
        match block.language {
            "console" => self.add_console(block),
            "sh" => self.commands.push(script(block.line, &block.text)),
            "yaml" => {
                let steps = steps(&block.text);
                let scripts = steps.iter().map(|step| script(block.line, step));
                self.commands.extend(scripts);
            }
            "" => self
                .faults
                .push(format!("{}: the block has no language", block.line)),
            other if OTHERS.contains(&other) => {}
            other => self
                .faults
                .push(format!("{}: `{other}` is no language here", block.line)),
        }
    }

    fn add_console(&mut self, block: &Block<'_>) {
        let first = self.commands.len();
        for (number, line) in block.text.iter().enumerate() {
            let last = self.commands[first..].last_mut();
            if let Some(text) = line.strip_prefix("$ ") {
                self.commands.push(Command {
                    line: block.line + 1 + number,
                    text: text.to_owned(),
                    is_script: false,
                    shown: Some(Vec::new()),
                });
            } else if let Some(Command { text, shown, .. }) = last {
                let shown = shown.get_or_insert_default();
                match line.strip_prefix("> ").or((*line == ">").then_some("")) {
                    Some(more) if shown.is_empty() => {
                        text.push('\n');
                        text.push_str(more);
                    }
                    _ => shown.push((*line).to_owned()),
                }
            } else {
                self.faults
                    .push(format!("{}: the block begins with no command", block.line));
                return;
            }
        }
    }
}

fn script(line: usize, lines: &[&str]) -> Command {
    Command {
        line,
        text: lines.join("\n"),
        is_script: true,
        shown: None,
    }
}

/// Returns the lines of the comment that says what the commands find.
fn needs(text: &str) -> Vec<String> {
    let lines = text.lines().skip_while(|line| *line != "<!-- needs");
    let lines = lines.skip(1).take_while(|line| *line != "-->");
    lines.map(str::to_owned).collect()
}

/// Returns the blocks of a page.
fn blocks<'a>(text: &'a str, faults: &mut Vec<String>) -> Vec<Block<'a>> {
    let mut blocks = Vec::new();
    let mut open: Option<Block<'a>> = None;
    let mut before = "";
    for (number, line) in text.lines().enumerate() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(language), None) => {
                let run_by = before.strip_prefix("<!-- run by: ");
                open = Some(Block {
                    line: number + 1,
                    language,
                    text: Vec::new(),
                    run_by: run_by.and_then(|file| file.strip_suffix(" -->")),
                });
            }
            (None, Some(block)) => block.text.push(line),
            // A block by indentation, which has no language.
            (None, None) if before.is_empty() && line.starts_with("    ") => {
                faults.push(format!("{}: the block has no language", number + 1));
            }
            (None, None) => {}
        }
        before = line;
    }
    blocks
}

/// Returns the `run` steps of a workflow.
fn steps<'a>(lines: &[&'a str]) -> Vec<Vec<&'a str>> {
    let mut steps = Vec::new();
    let mut lines = lines.iter().peekable();
    while let Some(line) = lines.next() {
        let trimmed = line.trim_start().trim_start_matches("- ");
        match trimmed.strip_prefix("run: ") {
            Some("|") => {
                let indent = line.len() - line.trim_start().len();
                let mut step = Vec::new();
                let is_inside = |line: &&&&str| {
                    line.is_empty() || line.len() - line.trim_start().len() > indent
                };
                while let Some(inside) = lines.next_if(|line| is_inside(&line)) {
                    step.push(*inside);
                }
                steps.push(step);
            }
            Some(command) => steps.push(vec![command]),
            None => {}
        }
    }
    steps
}

/// Says which lines of a block are in none of the commands of the file that is to run them.
fn not_run_by(file: &str, block: &Block<'_>) -> Vec<String> {
    let Ok(text) = fs::read_to_string(super::root().join(file)) else {
        return vec![format!("{}: there is no {file}", block.line)];
    };
    let lines = block.text.iter();
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let beginnings = lines.map(|line| {
        let line = line.split('#').next().unwrap_or_default();
        let words: Vec<&str> = line.split_whitespace().take(2).collect();
        words.join(" ")
    });
    beginnings
        .filter(|words| !text.contains(words))
        .map(|words| format!("{}: {file} does not run `{words}`", block.line))
        .collect()
}
