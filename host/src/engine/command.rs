//! How the engine's program is run, what is kept of its output, how it fails.

use std::ffi::OsString;
use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};

use crate::bindings::types::CommandFailure;

use super::environment::Passed;
use super::error::CommandError;
use super::family::Family;
use super::tether;
use crate::confinement;

/// The most that is kept of what a command writes to standard error.
pub(super) const LONGEST_MESSAGE: usize = 4 << 10;

/// Returns a command with the environment that engines need and no other.
pub(super) fn command(program: &str, arguments: &[&str], passed: &Passed) -> Command {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .envs(passed.variables())
        .env("LANG", "C")
        .env("LC_ALL", "C")
        .stdin(Stdio::null());
    tether::tie(&mut command);
    command
}

/// Starts a command outside of the program's confinement: an engine needs more than the program does.
pub(super) fn start(program: &str, mut command: Command) -> Result<(Child, Family), CommandError> {
    confinement::outside(move || {
        let mut family = Family::found(&mut command);
        let child = command.spawn()?;
        family.begun(Some(child.id()));
        Ok((child, family))
    })
    .map_err(|error| start_error(program, error))
}

/// The same, for a child that is waited for without blocking.
pub(super) fn start_async(
    program: &str,
    mut command: tokio::process::Command,
) -> Result<(tokio::process::Child, Family), CommandError> {
    let runtime = tokio::runtime::Handle::current();
    confinement::outside(move || {
        let _entered = runtime.enter();
        let mut family = Family::found(command.as_std_mut());
        let child = command.spawn()?;
        family.begun(child.id());
        Ok((child, family))
    })
    .map_err(|error| start_error(program, error))
}

/// Tells a program that is missing from one that cannot be started.
fn start_error(program: &str, source: io::Error) -> CommandError {
    match source.kind() {
        io::ErrorKind::NotFound => CommandError::Missing(program.to_owned()),
        _ => CommandError::Unusable {
            program: program.to_owned(),
            source,
        },
    }
}

/// Describes how a command ended that did not succeed.
pub(super) fn failure(command: String, status: ExitStatus, message: &Tail) -> CommandFailure {
    CommandFailure {
        command,
        status: status.code(),
        message: message.text(),
    }
}

/// The end of what a command wrote.
#[derive(Debug, Default)]
pub(super) struct Tail {
    bytes: Vec<u8>,
    is_cut: bool,
}

impl Tail {
    /// Collects what a command writes, on a thread of its own, so that the command never waits
    /// for a reader. Of more than engines write the rest is not read: writing it fails, where it
    /// might go on for ever.
    pub(super) fn collect(output: impl Read + Send + 'static) -> JoinHandle<Self> {
        thread::spawn(move || {
            let mut output = output.take(super::LONGEST_ANSWER as u64);
            let mut tail = Self::default();
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut buffer) {
                tail.add(&buffer[..count]);
            }
            tail
        })
    }

    /// Adds what was written.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() > LONGEST_MESSAGE {
            self.bytes.drain(..self.bytes.len() - LONGEST_MESSAGE);
            self.is_cut = true;
        }
    }

    /// Returns the text, printable, without blanks around it.
    pub(super) fn text(&self) -> String {
        let text = String::from_utf8_lossy(&self.bytes);
        let mut clean: String = text
            .trim()
            .chars()
            .map(|character| match character {
                '\n' => '\n',
                '\r' => '\n',
                other if other.is_control() => ' ',
                other => other,
            })
            .collect();
        if self.is_cut {
            clean.insert(0, '…');
        }
        clean
    }
}

/// Finds the program to run: `wanted`, or the first of the usual names that is installed.
pub(super) fn program(wanted: Option<&str>, path: Option<&OsString>) -> String {
    if let Some(wanted) = wanted {
        return wanted.to_owned();
    }
    let folders: Vec<_> = path
        .map(|path| std::env::split_paths(path).collect())
        .unwrap_or_default();
    let is_installed = |name: &str| folders.iter().any(|folder| is_program(&folder.join(name)));
    // Debian's package once gave the program the second name.
    if !is_installed("docker") && is_installed("docker.io") {
        return "docker.io".into();
    }
    "docker".into()
}

fn is_program(path: &std::path::Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_of_a_message_is_kept() {
        let mut tail = Tail::default();
        tail.add(b"  short \x1b[31m\n");
        assert_eq!(tail.text(), "short  [31m");
        tail.add(&[b'x'; 3 * LONGEST_MESSAGE]);
        tail.add(b"end\n");
        let text = tail.text();
        assert!(text.starts_with("…x") && text.ends_with("xend"));
        assert!(text.len() <= LONGEST_MESSAGE + '…'.len_utf8());
    }

    #[test]
    fn who_complains_without_end_comes_to_one() {
        let mut child = std::process::Command::new("yes")
            .arg("it is lost")
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let tail = Tail::collect(child.stdout.take().unwrap());
        // Nobody ends it, and it would go on for ever.
        assert!(!child.wait().unwrap().success());
        assert!(tail.join().unwrap().text().contains("it is lost"));
    }

    #[test]
    fn the_usual_names_are_tried() {
        let folder = tempfile::tempdir().unwrap();
        let path = OsString::from(folder.path());
        assert_eq!(program(None, Some(&path)), "docker");
        let old = folder.path().join("docker.io");
        std::fs::write(&old, "").unwrap();
        assert_eq!(program(None, Some(&path)), "docker");
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&old, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(program(None, Some(&path)), "docker.io");
        assert_eq!(program(Some("podman"), Some(&path)), "podman");
        assert_eq!(program(None, None), "docker");
    }
}
