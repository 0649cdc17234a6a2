//! A home of its own for the programs of one test, and how they run in it.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{Cluster, Engine, Output};

/// How long a program may take before the test ends it.
const PATIENCE: Duration = Duration::from_secs(120);

/// A hermetic environment: nothing of the developer's settings is seen, nothing is left behind.
pub(crate) struct Environment {
    home: TempDir,
    variables: BTreeMap<OsString, OsString>,
}

impl Environment {
    /// Makes an environment without any configuration of Arvados or Docker.
    pub(crate) fn new() -> Environment {
        let home = tempfile::tempdir().unwrap();
        let mut environment = Environment {
            home,
            variables: BTreeMap::new(),
        };
        environment.set("PATH", std::env::var_os("PATH").unwrap());
        environment.set("HOME", environment.home().to_owned());
        for (name, folder) in [
            ("XDG_CACHE_HOME", "cache"),
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_STATE_HOME", "state"),
            ("XDG_DATA_HOME", "data"),
            ("TMPDIR", "tmp"),
        ] {
            let folder = environment.home().join(folder);
            std::fs::create_dir(&folder).unwrap();
            environment.set(name, folder);
        }
        environment.set("LC_ALL", "C.UTF-8");
        environment.set("TZ", "UTC");
        // Not even a socket of this machine's engine may be found by accident.
        environment.set(
            "DOCKER_HOST",
            format!("unix://{}/no-engine.sock", environment.home().display()),
        );
        environment
    }

    /// Makes an environment that is set up for a cluster.
    pub(crate) fn on(cluster: &Cluster) -> Environment {
        let mut environment = Environment::new();
        for (name, value) in cluster.environment() {
            environment.set(&name, value);
        }
        environment
    }

    /// Lets the programs use an engine.
    pub(crate) fn with_engine(mut self, engine: &Engine) -> Environment {
        self.set("DOCKER_HOST", engine.host());
        self
    }

    /// Sets a variable.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.variables.insert(name.into(), value.into());
    }

    /// Removes a variable.
    pub(crate) fn unset(&mut self, name: &str) {
        self.variables.remove(OsStr::new(name));
    }

    /// Whether the child has a variable.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.variables.contains_key(OsStr::new(name))
    }

    /// The value of a variable.
    pub(crate) fn variable(&self, name: &str) -> &OsStr {
        &self.variables[OsStr::new(name)]
    }

    /// The home folder.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Runs `keepdocker`.
    pub(crate) fn keepdocker<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Output {
        self.run(env!("CARGO_BIN_EXE_keepdocker"), arguments)
    }

    /// Runs our `arv-keepdocker`.
    pub(crate) fn arv_keepdocker<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Output {
        self.run(env!("CARGO_BIN_EXE_arv-keepdocker"), arguments)
    }

    /// Starts a program that nobody listens to, for a test that ends it.
    ///
    /// # Panics
    ///
    /// Panics if the program cannot start.
    pub(crate) fn start<A: AsRef<OsStr>>(
        &self,
        program: impl AsRef<OsStr>,
        arguments: &[A],
        input: impl Into<Stdio>,
    ) -> Child {
        self.command(program, arguments)
            .stdin(input)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// Starts a program whose standard output goes into a file, for a test that ends it.
    ///
    /// # Panics
    ///
    /// Panics if the program cannot start.
    pub(crate) fn start_into<A: AsRef<OsStr>>(
        &self,
        program: impl AsRef<OsStr>,
        arguments: &[A],
        output: impl Into<Stdio>,
    ) -> Child {
        self.command(program, arguments)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// Makes a command in this environment, for a test with ends of its own.
    pub(crate) fn prepared<A: AsRef<OsStr>>(
        &self,
        program: impl AsRef<OsStr>,
        arguments: &[A],
    ) -> Command {
        self.command(program, arguments)
    }

    fn command<A: AsRef<OsStr>>(&self, program: impl AsRef<OsStr>, arguments: &[A]) -> Command {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .envs(&self.variables)
            .current_dir(self.home());
        command
    }

    /// Runs a program to its end, without standard input.
    ///
    /// # Panics
    ///
    /// Panics if the program cannot start or does not end.
    pub(crate) fn run<A: AsRef<OsStr>>(
        &self,
        program: impl AsRef<OsStr>,
        arguments: &[A],
    ) -> Output {
        self.run_on(program, arguments, std::io::empty())
    }

    /// Runs a program to its end with `input` as its standard input.
    ///
    /// # Panics
    ///
    /// Panics if the program cannot start or does not end.
    pub(crate) fn run_on<A: AsRef<OsStr>>(
        &self,
        program: impl AsRef<OsStr>,
        arguments: &[A],
        mut input: impl Read + Send + 'static,
    ) -> Output {
        let mut command = self.command(&program, arguments);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let shown = std::iter::once(program.as_ref())
            .chain(arguments.iter().map(AsRef::as_ref))
            .map(|word| word.to_string_lossy())
            .collect::<Vec<_>>()
            .join(" ");
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start `{shown}`: {error}"));
        let mut stdin = child.stdin.take().unwrap();
        // A program that wants no more ends the pipe, which is not this thread's concern.
        std::thread::spawn(move || drop(std::io::copy(&mut input, &mut stdin)));
        let stdout = read_aside(child.stdout.take().unwrap());
        let stderr = read_aside(child.stderr.take().unwrap());
        let deadline = Instant::now() + PATIENCE;
        let (status, is_late) = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break (status, false);
            }
            if Instant::now() > deadline {
                child.kill().unwrap();
                break (child.wait().unwrap(), true);
            }
            std::thread::sleep(Duration::from_millis(3));
        };
        let output = Output {
            command: shown,
            status,
            stdout: stdout.join().unwrap(),
            stderr: String::from_utf8_lossy(&stderr.join().unwrap()).into_owned(),
        };
        assert!(!is_late, "it did not end within {PATIENCE:?}: {output}");
        keepdocker_schemas::assert_kept(&output.stdout());
        keepdocker_schemas::assert_kept(&output.stderr);
        output
    }
}

/// Reads a pipe on a thread of its own, so that a full one never stops the program.
fn read_aside(mut pipe: impl Read + Send + 'static) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).unwrap();
        bytes
    })
}

/// Returns one of the image archives that the repository holds.
///
/// # Panics
///
/// Panics if it is not there.
pub(crate) fn data(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/data")
        .join(name);
    path.canonicalize()
        .unwrap_or_else(|error| panic!("`{}`: {error}", path.display()))
}
