//! An embedded cluster for one test.

use keepdocker_sandbox::{Options, Sandbox};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A running sandbox with the folder that it lives in.
pub(crate) struct Cluster {
    // Dropped before the runtime that serves it and the folder that holds it.
    sandbox: Sandbox,
    runtime: Runtime,
    folder: TempDir,
}

impl Cluster {
    /// Starts an empty cluster with the default settings.
    pub(crate) fn start() -> Cluster {
        Cluster::with(Options::default())
    }

    /// Starts an empty cluster.
    pub(crate) fn with(options: Options) -> Cluster {
        Cluster::open(tempfile::tempdir().unwrap(), options)
    }

    /// Starts the cluster that a folder holds.
    pub(crate) fn open(folder: TempDir, options: Options) -> Cluster {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let sandbox = runtime
            .block_on(Sandbox::start(folder.path(), options))
            .unwrap();
        Cluster {
            sandbox,
            runtime,
            folder,
        }
    }

    /// The folder of the cluster.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Waits for what a test has to ask the cluster.
    pub(crate) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Every collection, oldest first.
    pub(crate) fn collections(&self) -> Vec<Value> {
        self.sandbox.inspect().collections().unwrap()
    }

    /// Every link, oldest first.
    pub(crate) fn links(&self) -> Vec<Value> {
        self.sandbox.inspect().links().unwrap()
    }

    /// Every link of a class, oldest first.
    pub(crate) fn links_of(&self, class: &str) -> Vec<Value> {
        self.links()
            .into_iter()
            .filter(|link| link["link_class"] == class)
            .collect()
    }

    /// Every link of the two classes of images.
    pub(crate) fn links_of_images(&self) -> Vec<Value> {
        let mut links = self.links_of("docker_image_hash");
        links.extend(self.links_of("docker_image_repo+tag"));
        links
    }

    /// The one collection that there must be.
    pub(crate) fn only_collection(&self) -> Value {
        let mut collections = self.collections();
        assert_eq!(collections.len(), 1, "{collections:#?}");
        collections.remove(0)
    }

    /// Asserts that nothing is registered: no collection and no link of the classes of images.
    #[track_caller]
    pub(crate) fn assert_nothing_registered(&self) {
        assert_eq!(self.collections(), Vec::<Value>::new());
        for class in ["docker_image_hash", "docker_image_repo+tag"] {
            assert_eq!(self.links_of(class), Vec::<Value>::new());
        }
    }
}

impl std::ops::Deref for Cluster {
    type Target = Sandbox;

    fn deref(&self) -> &Sandbox {
        &self.sandbox
    }
}
