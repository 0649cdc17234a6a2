//! A program in the place of `docker` that fails as a test wants.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use super::{Environment, data};

/// What `docker` does, each verb as lines of a shell script; a real engine can hardly be made to fail
/// in every way.
#[derive(Debug, Clone)]
pub(crate) struct StandIn {
    version: String,
    info: String,
    inspect: String,
    pull: String,
    save: String,
    load: String,
    tag: String,
}

impl StandIn {
    /// The ID of its image.
    pub(crate) const ID: &str =
        "sha256:d2c94e258dcb3c5ac2798d32e1249e42ef01cba4841c2234249495f87264ac5a";

    /// Has the image `hello-world:latest` and does everything as it should.
    pub(crate) fn new() -> StandIn {
        let archive = data("hello-world-ManifestV2.tar");
        StandIn {
            version: "true".into(),
            info: "true".into(),
            inspect: format!(
                "echo '{{\"Id\": \"{}\", \"RepoTags\": [\"hello-world:latest\"]}}'",
                Self::ID
            ),
            pull: "true".into(),
            save: format!("cat '{}'", archive.display()),
            load: "cat >/dev/null".into(),
            tag: "true".into(),
        }
    }

    /// Answers everything in this way.
    pub(crate) fn answering(script: &str) -> StandIn {
        StandIn {
            version: script.into(),
            info: script.into(),
            inspect: script.into(),
            pull: script.into(),
            save: script.into(),
            load: script.into(),
            tag: script.into(),
        }
    }

    /// Says this of itself.
    pub(crate) fn telling(self, info: &str) -> StandIn {
        StandIn {
            info: format!("echo '{info}'"),
            ..self
        }
    }

    /// Answers in this way what an image is.
    pub(crate) fn inspecting(self, inspect: impl Into<String>) -> StandIn {
        StandIn {
            inspect: inspect.into(),
            ..self
        }
    }

    /// Pulls in this way.
    pub(crate) fn pulling(self, pull: impl Into<String>) -> StandIn {
        StandIn {
            pull: pull.into(),
            ..self
        }
    }

    /// Saves in this way.
    pub(crate) fn saving(self, save: impl Into<String>) -> StandIn {
        StandIn {
            save: save.into(),
            ..self
        }
    }

    /// Becomes the first `docker` of the environment's search path, and returns its own path.
    pub(crate) fn install(&self, environment: &mut Environment) -> PathBuf {
        let folder = environment.home().join("stand-in");
        fs::create_dir_all(&folder).unwrap();
        let script = format!(
            "#!/bin/sh\ncase \"$1\" in\nversion) {} ;;\ninfo) {} ;;\nimage) {} ;;\npull) {} ;;\nsave) {} ;;\nload) {} ;;\ntag) {} ;;\nesac\n",
            self.version, self.info, self.inspect, self.pull, self.save, self.load, self.tag
        );
        let (text, program) = (folder.join("text"), folder.join("docker"));
        fs::write(&text, script).unwrap();
        fs::set_permissions(&text, fs::Permissions::from_mode(0o755)).unwrap();
        // A program that this process has open for writing while another thread forks could not be
        // started, so a child writes it.
        let copied = Command::new("cp").args([&text, &program]).status();
        assert!(copied.unwrap().success());
        environment.set("PATH", format!("{}:/usr/bin:/bin", folder.display()));
        program
    }
}
