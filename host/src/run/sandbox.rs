//! The embedded Arvados, as a command and as the surroundings of one.

use std::path::{Path, PathBuf};

use keepdocker_console::{Console, Exit, Level, Report};
use keepdocker_sandbox::{Options, Sandbox};

use super::embedded::{Embedded, Started};
use crate::settings::Environment;

/// Returns the folder of the sandbox that `--sandbox` without a value means.
///
/// # Errors
/// If there is no home directory to put it in.
pub(crate) fn usual_directory(environment: &Environment) -> Result<PathBuf, Report> {
    environment
        .absolute_path("XDG_DATA_HOME")
        .or_else(|| environment.home().map(|home| home.join(".local/share")))
        .map(|data| data.join("keepdocker/sandbox"))
        .ok_or_else(|| {
            Report::new(Exit::Failed, "there is no home directory for the sandbox")
                .advise("name a folder: `--sandbox=DIR`")
        })
}

/// Returns the sandbox in a folder, to be started for a command.
#[must_use]
pub(crate) fn embedded(directory: PathBuf) -> Embedded {
    Embedded::new(directory, |directory| {
        Box::pin(async {
            let sandbox = start(directory).await?;
            Ok(Started {
                environment: sandbox.environment(),
                _running: Box::new(sandbox),
            })
        })
    })
}

/// Starts the sandbox in a folder.
async fn start(directory: &Path) -> Result<Sandbox, Report> {
    Sandbox::start(directory, Options::default())
        .await
        .map_err(|error| {
            Report::new(
                Exit::Failed,
                format!("the sandbox in {} cannot be started", directory.display()),
            )
            .detail(error.to_string())
            .advise("name another folder: `--sandbox=DIR`")
        })
}

/// Serves the sandbox until the program is interrupted, and prints the environment to export.
///
/// # Errors
/// If it cannot be started.
pub(crate) async fn serve(directory: &Path, console: Console) -> Result<(), Report> {
    let sandbox = start(directory).await?;
    let mut text = String::new();
    for (name, value) in sandbox.environment() {
        text.push_str(&format!(
            "export {name}='{}'\n",
            value.replace('\'', r"'\''")
        ));
    }
    console.answer(&text).map_err(|error| {
        Report::new(
            Exit::Failed,
            format!("the environment cannot be printed: {error}"),
        )
    })?;
    console.message(
        Level::Info,
        &format!(
            "serving the sandbox in {}; Ctrl-C ends it",
            directory.display()
        ),
    );
    std::future::pending().await
}
