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
            let sandbox = start(directory, Options::default()).await?;
            Ok(Started {
                environment: sandbox.environment(),
                _running: Box::new(sandbox),
            })
        })
    })
}

/// Starts the sandbox in a folder.
async fn start(directory: &Path, options: Options) -> Result<Sandbox, Report> {
    Sandbox::start(directory, options).await.map_err(|error| {
        Report::new(
            Exit::Failed,
            format!("the sandbox in {} cannot be started", directory.display()),
        )
        .detail(error.to_string())
        .advise("name another folder: `--sandbox=DIR`")
    })
}

/// Serves the sandbox until the program is interrupted, and prints the environment to export. Without encryption, that is
/// for programs that take an address with a scheme.
///
/// # Errors
/// If it cannot be started.
pub(crate) async fn serve(
    directory: &Path,
    without_encryption: bool,
    console: Console,
) -> Result<(), Report> {
    let options = Options {
        is_api_plain_too: without_encryption,
        is_keep_encrypted: !without_encryption,
        ..Options::default()
    };
    let sandbox = start(directory, options).await?;
    let plain = sandbox
        .plain_api_host()
        .map(|host| format!("http://{host}"));
    let mut text = String::new();
    for (name, value) in sandbox.environment() {
        let value = match (&plain, name.as_str()) {
            (Some(address), "ARVADOS_API_HOST") => address.clone(),
            _ => value,
        };
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

/// Removes the data of the sandbox in a folder.
///
/// # Errors
/// If there is none, or it is running.
pub(crate) fn reset(directory: &Path, console: Console) -> Result<(), Report> {
    keepdocker_sandbox::reset(directory).map_err(|error| {
        let report = Report::new(Exit::Failed, error.to_string());
        match std::error::Error::source(&error) {
            Some(source) => report.detail(source.to_string()),
            None => report,
        }
    })?;
    console.message(
        Level::Info,
        &format!(
            "removed the sandbox in {}; the next command with `--sandbox` begins with an empty one",
            directory.display()
        ),
    );
    Ok(())
}
