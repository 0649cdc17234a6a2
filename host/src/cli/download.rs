//! `keepdocker save` and `keepdocker load`: images out of Keep.

#[cfg(unix)]
use std::fs::File;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Args, value_parser};

use super::invocation::{Execute, Invocation};
use super::progress_form::ProgressForm;
use super::request;
use super::suggestions::suggest;
use crate::bindings::commands::{Answer, Command, Delivery, DownloadRequest, Downloaded};
use crate::bindings::keep::Target as WitTarget;
use crate::component::Request;
use crate::output::{Console, Exit, Level, Purpose, Report, json};
use crate::progress::{self, Direction};
use crate::run::Surroundings;
use crate::target::Target;
use crate::wording::count;

/// Save an image from the cluster to a file or standard output.
#[derive(Debug, Args)]
#[command(
    about = "Save an image from the cluster to a file or standard output",
    after_help = "\
Examples:
  keepdocker save lab/tool:1.2 -o tool.tar
  keepdocker save lab/tool:1.2 -o - | docker load
  keepdocker save lab/tool:1.2 --stored -o stored.tar"
)]
pub(crate) struct Save {
    /// What `save` and `load` have in common.
    #[command(flatten)]
    pub download: Download,
    /// The file to write, which appears only once it is complete; `-` is standard output.
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
    /// Write the stored bytes as they are, instead of an archive that names the image as you do.
    #[arg(long)]
    pub stored: bool,
}

/// Load an image from the cluster into the container engine.
#[derive(Debug, Args)]
#[command(
    about = "Load an image from the cluster into the container engine",
    visible_alias = "pull",
    after_help = "\
Examples:
  keepdocker load lab/tool:1.2
  keepdocker load lab/tool:1.2 --engine podman
  keepdocker load lab/tool:1.2 --json"
)]
pub(crate) struct Load {
    /// What `save` and `load` have in common.
    #[command(flatten)]
    pub download: Download,
    /// Do not tag the image in the engine with the name given.
    #[arg(long)]
    pub no_tag: bool,
}

/// What `save` and `load` have in common.
#[derive(Debug, Args)]
pub(crate) struct Download {
    /// What a container request would name: repository:tag, image ID, or portable data hash.
    pub image: String,
    /// How many blocks to fetch at once [default: 3].
    #[arg(long, visible_alias = "concurrency", value_name = "N", value_parser = value_parser!(u8).range(1..=32))]
    pub threads: Option<u8>,
    /// How to show progress.
    #[arg(long, value_name = "HOW", default_value = "auto")]
    pub progress: ProgressForm,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

impl Execute for Save {
    fn is_json(&self) -> bool {
        // The archive may be on its way there.
        self.download.json && self.output.as_os_str() != "-" && !is_stdout(&self.output)
    }

    async fn run(self, invocation: Invocation) -> Result<(), Report> {
        let console = invocation.console;
        let is_stdout = self.output.as_os_str() == "-" || is_stdout(&self.output);
        if is_stdout && std::io::stdout().is_terminal() {
            return Err(
                Report::new(Exit::Usage, "an image archive is not written to a terminal")
                    .advise("redirect standard output, or name a file: `--output FILE`"),
            );
        }
        if is_stdout && self.download.json {
            return Err(Report::new(
                Exit::Usage,
                "standard output cannot take both the archive and JSON",
            ));
        }
        let name = (!self.stored).then(|| self.download.image.clone());
        let target = if is_stdout {
            Target::Stdout { name }
        } else {
            Target::File {
                path: self.output,
                name,
            }
        };
        let downloaded = self.download.run(target, invocation).await?;
        if is_stdout {
            return Ok(());
        }
        self.download.answer(&downloaded, console)
    }
}

/// Tells whether a file is what standard output leads to, as `/dev/stdout` is: what is told there would
/// follow the archive.
#[cfg(unix)]
fn is_stdout(path: &Path) -> bool {
    use std::os::fd::AsFd as _;
    use std::os::unix::fs::MetadataExt as _;

    let own = std::io::stdout().as_fd().try_clone_to_owned();
    let own = own.and_then(|own| File::from(own).metadata());
    match (own, path.metadata()) {
        (Ok(own), Ok(named)) => (own.dev(), own.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}

/// Tells whether a file is what standard output leads to.
#[cfg(not(unix))]
fn is_stdout(_: &Path) -> bool {
    false
}

impl Request for DownloadRequest {
    type Answer = Downloaded;
    const COMMAND: &'static str = "download";

    fn purpose(&self) -> Purpose {
        match self.target {
            WitTarget::Engine => Purpose::Load,
            WitTarget::Given => Purpose::Save,
        }
    }

    fn command(self) -> Command {
        Command::Download(self)
    }

    fn answer(answer: Answer) -> Option<Downloaded> {
        match answer {
            Answer::Download(answer) => Some(answer),
            _ => None,
        }
    }
}

impl Execute for Load {
    fn is_json(&self) -> bool {
        self.download.json
    }

    async fn run(self, invocation: Invocation) -> Result<(), Report> {
        let console = invocation.console;
        let target = Target::Engine {
            engine: invocation.options.engine(&invocation.environment)?,
            name: (!self.no_tag).then(|| self.download.image.clone()),
        };
        let downloaded = self.download.run(target, invocation).await?;
        self.download.answer(&downloaded, console)
    }
}

impl Download {
    async fn run(&self, target: Target, invocation: Invocation) -> Result<Downloaded, Report> {
        let look = invocation.look(self.progress);
        let Invocation {
            mut options,
            environment,
            console,
            ..
        } = invocation;
        let request = DownloadRequest {
            image: self.image.clone(),
            target: if target.is_engine() {
                WitTarget::Engine
            } else {
                WitTarget::Given
            },
            named: target.name().is_some(),
        };
        options.target = Some(target);
        if let Some(threads) = self.threads {
            options.concurrency = Some(threads.into());
        }
        let shown = progress::show_going(Direction::Down, look, console);
        let start = Instant::now();
        let surroundings = Surroundings::new(options, environment, console, shown).await?;
        let downloaded = match surroundings.ask(&request).await {
            Ok(downloaded) => downloaded,
            Err(report) => return Err(suggest(report, &surroundings, &self.image).await),
        };
        for reason in &downloaded.reasons {
            console.message(Level::Debug, reason);
        }
        let what = told(&self.image, &downloaded.image);
        let text = match downloaded.outcome {
            Delivery::Present => format!("{what} is in the engine already; nothing was fetched"),
            Delivery::Fetched => format!(
                "{what} was fetched from {} and verified: {} in {}, {}",
                downloaded.collection,
                crate::wording::bytes(downloaded.size),
                count(downloaded.blocks, "block"),
                progress::pace(downloaded.size, start.elapsed())
            ),
        };
        console.message(Level::Info, &text);
        Ok(downloaded)
    }

    fn answer(&self, downloaded: &Downloaded, console: Console) -> Result<(), Report> {
        request::answer(
            console,
            &if self.json {
                json::downloaded(downloaded)
            } else {
                format!("{}\n", downloaded.image)
            },
        )
    }
}

/// Names an image, and what it was asked for by if that is something else.
fn told(asked: &str, image: &str) -> String {
    if asked == image {
        format!("image {image}")
    } else {
        format!("{asked} (image {image})")
    }
}
