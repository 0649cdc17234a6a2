//! The container engine, through its command line: Docker, or one that speaks like it.
//!
//! Only images are looked at. Every command gets the environment that engines need and no
//! more, reads nothing, and ends with its handle, as does what it started.

mod command;
mod description;
mod environment;
mod error;
mod family;
pub(crate) mod helper;
pub(crate) mod host;
mod kind;
mod loading;
mod pipe;
mod saving;
mod tether;

use std::process::Stdio;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::sync::mpsc;

use crate::bindings::engine::{Error as EngineError, LocalImage};
use crate::harmless::excerpt;
use crate::settings::process_variable;

use command::Tail;
use description::Description;

pub(crate) use environment::{Passed, SETTING};
pub(crate) use error::CommandError;
pub(crate) use host::LocalEngine;
pub(crate) use kind::Kind;
pub(crate) use loading::Loading;
pub(crate) use saving::Saving;

/// The most that is read of what an engine says, to us and to people.
const LONGEST_ANSWER: usize = 8 << 20;

/// The engine that the user has, or chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Engine {
    program: String,
    passed: Passed,
}

/// What a command that ended wrote, and how it ended.
struct Ended {
    succeeded: bool,
    output: Vec<u8>,
    failure: crate::bindings::types::CommandFailure,
}

impl Engine {
    /// Chooses the engine: the program that `wanted` names, by name or path, else `docker`, else
    /// `docker.io`. Whether it is there shows with the first command.
    pub(crate) fn new(wanted: Option<&str>) -> Self {
        Engine {
            program: command::program(wanted, process_variable("PATH").as_ref()),
            passed: Passed::default(),
        }
    }

    /// Gives the engine's program further variables of the environment.
    #[must_use]
    pub(crate) fn passing(mut self, passed: Passed) -> Self {
        self.passed = passed;
        self
    }

    /// Returns a command of the engine's program.
    fn command(&self, arguments: &[&str]) -> std::process::Command {
        command::command(&self.program, arguments, &self.passed)
    }

    /// Returns the variables that the program gets by the user's wish.
    pub(crate) fn passed(&self) -> &Passed {
        &self.passed
    }

    /// Returns the program's name or path.
    pub(crate) fn program(&self) -> &str {
        &self.program
    }

    /// Returns the images that the engine means by `name`: a reference or an image ID.
    ///
    /// None at all means that the engine works and has no such image. IDs have the `sha256:`
    /// that some engines leave out.
    ///
    /// # Errors
    /// If there is no engine, it does not answer, or it fails; with its own words.
    pub(crate) async fn find(&self, name: &str) -> Result<Vec<LocalImage>, CommandError> {
        check_name(name)?;
        let described = self.inspect(name).await?;
        Ok(described.into_iter().map(LocalImage::from).collect())
    }

    async fn inspect(&self, name: &str) -> Result<Vec<Description>, CommandError> {
        let arguments = ["image", "inspect", "--format", "{{json .}}", "--", name];
        let ended = self.run(&arguments, "image inspect", |_| {}).await?;
        if ended.succeeded {
            return self.descriptions(&ended.output);
        }
        if says_no_such_image(&ended.failure.message) {
            return Ok(Vec::new());
        }
        Err(self.explain(ended.failure).await)
    }

    /// Pulls `name` from its registry into the engine's store; `report` gets each line that the
    /// engine writes about it, printable and of bounded length.
    ///
    /// # Errors
    /// If there is no engine, it does not answer, or it fails; with its own words.
    pub(crate) async fn pull(
        &self,
        name: &str,
        report: impl FnMut(&str),
    ) -> Result<(), CommandError> {
        check_name(name)?;
        let ended = self.run(&["pull", "--", name], "pull", report).await?;
        if ended.succeeded {
            return Ok(());
        }
        Err(self.explain(ended.failure).await)
    }

    /// Returns the names of all images of the engine, as it writes them; `<none>` stands for what has none.
    ///
    /// # Errors
    /// If there is no engine, it does not answer, or it fails; with its own words.
    pub(crate) async fn names(&self) -> Result<Vec<String>, CommandError> {
        let arguments = ["image", "ls", "--format", "{{.Repository}}:{{.Tag}}"];
        let ended = self.run(&arguments, "image ls", |_| {}).await?;
        if !ended.succeeded {
            return Err(CommandError::Failed(ended.failure));
        }
        let names = String::from_utf8_lossy(&ended.output);
        Ok(names.lines().map(str::to_owned).collect())
    }

    /// Begins to save the image with this ID of the engine's.
    ///
    /// # Errors
    /// If the program is not there. All else shows while reading.
    pub(crate) fn save(&self, id: &str) -> Result<Saving, CommandError> {
        check_name(id)?;
        Saving::start(self, &["save", "--", id], "save")
    }

    /// Tells an engine that is down from one that refused a command.
    async fn explain(&self, failure: crate::bindings::types::CommandFailure) -> CommandError {
        // This asks the engine itself, where most other ways to find out look at words.
        let arguments = ["version", "--format", "{{.Server.Version}}"];
        match self.run(&arguments, "version", |_| {}).await {
            Ok(ended) if !ended.succeeded => CommandError::Down(ended.failure),
            _ => CommandError::Failed(failure),
        }
    }

    fn descriptions(&self, output: &[u8]) -> Result<Vec<Description>, CommandError> {
        description::read(output).map_err(|error| CommandError::Nonsense {
            command: format!("{} image inspect", self.program),
            problem: crate::wording::json_fault(&error),
        })
    }

    /// Runs a command to its end, which is at once where it writes too much. Both outputs are read
    /// together.
    async fn run(
        &self,
        arguments: &[&str],
        verb: &str,
        mut report: impl FnMut(&str),
    ) -> Result<Ended, CommandError> {
        let program = &self.program;
        let unusable = |source| CommandError::Unusable {
            program: program.clone(),
            source,
        };
        let mut command = tokio::process::Command::from(self.command(arguments));
        command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // Dropped before the child, whose number it needs.
        let (mut child, mut family) = command::start_async(program, command)?;
        let stdout = child.stdout.take().expect("standard output is a pipe");
        let stderr = child.stderr.take().expect("standard error is a pipe");
        let mut output = Vec::new();
        let mut length = 0;
        let mut tail = Tail::default();
        let (pieces, mut received) = mpsc::channel(64);
        let read_output = forward(stdout, Pipe::Output, pieces.clone());
        let read_errors = forward(stderr, Pipe::Errors, pieces);
        let read_output = async { read_output.await.map_err(unusable) };
        let read_errors = async { read_errors.await.map_err(unusable) };
        let collect = async {
            // Pieces of the two pipes come in turn, and may end within a line.
            let (mut from_output, mut from_errors) = (Lines::default(), Lines::default());
            while let Some((pipe, piece)) = received.recv().await {
                length += piece.len();
                if length > LONGEST_ANSWER {
                    // It may go on for ever; it is ended when its handle is dropped.
                    return Err(CommandError::Nonsense {
                        command: format!("{program} {verb}"),
                        problem: format!("more than {LONGEST_ANSWER} bytes"),
                    });
                }
                match pipe {
                    Pipe::Output => {
                        output.extend_from_slice(&piece);
                        from_output.add(&piece, &mut report);
                    }
                    Pipe::Errors => {
                        tail.add(&piece);
                        from_errors.add(&piece, &mut report);
                    }
                }
            }
            from_output.finish(&mut report);
            from_errors.finish(&mut report);
            Ok(())
        };
        tokio::try_join!(read_output, read_errors, collect)?;
        let status = child.wait().await.map_err(unusable)?;
        family.ended();
        Ok(Ended {
            succeeded: status.success(),
            output,
            failure: command::failure(format!("{program} {verb}"), status, &tail),
        })
    }
}

/// Which of a command's outputs a piece comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pipe {
    Output,
    Errors,
}

/// Hands on what comes through a pipe, piece by piece, until its end.
async fn forward(
    mut from: impl AsyncRead + Unpin,
    pipe: Pipe,
    pieces: mpsc::Sender<(Pipe, Vec<u8>)>,
) -> std::io::Result<()> {
    let mut buffer = vec![0; 16 << 10];
    loop {
        let count = from.read(&mut buffer).await?;
        if count == 0 || pieces.send((pipe, buffer[..count].to_vec())).await.is_err() {
            return Ok(());
        }
    }
}

/// Cuts pieces of output into lines.
#[derive(Default)]
struct Lines(Vec<u8>);

impl Lines {
    const LONGEST: usize = 1024;

    fn add(&mut self, piece: &[u8], report: &mut impl FnMut(&str)) {
        for byte in piece {
            // Progress bars end their lines with a carriage return.
            if matches!(byte, b'\n' | b'\r') {
                self.finish(report);
            } else if self.0.len() < Self::LONGEST {
                self.0.push(*byte);
            }
        }
    }

    fn finish(&mut self, report: &mut impl FnMut(&str)) {
        let mut line = Tail::default();
        line.add(&self.0);
        let text = line.text();
        if !text.is_empty() {
            report(&text);
        }
        self.0.clear();
    }
}

/// Refuses what an engine might take for an option or something else than one name.
fn check_name(name: &str) -> Result<(), CommandError> {
    const LONGEST: usize = 1024;
    let is_name = !name.is_empty()
        && name.len() <= LONGEST
        && !name.starts_with('-')
        && !name
            .chars()
            .any(|character| character.is_control() || character.is_whitespace());
    if is_name {
        return Ok(());
    }
    Err(CommandError::BadName(excerpt(name, 80)))
}

/// Tells whether an engine's message means that it works and has no such image.
///
/// No engine has a status of its own for this.
fn says_no_such_image(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    // Docker and nerdctl; podman; docker of old.
    ["no such image", "image not known", "no such object"]
        .iter()
        .any(|words| message.contains(words))
}

impl From<CommandError> for EngineError {
    fn from(error: CommandError) -> Self {
        let text = error.to_string();
        match error {
            CommandError::Missing(_) | CommandError::Unusable { .. } | CommandError::Down(_) => {
                EngineError::Unavailable(text)
            }
            CommandError::Failed(failure) => EngineError::Failed(failure),
            CommandError::Nonsense { .. }
            | CommandError::BadName(_)
            | CommandError::Planned(_)
            | CommandError::OffPlan(_) => EngineError::Other(text),
        }
    }
}

#[cfg(test)]
mod tests;
