//! The archive that the engine writes, as a stream.

use std::io::{self, Read};
use std::process::{Child, ChildStdout, Stdio};
use std::thread::JoinHandle;

use keepdocker_archive::ProducerFailure;

use super::Engine;
use super::command::{self, Tail};
use super::error::CommandError;
use super::family::Family;
use super::pipe;

/// An archive that the engine is writing. Dropping it ends the engine's command.
///
/// At the end of the bytes the command's status is checked: if it failed, reading fails with an
/// [`ProducerFailure`] around [`CommandError::Failed`], so that a short archive cannot pass for a
/// whole one.
#[derive(Debug)]
pub(crate) struct Saving {
    command: String,
    /// Dropped first: it ends what the child started too.
    family: Family,
    child: Child,
    output: ChildStdout,
    /// Collects standard error, so that the command never waits for a reader.
    messages: Option<JoinHandle<Tail>>,
}

impl Saving {
    /// Runs the engine's program with `arguments`, of which the first is the verb.
    pub(super) fn start(
        engine: &Engine,
        arguments: &[&str],
        verb: &str,
    ) -> Result<Self, CommandError> {
        let program = engine.program();
        let mut command = engine.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let (mut child, family) = command::start(program, command)?;
        let output = child.stdout.take().expect("standard output is a pipe");
        pipe::widen(&output);
        let errors = child.stderr.take().expect("standard error is a pipe");
        let messages = Tail::collect(errors);
        Ok(Saving {
            command: format!("{program} {verb}"),
            family,
            child,
            output,
            messages: Some(messages),
        })
    }

    /// Waits for the command's end and checks how it ended.
    fn check_end(&mut self) -> io::Result<()> {
        let Some(messages) = self.messages.take() else {
            return Ok(());
        };
        let status = self.child.wait()?;
        self.family.ended();
        let tail = messages.join().unwrap_or_default();
        if status.success() {
            return Ok(());
        }
        let failure = command::failure(self.command.clone(), status, &tail);
        Err(ProducerFailure::wrap(CommandError::Failed(failure)))
    }
}

impl Read for Saving {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.output.read(buffer)?;
        if count == 0 && !buffer.is_empty() {
            self.check_end()?;
        }
        Ok(count)
    }
}

impl Drop for Saving {
    fn drop(&mut self) {
        self.family.end();
        // Both fail only if the command has ended, which is what they are for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
