//! A stock WASI runtime, and our component in it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{Environment, Output, skip};

/// The program `wasmtime` and the component that it runs, as `tests/run` prepared them.
pub(crate) struct Wasmtime {
    program: PathBuf,
    component: PathBuf,
}

/// What a run of the component is granted.
#[derive(Clone, Copy)]
pub(crate) struct Grants<'a> {
    /// Whether it may send requests.
    pub(crate) http: bool,
    /// The folder that it sees as `/`.
    pub(crate) folder: Option<&'a Path>,
    /// Whether it is told of the cluster.
    pub(crate) cluster: bool,
}

impl Wasmtime {
    /// Finds the runtime and the component; skips the test if either is missing.
    pub(crate) fn find() -> Option<Wasmtime> {
        let variable = |name| {
            std::env::var_os(name)
                .map(PathBuf::from)
                .filter(|file| file.is_file())
        };
        let found =
            variable("KEEPDOCKER_TEST_WASMTIME").zip(variable("KEEPDOCKER_TEST_WASI_COMPONENT"));
        if found.is_none() {
            skip("the program wasmtime and the component for it, which tests/run prepares");
        }
        found.map(|(program, component)| Wasmtime { program, component })
    }

    /// The component.
    pub(crate) fn component(&self) -> &Path {
        &self.component
    }

    /// Runs the component with the grants and these arguments.
    pub(crate) fn run(
        &self,
        environment: &Environment,
        grants: &Grants<'_>,
        arguments: &[&str],
    ) -> Output {
        let mut words: Vec<OsString> = vec!["run".into()];
        if grants.http {
            words.extend(["-S".into(), "http".into()]);
        }
        if let Some(folder) = grants.folder {
            words.extend(["--dir".into(), format!("{}::/", folder.display()).into()]);
        }
        if grants.cluster {
            for name in [
                "ARVADOS_API_HOST",
                "ARVADOS_API_TOKEN",
                "ARVADOS_KEEP_SERVICES",
            ] {
                words.extend(["--env".into(), name.into()]);
            }
            // The runtime refuses to hand over what is not set.
            let login = "DOCKER_AUTH_CONFIG";
            if environment.is_set(login) {
                words.extend(["--env".into(), login.into()]);
            }
        }
        words.push(self.component.clone().into());
        words.extend(arguments.iter().map(OsString::from));
        environment.run(&self.program, &words)
    }
}
