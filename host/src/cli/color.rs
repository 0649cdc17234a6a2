//! The option `--color`.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _};

use clap::{ColorChoice, ValueEnum};

use crate::output;
use crate::settings::process_variable;

/// When messages have colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Everywhere, in pipes and files too.
    Always,
    /// Nowhere.
    Never,
}

impl Color {
    /// Returns what the words ask for, of which nobody knows yet whether they can be read.
    pub(super) fn of(words: &[OsString]) -> Self {
        let mut words = words.iter().filter_map(|word| word.to_str());
        let mut color = Self::default();
        while let Some(word) = words.next() {
            let value = match word {
                "--" => break,
                "--color" => words.next(),
                word => word.strip_prefix("--color="),
            };
            let read = value.and_then(|value| Self::from_str(value, false).ok());
            color = read.unwrap_or(color);
        }
        color
    }

    /// Has messages from now on look so, and returns what the parser of the command line is to do.
    pub(super) fn apply(self) -> ColorChoice {
        let is_colored = match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => {
                let is_dumb = process_variable("TERM").is_some_and(|term| term == "dumb");
                io::stderr().is_terminal() && process_variable("NO_COLOR").is_none() && !is_dumb
            }
        };
        output::color(is_colored);
        match self {
            Self::Always => ColorChoice::Always,
            Self::Never => ColorChoice::Never,
            Self::Auto => ColorChoice::Auto,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_counts_wherever_it_stands() {
        for (words, expected) in [
            ("images", Color::Auto),
            ("--color always images", Color::Always),
            ("images --color=never", Color::Never),
            ("--color always images --color=never", Color::Never),
            ("--color=red images", Color::Auto),
            ("images -- --color=never", Color::Auto),
        ] {
            let words: Vec<_> = words.split(' ').map(OsString::from).collect();
            assert_eq!(Color::of(&words), expected, "{words:?}");
        }
    }
}
