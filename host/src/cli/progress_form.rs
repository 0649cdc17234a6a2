//! The option `--progress`.

use clap::ValueEnum;

use crate::output::Console;
use crate::progress::Look;
use crate::terminal;

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Default)]
pub(crate) enum ProgressForm {
    /// A bar on a terminal, lines of text on one that cannot draw, else nothing.
    #[default]
    Auto,
    /// A bar.
    Bar,
    /// Lines of text.
    Plain,
    /// Lines of JSON.
    Json,
    /// Nothing.
    None,
}

impl Look {
    /// Returns the form that the user asked for, or the one that fits the console.
    pub(super) fn of(form: ProgressForm, console: Console, quiet: bool) -> Self {
        match form {
            ProgressForm::Auto if quiet || !console.is_terminal() => Self::None,
            ProgressForm::Auto if terminal::takes_drawing() => Self::Bar,
            ProgressForm::Bar => Self::Bar,
            ProgressForm::Auto | ProgressForm::Plain => Self::Plain,
            ProgressForm::Json => Self::Json,
            ProgressForm::None => Self::None,
        }
    }
}
