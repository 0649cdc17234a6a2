//! Runs a program and tells what that took.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a run took; processor time, memory and disk include the programs that it ran in turn.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    /// Seconds from start to end.
    pub(crate) wall: f64,
    /// Seconds of processor time, in user and system mode.
    pub(crate) processor: f64,
    /// The most bytes resident at a time.
    pub(crate) resident: u64,
    /// Bytes written to disks.
    pub(crate) written: u64,
}

/// A program with all that it gets.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    /// Its name in the table.
    pub(crate) name: &'static str,
    /// Where it is.
    pub(crate) path: PathBuf,
    /// What it is told.
    pub(crate) arguments: Vec<OsString>,
}

impl Program {
    /// Makes a program of its parts.
    pub(crate) fn new<A: Into<OsString>>(
        name: &'static str,
        path: impl Into<PathBuf>,
        arguments: impl IntoIterator<Item = A>,
    ) -> Self {
        Self {
            name,
            path: path.into(),
            arguments: arguments.into_iter().map(Into::into).collect(),
        }
    }

    /// Returns the command, in a home of its own and on a cluster.
    pub(crate) fn command(&self, home: &Path, environment: &[(String, String)]) -> Command {
        let mut command = Command::new(&self.path);
        command
            .args(&self.arguments)
            .env_clear()
            .env("HOME", home)
            .env("TMPDIR", home)
            .env("PATH", std::env::var_os("PATH").unwrap())
            .envs(std::env::var_os("KEEPDOCKER_TEST_DOCKER_HOST").map(|host| ("DOCKER_HOST", host)))
            .envs(environment.iter().cloned())
            .current_dir(home)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        command
    }

    /// Runs the program to its end, which must be a good one.
    pub(crate) fn run(&self, home: &Path, environment: &[(String, String)]) -> Usage {
        let errors = home.join("errors");
        let mut command = self.command(home, environment);
        command.stderr(std::fs::File::create(&errors).unwrap());
        let (usage, succeeded) = measured(command);
        assert!(
            succeeded,
            "{} {:?}: {}",
            self.path.display(),
            self.arguments,
            std::fs::read_to_string(&errors).unwrap_or_default()
        );
        usage
    }

    /// Runs the program and kills it once `is_time` says so; tells whether it came to that.
    pub(crate) fn run_until(
        &self,
        home: &Path,
        environment: &[(String, String)],
        mut is_time: impl FnMut() -> bool,
    ) -> bool {
        let mut child = self
            .command(home, environment)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        loop {
            if child.try_wait().unwrap().is_some() {
                return false;
            }
            if is_time() {
                child.kill().unwrap();
                child.wait().unwrap();
                return true;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

#[expect(
    unsafe_code,
    reason = "what a child used is told by a system call that the library does not have"
)]
fn measured(mut command: Command) -> (Usage, bool) {
    let start = Instant::now();
    #[expect(
        clippy::zombie_processes,
        reason = "it is waited for below, by its number"
    )]
    let child = command.spawn().unwrap();
    let pid = libc::pid_t::try_from(child.id()).unwrap();
    let mut status = 0;
    // SAFETY: `rusage` is numbers alone, for which zeros are a value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are to values of this function, and the child has not been waited for.
    let waited = unsafe { libc::wait4(pid, &raw mut status, 0, &raw mut usage) };
    assert_eq!(waited, pid);
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    let used = Usage {
        wall: start.elapsed().as_secs_f64(),
        processor: seconds(usage.ru_utime) + seconds(usage.ru_stime),
        // The system tells kilobytes, and blocks of 512 bytes.
        resident: u64::try_from(usage.ru_maxrss).unwrap() << 10,
        written: u64::try_from(usage.ru_oublock).unwrap() << 9,
    };
    (
        used,
        libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0,
    )
}

/// Returns how many seconds of processor time a running process has used.
pub(crate) fn processor_time(pid: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    // The name before it, in brackets, may hold blanks.
    let fields: Vec<&str> = text.rsplit(')').next().unwrap().split(' ').collect();
    let ticks: u64 = fields[12].parse::<u64>().unwrap() + fields[13].parse::<u64>().unwrap();
    // All systems that run this have 100 ticks a second.
    ticks as f64 / 100.0
}
