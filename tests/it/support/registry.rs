//! The registry that `tests/run` started.

use super::{Engine, Image, skip};

/// A registry on the loopback interface.
pub(crate) struct Registry {
    host: String,
}

impl Registry {
    /// Finds the registry; skips the test, or the part that needs it, if there is none.
    pub(crate) fn find() -> Option<Registry> {
        let Ok(host) = std::env::var("KEEPDOCKER_TEST_REGISTRY") else {
            skip("a registry, which tests/run starts");
            return None;
        };
        Some(Registry { host })
    }

    /// Its host and port.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// The name that an image has there.
    pub(crate) fn name(&self, image: &str) -> String {
        format!("{}/{image}", self.host)
    }

    /// Sends an image there, and returns its name by digest, which the engine knows from then on.
    pub(crate) fn push(&self, engine: &Engine, image: &Image<'_>) -> String {
        let name = self.name(image.name());
        let _ = engine.docker(&["tag", image.name(), &name]).success();
        let _ = engine.docker(&["push", "--quiet", &name]).success();
        let output = engine
            .docker(&[
                "image",
                "inspect",
                "--format",
                "{{json .RepoDigests}}",
                &name,
            ])
            .success();
        let digests: Vec<String> = serde_json::from_str(&output).unwrap();
        let is_there = |digest: &&String| digest.starts_with(&self.host);
        digests.iter().find(is_there).unwrap().clone()
    }
}
