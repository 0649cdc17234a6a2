//! `keepdocker report`.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use clap::Args;
use keepdocker_console::values::settle;

use super::invocation::{Execute, Invocation};
use super::request;
use crate::output::{Exit, Level, Report as Told};
use crate::report;

/// Make a page about the images in Keep: sizes, what they share, what is amiss, and what a name gets.
#[derive(Debug, Args)]
#[command(
    about = "Make a page about the images in Keep: sizes, sharing, what is amiss, what a name gets",
    after_help = "\
Examples:
  keepdocker report -o images.html
  keepdocker report --project Genomics/Images -o images.html
  keepdocker report --json | jq '.findings[].told'

The page is one file, which needs no network. It has what your token may read: names of images, projects and
people, and no token and no signature."
)]
pub(crate) struct Report {
    /// The file to write; what is there is replaced [default: standard output].
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Only images that links of this project lead to, by UUID, name or path.
    #[arg(
        long = "project",
        visible_alias = "project-uuid",
        value_name = "PROJECT"
    )]
    pub project_uuid: Option<String>,
    /// How many collections to show at most: those that were linked last.
    #[arg(long, value_name = "NUMBER", default_value_t = 10_000)]
    pub most: usize,
    /// Print JSON: what the page would tell.
    #[arg(long, conflicts_with = "output")]
    pub json: bool,
}

impl Execute for Report {
    fn settle(&mut self) {
        settle(&mut self.project_uuid);
    }

    fn is_json(&self) -> bool {
        self.json
    }

    async fn run(mut self, invocation: Invocation) -> Result<(), Told> {
        let console = invocation.console;
        let file = self.output.filter(|file| file != Path::new("-"));
        if file.is_none() && !self.json && std::io::stdout().is_terminal() {
            return Err(Told::new(
                Exit::Usage,
                "the page is HTML, which a terminal does not show",
            )
            .advise("name a file: `keepdocker report -o images.html`"));
        }
        let surroundings = invocation.surroundings().await?;
        surroundings.settle_project(&mut self.project_uuid).await?;
        let project = self.project_uuid.as_deref();
        let overview = surroundings
            .overview(project, self.most, report::planner_digest())
            .await?;
        if self.json {
            return request::answer(console, keepdocker_console::json::line(&overview));
        }
        let page = report::page(&overview);
        let Some(file) = file else {
            return request::answer(console, page);
        };
        crate::new_file::write(&file, page.as_bytes()).map_err(|error| {
            let told = format!(
                "the page cannot be written to `{}`: {error}",
                file.display()
            );
            Told::new(Exit::Failed, told)
        })?;
        let told = format!("the page is in {}; open it in a browser", file.display());
        console.message(Level::Info, &told);
        Ok(())
    }
}
