//! The engines of the matrix, each by its own command line.

use std::fs;

use super::{Cluster, Engine, Environment, Output, skip};

/// An engine, whatever its program.
pub(crate) struct AnyEngine {
    program: &'static str,
    /// How the program finds its store.
    variables: Vec<(&'static str, String)>,
    environment: Environment,
}

impl AnyEngine {
    /// An engine that speaks `docker`.
    pub(crate) fn docker(engine: &Engine) -> AnyEngine {
        AnyEngine::new("docker", vec![("DOCKER_HOST", engine.host().to_owned())])
    }

    /// Podman, with a store of this test; skips the test if it cannot keep images here.
    pub(crate) fn podman() -> Option<AnyEngine> {
        let mut podman = AnyEngine::new("podman", Vec::new());
        let home = podman.environment.home().display().to_string();
        let write = |name: &str, text: String| {
            let file = format!("{home}/{name}");
            fs::write(&file, text).unwrap();
            file
        };
        let storage = write(
            "storage.conf",
            format!(
                "[storage]\ndriver = \"vfs\"\ngraphroot = \"{home}/store\"\nrunroot = \"{home}/state\"\n"
            ),
        );
        // Without a policy, it takes no image from anywhere.
        let policy = r#"{"default": [{"type": "insecureAcceptAnything"}]}"#;
        fs::create_dir_all(format!("{home}/.config/containers")).unwrap();
        let _ = write(".config/containers/policy.json", policy.into());
        for variable in [("CONTAINERS_STORAGE_CONF", storage), ("HOME", home.clone())] {
            podman.environment.set(variable.0, &variable.1);
            podman.variables.push(variable);
        }
        if !podman.run(&["info"]).status.success() {
            skip("`podman` able to keep images here");
            return None;
        }
        Some(podman)
    }

    fn new(program: &'static str, variables: Vec<(&'static str, String)>) -> AnyEngine {
        let mut environment = Environment::new();
        for (name, value) in &variables {
            environment.set(name, value);
        }
        AnyEngine {
            program,
            variables,
            environment,
        }
    }

    /// An environment on a cluster in which our programs use this engine.
    pub(crate) fn on(&self, cluster: &Cluster) -> Environment {
        let mut environment = Environment::on(cluster);
        environment.set("KEEPDOCKER_ENGINE", self.program);
        for (name, value) in &self.variables {
            environment.set(name, value);
        }
        environment
    }

    /// Runs the engine's program.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.environment.run(self.program, arguments)
    }

    /// Loads an archive.
    #[track_caller]
    pub(crate) fn load(&self, archive: &[u8]) {
        let archive = std::io::Cursor::new(archive.to_vec());
        let loaded = self.environment.run_on(self.program, &["load"], archive);
        let _ = loaded.success();
    }

    /// What the engine calls an image; none if it has no such image.
    pub(crate) fn id(&self, name: &str) -> Option<String> {
        let output = self.run(&["image", "inspect", "--format", "{{.Id}}", name]);
        let id = output.stdout().trim().to_owned();
        output.status.success().then(|| match id.contains(':') {
            true => id,
            false => format!("sha256:{id}"),
        })
    }

    /// The digests of an image's layers, as the engine tells them.
    #[track_caller]
    pub(crate) fn layers(&self, name: &str) -> Vec<String> {
        let layers = [
            "image",
            "inspect",
            "--format",
            "{{json .RootFS.Layers}}",
            name,
        ];
        serde_json::from_str(&self.run(&layers).success()).unwrap()
    }

    /// Removes an image that must be there.
    #[track_caller]
    pub(crate) fn remove(&self, name: &str) {
        let _ = self.run(&["image", "rm", "--force", name]).success();
        assert_eq!(self.id(name), None, "still there after its removal");
    }
}
