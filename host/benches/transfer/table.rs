//! The table of results, in Markdown.

use std::fmt;

use super::measure::Usage;
use super::record::Figures;
use super::server::Counts;

/// The results for one size of image.
pub(crate) struct Table {
    size: u64,
    lines: Vec<String>,
    verdicts: Vec<String>,
    figures: Figures,
}

impl Table {
    /// Begins a table.
    pub(crate) fn new(size: u64) -> Self {
        Self {
            size,
            lines: Vec::new(),
            verdicts: Vec::new(),
            figures: Figures::of(size),
        }
    }

    /// Adds a line for a program.
    pub(crate) fn add(&mut self, case: &str, program: &str, usage: Usage, counts: Counts) {
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        let line = format!(
            "| {case} | {program} | {:.2} | {:.2} | {:.0} | {:.0} | {:.0} | {} | {} | {:.2} |",
            usage.wall,
            usage.processor,
            mib(usage.resident),
            mib(usage.written),
            mib(counts.sent),
            counts.puts,
            counts.api,
            counts.processor
        );
        // Seen as it comes, since the whole takes a while.
        eprintln_line(&line);
        self.lines.push(line);
        self.figures.note(case, program, usage);
    }

    /// Adds a comparison with an aim that must not be exceeded.
    pub(crate) fn at_most(&mut self, what: &str, value: f64, aim: f64) {
        self.judge(what, value, aim, value <= aim, "at most");
        self.figures.compare(what, value);
    }

    /// Adds a comparison with an aim that must be reached.
    pub(crate) fn at_least(&mut self, what: &str, value: f64, aim: f64) {
        self.judge(what, value, aim, value >= aim, "at least");
        // Of all that is kept, less is better.
        self.figures.compare(what, 1.0 / value);
    }

    /// Adds a remark on what was left out.
    pub(crate) fn skip(&mut self, what: &str, why: &str) {
        self.verdicts
            .push(format!("| {what} | – | – | not measured: {why} |"));
    }

    /// Returns what was measured.
    pub(crate) fn figures(self) -> Figures {
        self.figures
    }

    fn judge(&mut self, what: &str, value: f64, aim: f64, reached: bool, bound: &str) {
        let verdict = if reached { "reached" } else { "**missed**" };
        let line = format!("| {what} | {value:.2} | {bound} {aim:.2} | {verdict} |");
        eprintln_line(&line);
        self.verdicts.push(line);
    }
}

#[expect(
    clippy::print_stderr,
    reason = "what was measured so far is shown meanwhile"
)]
fn eprintln_line(line: &str) {
    eprintln!("{line}");
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nImage of {} MiB\n", self.size >> 20)?;
        writeln!(
            f,
            "| case | program | wall s | CPU s | resident MiB | written to disk MiB | sent MiB | PUTs | API requests | stand-in CPU s |"
        )?;
        writeln!(f, "|---|---|---|---|---|---|---|---|---|---|")?;
        for line in &self.lines {
            writeln!(f, "{line}")?;
        }
        writeln!(f, "\n| comparison | figure | aim | |\n|---|---|---|---|")?;
        for line in &self.verdicts {
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}
