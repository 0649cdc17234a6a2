//! The Python programs that ours replaces and works with.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::{Environment, Output, skip};

/// The programs of `arvados-python-client`, as `tests/run` installed them.
pub(crate) struct Python {
    folder: PathBuf,
}

impl Python {
    /// Finds the programs; skips the test if there are none.
    pub(crate) fn find() -> Option<Python> {
        let found = std::env::var_os("KEEPDOCKER_PYTHON_BIN")
            .map(PathBuf::from)
            .filter(|folder| folder.join("arv-keepdocker").is_file());
        if found.is_none() {
            skip("the Python client, which tests/run installs");
        }
        found.map(|folder| Python { folder })
    }

    /// The folder with the SDK of the last version whose arv-copy looks for images by name; skips the test if there
    /// is none.
    pub(crate) fn old_sdk(&self) -> Option<PathBuf> {
        let found =
            Some(self.folder.join("../sdk-2.7.0")).filter(|folder| folder.join("arvados").is_dir());
        if found.is_none() {
            skip("the Python SDK 2.7.0, which tests/run installs");
        }
        found
    }

    /// The path of a program.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Fetches a file of a collection with `arv-get`.
    #[track_caller]
    pub(crate) fn fetch(&self, environment: &Environment, file: &str, to: impl AsRef<Path>) {
        let words = [OsStr::new(file), to.as_ref().as_os_str()];
        let _ = self.run(environment, "arv-get", &words).success();
    }

    /// Runs a program in an environment.
    pub(crate) fn run<A: AsRef<OsStr>>(
        &self,
        environment: &Environment,
        program: &str,
        arguments: &[A],
    ) -> Output {
        environment.run(self.program(program), arguments)
    }
}
