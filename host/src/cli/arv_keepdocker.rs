//! The command line of `arv-keepdocker`, as scripts know it.
//!
//! The Python program's parser takes unambiguous prefixes of long options, lets a repeated option
//! override itself, and ends with status 2 on a mistake; so does this one.

use std::process::ExitCode;

use clap::{ArgAction, CommandFactory as _, Parser};

use super::uploaded::note_of_blocks;
use super::{Farewell, Job, drive, hints, prepare, read, request};
use crate::bindings::commands::{ImagesRequest, Outcome, Pull, UploadRequest, Uploaded};
use crate::harmless::escape;
use crate::output::{self, Console, Exit, Ids, Level, Report, Style};
use crate::progress::{Look, show};
use crate::run::{Options, Surroundings};
use crate::settings::{Environment, ImageId};
use keepdocker_console::values::settle;

/// Runs the program on the process's arguments.
#[must_use]
pub(crate) fn main() -> ExitCode {
    crate::memory::speak_as_drop_in();
    let console = Console::new(Style::Python, Level::Info);
    drive(console, move || {
        let environment = Environment::of_process();
        prepare(&environment, console);
        let words: Vec<_> = std::env::args_os().collect();
        let arguments = read::<Arguments>(&words)
            .map_err(|error| refuse(&error, console))?
            .settled();
        let farewell = Farewell {
            console,
            level: Level::Error,
            words: |signal| format!("Caught signal {signal}, exiting."),
            code: if arguments.lists() {
                |signal| 128 + signal
            } else {
                // The Python program ends an upload with the negative number of the signal.
                |signal| 256 - signal
            },
        };
        let work = async move {
            match run(&arguments, environment, console).await {
                Ok(()) => Exit::Done,
                Err(report) => {
                    console.report(&report);
                    report.exit.drop_in()
                }
            }
        };
        Ok(Job {
            console,
            farewell,
            listens: false,
            work: Box::pin(work),
        })
    })
}

/// Says what is wrong with the command line, or what was asked about the program.
///
/// As in the Python program, every mistake shows the usage; the parser shows it with some alone. Scripts look for
/// the Python program's `usage:`, so it is not written large here.
fn refuse(error: &clap::Error, console: Console) -> ExitCode {
    const USAGE: &str = "Usage: ";
    let mut text = output::concealed(&error.render().to_string()).to_string();
    if error.use_stderr() {
        if let Some(hint) = hints::for_unknown(error) {
            text.push_str(&format!("\nhint: {hint}\n"));
        }
        if !text.contains(USAGE) {
            text.push_str(&format!("\n{}\n", Arguments::command().render_usage()));
        }
    }
    let text = text.replacen(USAGE, &USAGE.to_lowercase(), 1);
    if error.use_stderr() {
        console.raw(&text);
    } else if let Err(report) = request::answer(console, &text) {
        console.report(&report);
        return ExitCode::from(report.exit.drop_in().code());
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

async fn run(
    arguments: &Arguments,
    environment: Environment,
    console: Console,
) -> Result<(), Report> {
    // The Python program has no option for it, and a listing does not need it.
    let named_by = match arguments.lists() {
        true => ImageId::default(),
        false => request::image_id(None, &environment)?,
    };
    let named_by = named_by.into();
    let options = Options {
        // The Python program has no option for it.
        engine: environment.text("KEEPDOCKER_ENGINE"),
        retries: arguments.retries,
        trace: false,
        arguments: super::words(),
        no_cache: arguments.no_cache,
        ..Options::default()
    };
    let look = if arguments.batch_progress {
        Look::Batch
    } else if arguments.progress
        || (console.is_terminal() && !arguments.no_progress && !arguments.silent)
    {
        Look::Human
    } else {
        Look::None
    };
    let surroundings =
        Surroundings::new(options, environment, console, show(look, console)).await?;
    let answer = if arguments.lists() {
        let request = ImagesRequest {
            project: arguments.project_uuid.clone(),
            image: None,
            tag: None,
            exact_name: None,
        };
        output::table(&surroundings.ask(&request).await?, Ids::Short)
    } else {
        let request = UploadRequest {
            named_by,
            ..arguments.request()
        };
        let uploaded = surroundings
            .ask(&request)
            .await
            .map_err(|report| hints::for_archive(report, arguments.image.as_deref()))?;
        if let Some(note) = arguments.note(&uploaded) {
            console.message(Level::Info, &note);
        }
        let written = uploaded.outcome == Outcome::Uploaded;
        // The Python program keeps quiet only about what it has uploaded.
        if arguments.silent && written {
            String::new()
        } else {
            format!("{}\n", escape(&uploaded.collection))
        }
    };
    request::answer(console, &answer)
}

/// Uploads an image from the local container engine to Arvados, or lists what is there.
#[derive(Debug, Clone, Parser)]
#[command(
    name = "arv-keepdocker",
    version,
    disable_version_flag = true,
    infer_long_args = true,
    args_override_self = true,
    max_term_width = 100
)]
pub(crate) struct Arguments {
    /// Print the version and exit.
    #[arg(long, action = ArgAction::Version)]
    pub version: Option<bool>,
    /// Upload the image again even if the cluster has it.
    #[arg(long, short)]
    pub force: bool,
    /// Go on even if the cluster does not run images of this format.
    #[arg(long)]
    pub force_image_format: bool,
    /// Pull the image from its registry first.
    #[arg(long, conflicts_with = "no_pull")]
    pub pull: bool,
    /// Take the image that the engine has (the default).
    #[arg(long)]
    pub no_pull: bool,
    /// Put the collection into this project instead of your home project.
    #[arg(long, value_name = "UUID")]
    pub project_uuid: Option<String>,
    /// Give the collection this name.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Show progress for people on standard error; the default on a terminal.
    #[arg(long, conflicts_with_all = ["no_progress", "batch_progress"])]
    pub progress: bool,
    /// Show no progress, even on a terminal.
    #[arg(long, conflicts_with = "batch_progress")]
    pub no_progress: bool,
    /// Show progress for programs on standard error.
    #[arg(long)]
    pub batch_progress: bool,
    /// Show only warnings and errors, and after an upload no UUID.
    #[arg(long)]
    pub silent: bool,
    /// Accepted for old scripts: stale upload state never stops this program.
    #[arg(long)]
    pub batch: bool,
    /// Go on with an interrupted upload (the default).
    #[arg(long, conflicts_with = "no_resume")]
    pub resume: bool,
    /// Do not go on with an interrupted upload.
    #[arg(long)]
    pub no_resume: bool,
    /// Keep upload state in the cache (the default).
    #[arg(long, conflicts_with = "no_cache")]
    pub cache: bool,
    /// Keep no upload state in the cache.
    #[arg(long)]
    pub no_cache: bool,
    /// How often to retry a request that fails temporarily.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = retries)]
    pub retries: u32,
    /// The image: repository, repository:tag, or ID; `images` or nothing lists what is there.
    pub image: Option<String>,
    /// The tag, if IMAGE has none [default: latest].
    pub tag: Option<String>,
}

impl Arguments {
    /// Makes nothing of the values that count as not given where they are empty.
    fn settled(mut self) -> Self {
        settle(&mut self.project_uuid);
        settle(&mut self.name);
        settle(&mut self.tag);
        self
    }

    fn request(&self) -> UploadRequest {
        UploadRequest {
            image: self.image.clone(),
            tag: self.tag.clone(),
            project: self.project_uuid.clone(),
            name: self.name.clone(),
            pull: if self.pull { Pull::Always } else { Pull::Never },
            force: self.force,
            force_image_format: self.force_image_format,
            resume: !self.no_resume && !self.no_cache,
            ..request::upload()
        }
    }

    /// Says what there is to say of an upload beside its collection.
    ///
    /// It goes to standard error as a line of level INFO, of which the Python program writes some
    /// there too; standard output is what scripts read.
    fn note(&self, uploaded: &Uploaded) -> Option<String> {
        note_of_blocks(uploaded).filter(|_| !self.silent)
    }

    /// Tells whether the listing is asked for.
    #[must_use]
    pub(crate) fn lists(&self) -> bool {
        self.image.as_deref().is_none_or(|image| image == "images")
    }
}

/// Reads a number of retries; the Python program takes any that its machine can count.
fn retries(text: &str) -> Result<u32, String> {
    match text.parse::<u64>() {
        Ok(number) if number < i64::MAX.unsigned_abs() => {
            Ok(u32::try_from(number).unwrap_or(u32::MAX))
        }
        _ => Err("expected a whole number".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::uploaded::uploaded;
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Arguments, i32> {
        Arguments::try_parse_from(
            std::iter::once("arv-keepdocker").chain(arguments.iter().copied()),
        )
        .map_err(|error| error.exit_code())
    }

    #[test]
    fn unambiguous_prefixes_are_taken_and_ambiguous_ones_refused() {
        assert_eq!(
            parse(&["--proj", "P", "img"])
                .unwrap()
                .project_uuid
                .as_deref(),
            Some("P")
        );
        assert!(parse(&["--force-i", "img"]).unwrap().force_image_format);
        assert!(parse(&["--no-res", "img"]).unwrap().no_resume);
        assert_eq!(parse(&["--re", "3", "img"]).unwrap_err(), 2);
        assert_eq!(parse(&["--pro", "img"]).unwrap_err(), 2);
    }

    #[test]
    fn groups_are_exclusive_and_repetition_is_not() {
        for pair in [
            ["--pull", "--no-pull"],
            ["--progress", "--batch-progress"],
            ["--no-progress", "--progress"],
            ["--resume", "--no-resume"],
            ["--cache", "--no-cache"],
        ] {
            assert_eq!(
                parse(&[pair[0], pair[1], "img"]).unwrap_err(),
                2,
                "{pair:?}"
            );
        }
        assert_eq!(
            parse(&["--name", "a", "--name=b", "--force", "-f", "img"])
                .unwrap()
                .name
                .as_deref(),
            Some("b")
        );
    }

    #[test]
    fn values_may_equal_the_image_or_the_tag() {
        let arguments = parse(&["--name", "debian", "--retries", "3", "debian", "3"]).unwrap();
        assert_eq!(
            (arguments.name.as_deref(), arguments.retries),
            (Some("debian"), 3)
        );
        assert_eq!(
            (arguments.image.as_deref(), arguments.tag.as_deref()),
            (Some("debian"), Some("3"))
        );
    }

    #[test]
    fn blocks_that_are_not_full_are_noted_unless_silence_is_asked_for() {
        let (many, few) = (uploaded(30 * (35 << 20), 31), uploaded(30 * (35 << 20), 17));
        let arguments = parse(&["img"]).unwrap();
        assert!(arguments.note(&many).unwrap().contains("82 % more blocks"));
        assert_eq!(arguments.note(&few), None);
        assert_eq!(parse(&["--silent", "img"]).unwrap().note(&many), None);
    }

    #[test]
    fn two_dashes_end_the_options() {
        assert_eq!(parse(&["--", "img"]).unwrap().image.as_deref(), Some("img"));
        assert_eq!(parse(&["a", "b", "c"]).unwrap_err(), 2);
        assert_eq!(parse(&["--retries", "x", "img"]).unwrap_err(), 2);
        assert_eq!(parse(&["--retries", "-1", "img"]).unwrap_err(), 2);
        assert_eq!(parse(&["--retries=9000000000"]).unwrap().retries, u32::MAX);
    }

    #[test]
    fn no_image_or_the_word_images_lists() {
        assert!(parse(&[]).unwrap().lists());
        assert!(parse(&["images", "ignored"]).unwrap().lists());
        assert!(!parse(&["images:latest"]).unwrap().lists());
    }
}
