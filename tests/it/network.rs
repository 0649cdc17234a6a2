//! What lies between here and the cluster: proxies, certificates, servers that answer in its place, and
//! answers that get lost.

mod certificates;
mod fronts;
mod lost_answers;
mod proxies;
mod refusals;

use keepdocker_sandbox::Options;

use crate::support::{Cluster, Environment, data};

/// A cluster whose API also listens without TLS, for fronts of a test's own, and whose Keep listens
/// without it only.
fn plain_cluster() -> Cluster {
    Cluster::with(Options {
        is_api_plain_too: true,
        is_keep_encrypted: false,
        ..Options::default()
    })
}

/// Where the small image comes from.
fn source() -> String {
    format!(
        "docker-archive:{}",
        data("hello-world-ManifestV2.tar").display()
    )
}

/// An environment in which requests to this machine go through proxies too.
fn proxied(cluster: &Cluster, variable: &str, address: &str) -> Environment {
    let mut environment = Environment::on(cluster);
    environment.set("no_proxy", "");
    environment.set(variable, address);
    environment
}
