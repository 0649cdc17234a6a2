//! The programs that make, copy and convert images without an engine.

use std::fs;
use std::path::PathBuf;

use super::{Environment, Output, hex, skip};

/// Podman, skopeo, buildah and umoci, with stores that belong to one test.
pub(crate) struct Tools {
    environment: Environment,
}

impl Tools {
    /// Makes stores for these programs; skips the test if one of them is missing or cannot run.
    pub(crate) fn find(programs: &[&str]) -> Option<Tools> {
        let environment = Environment::new();
        // Without a policy, these programs take no image from anywhere.
        let settings = environment.home().join(".config/containers");
        fs::create_dir_all(&settings).unwrap();
        fs::write(
            settings.join("policy.json"),
            r#"{"default": [{"type": "insecureAcceptAnything"}]}"#,
        )
        .unwrap();
        let tools = Tools { environment };
        for program in programs {
            if !is_there(program) {
                skip(&format!("`{program}`"));
                return None;
            }
            let needs_a_store = ["podman", "buildah"].contains(program);
            if needs_a_store && !tools.run(program, &["info"]).status.success() {
                skip(&format!("`{program}` able to keep images here"));
                return None;
            }
        }
        Some(tools)
    }

    /// The path of a file or folder of this test.
    pub(crate) fn at(&self, name: &str) -> String {
        self.environment.home().join(name).display().to_string()
    }

    /// Runs one of the programs on its store.
    pub(crate) fn run(&self, program: &str, arguments: &[&str]) -> Output {
        let (store, state) = (self.at("store"), self.at("state"));
        let mut words = match program {
            "podman" | "buildah" => vec![
                "--root",
                &store,
                "--runroot",
                &state,
                "--storage-driver",
                "vfs",
            ],
            _ => Vec::new(),
        };
        words.extend(arguments);
        self.environment.run(program, &words)
    }

    /// Runs `skopeo copy`, which must succeed.
    #[track_caller]
    pub(crate) fn copy(&self, from: &str, to: &str, options: &[&str]) {
        let mut words = vec!["copy", "--quiet"];
        words.extend(options);
        words.extend([from, to]);
        let _ = self.run("skopeo", &words).success();
    }

    /// The digest of the config of an image that skopeo can read.
    #[track_caller]
    pub(crate) fn config_digest(&self, image: &str) -> String {
        use sha2::Digest as _;
        let config = self
            .run("skopeo", &["inspect", "--raw", "--config", image])
            .success();
        let digest = sha2::Sha256::digest(config.as_bytes());
        format!("sha256:{}", hex(&digest))
    }
}

fn is_there(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder: PathBuf| folder.join(program).is_file())
}
