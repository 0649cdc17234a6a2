//! What a program printed and how it ended.

use std::process::ExitStatus;

/// The end of a run of a program.
#[must_use = "look at what the program did"]
pub(crate) struct Output {
    pub(crate) command: String,
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Output {
    /// Asserts that the program succeeded and returns what it printed to standard output.
    #[track_caller]
    pub(crate) fn success(&self) -> String {
        assert!(self.status.success(), "{self}");
        self.stdout()
    }

    /// Asserts that the program failed with this exit code and returns its messages.
    #[track_caller]
    pub(crate) fn failure(&self, code: i32) -> &str {
        assert_eq!(self.status.code(), Some(code), "{self}");
        &self.stderr
    }

    /// Asserts that the failure is told to people: on one screen, on standard error alone, without
    /// traces of the program's own making, and says what to do next.
    #[track_caller]
    pub(crate) fn assert_told_to_people(&self, secrets: &[&str]) {
        // Whoever asked for JSON gets that.
        let stdout = self.stdout();
        let is_failure = stdout.starts_with(r#"{"schema":"keepdocker.failure/1","exit":"#);
        assert!(stdout.is_empty() || is_failure, "{self}");
        let lines = self.stderr.lines().count();
        assert!((1..=20).contains(&lines), "{lines} lines: {self}");
        assert!(self.stderr.chars().count() <= 20 * 80, "{self}");
        for noise in [
            "panicked",
            "Traceback",
            "stack backtrace",
            "Error {",
            // What a library says of a connection that was cut.
            "docs.rs",
            "close_notify",
            "\u{1b}[",
        ] {
            assert!(!self.stderr.contains(noise), "`{noise}` in {self}");
        }
        for secret in secrets {
            assert!(!self.stderr.contains(secret), "a secret in {self}");
        }
    }

    /// What the program printed to standard output, as text.
    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }
}

impl std::fmt::Display for Output {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = self.stdout.len().min(4000);
        write!(
            formatter,
            "`{}` ended with {}\n--- stdout\n{}\n--- stderr\n{}",
            self.command,
            self.status,
            String::from_utf8_lossy(&self.stdout[..shown]),
            self.stderr
        )
    }
}
