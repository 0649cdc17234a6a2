//! The native side of the API and of Keep against the embedded cluster, faults included.

mod api;
mod early;
mod keep;
mod lists;
mod projects;
mod removal;
mod side_by_side;
mod update;

use std::sync::Arc;
use std::time::Duration;

use crate::api::Api;
use crate::http::{Client, Retry};
use crate::keep::Keep;
use crate::settings::{Environment, Settings};
use keepdocker_arvados::keep::Timeouts;
use keepdocker_sandbox::{Options, Sandbox, ServiceKind};
use tempfile::TempDir;

/// A running cluster and the means to use it.
struct Setup {
    sandbox: Sandbox,
    environment: Environment,
    _folder: TempDir,
}

/// Retries that do not make a test slow.
const RETRY: Retry = Retry {
    retries: 4,
    first_delay: Duration::from_millis(5),
    longest_delay: Duration::from_millis(20),
    deadline: Duration::from_secs(20),
};

impl Setup {
    async fn new() -> Self {
        Self::with(Options::default()).await
    }

    /// A cluster with so many disks, each of which takes one replica.
    async fn with_disks(count: usize) -> Self {
        Self::with(Options {
            keep_services: vec![ServiceKind::Disk; count],
            ..Options::default()
        })
        .await
    }

    async fn with(options: Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = Sandbox::start(folder.path(), options).await.unwrap();
        let environment = sandbox
            .environment()
            .into_iter()
            .fold(Environment::default(), |environment, (name, value)| {
                environment.with(name, value)
            });
        Self {
            sandbox,
            environment,
            _folder: folder,
        }
    }

    fn api(&self) -> Arc<Api> {
        api(&self.environment, RETRY)
    }

    fn keep(&self) -> Arc<Keep> {
        keep(&self.environment, RETRY)
    }
}

fn api(environment: &Environment, retry: Retry) -> Arc<Api> {
    let settings = Settings::load(environment).unwrap();
    let client = Client::new(&settings).unwrap();
    Arc::new(Api::new(settings.api, client, retry))
}

fn keep(environment: &Environment, retry: Retry) -> Arc<Keep> {
    let settings = Settings::load(environment).unwrap();
    let client = Client::new(&settings).unwrap();
    let api = Arc::new(Api::new(settings.api.clone(), client.clone(), retry));
    let timeouts = Timeouts {
        stall: Duration::from_millis(300),
        answer: Duration::from_millis(300),
    };
    let given = settings.keep_services.as_deref();
    Arc::new(Keep::new(given, client, api, retry).with_timeouts(timeouts))
}
