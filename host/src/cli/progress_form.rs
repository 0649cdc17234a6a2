//! The option `--progress`.

use clap::ValueEnum;

use super::invocation::Invocation;

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

impl Invocation {
    /// Returns the form that the user asked for; `auto` is what `config.toml` says, if it says something.
    pub(super) fn look(&self, form: ProgressForm) -> Look {
        let said = self.preferences.progress.as_ref();
        let form = match (form, said) {
            (ProgressForm::Auto, Some(said)) => {
                ProgressForm::from_str(&said.value, false).unwrap_or(form)
            }
            _ => form,
        };
        Look::of(form, self.console, self.is_quiet)
    }
}

impl Look {
    /// Returns the form that the user asked for, or the one that fits the console.
    fn of(form: ProgressForm, console: Console, quiet: bool) -> Self {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::PROGRESS;

    #[test]
    fn a_file_can_say_every_form() {
        let forms = ProgressForm::value_variants().iter();
        let words = forms.filter_map(ProgressForm::to_possible_value);
        let words: Vec<String> = words.map(|word| word.get_name().to_owned()).collect();
        assert_eq!(words, PROGRESS);
    }
}
