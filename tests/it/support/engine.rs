//! The private Docker engines that `tests/run` started.

use serde_json::Value;

use super::{Environment, Output, skip};

/// A running engine.
pub(crate) struct Engine {
    host: String,
    environment: Environment,
}

impl Engine {
    /// The engine of this machine's packages; skips the test if none was started.
    pub(crate) fn find() -> Option<Engine> {
        Engine::named("KEEPDOCKER_TEST_DOCKER_HOST", "a Docker engine")
    }

    /// A newer engine with the classic image store; skips the test if none was started.
    pub(crate) fn newer() -> Option<Engine> {
        Engine::named("KEEPDOCKER_TEST_NEWER_DOCKER_HOST", "a newer Docker engine")
    }

    /// The newer engine with the containerd image store; skips the test if none was started.
    pub(crate) fn containerd() -> Option<Engine> {
        Engine::named(
            "KEEPDOCKER_TEST_CONTAINERD_DOCKER_HOST",
            "a Docker engine with the containerd image store",
        )
    }

    fn named(variable: &str, needs: &str) -> Option<Engine> {
        let Ok(host) = std::env::var(variable) else {
            skip(&format!("{needs}, which tests/run starts"));
            return None;
        };
        let mut environment = Environment::new();
        environment.set("DOCKER_HOST", &host);
        // The builder that every engine and client has, and that needs no network.
        environment.set("DOCKER_BUILDKIT", "0");
        Some(Engine { host, environment })
    }

    /// The engine's address, as `DOCKER_HOST` wants it.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Runs `docker`.
    pub(crate) fn docker(&self, arguments: &[&str]) -> Output {
        self.environment.run("docker", arguments)
    }

    /// The ID of an image by the engine's count; none if it has no such image.
    pub(crate) fn id(&self, image: &str) -> Option<String> {
        let output = self.docker(&["image", "inspect", "--format", "{{.Id}}", image]);
        output
            .status
            .success()
            .then(|| output.stdout().trim().to_owned())
    }

    /// What an image is, without what depends on the engine's history with it.
    pub(crate) fn inspect(&self, image: &str) -> Value {
        let output = self.docker(&["image", "inspect", image]).success();
        let mut image: Value = serde_json::from_str(&output).unwrap();
        let mut image = image[0].take();
        let fields = image.as_object_mut().unwrap();
        // When and under which name it came, what it was built from, and where its files lie.
        fields.retain(|name, _| {
            ![
                "Metadata",
                "RepoTags",
                "RepoDigests",
                "Parent",
                "GraphDriver",
                "Container",
                "ContainerConfig",
            ]
            .contains(&name.as_str())
        });
        image
    }

    /// Runs a container of an image and returns what it printed; none where containers cannot run.
    pub(crate) fn container_output(&self, image: &str) -> Option<String> {
        let output = self.docker(&["run", "--rm", "--network", "none", image]);
        output.status.success().then(|| output.stdout())
    }

    /// Removes an image that must be there, and asserts that the engine no longer knows it.
    #[track_caller]
    pub(crate) fn remove(&self, image: &str) {
        let id = self.id(image).unwrap();
        let _ = self.docker(&["rmi", "--force", &id]).success();
        assert_eq!(self.id(&id), None, "still there after its removal");
    }
}
