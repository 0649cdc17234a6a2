//! The names of images that the engine and the cluster have.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use keepdocker_console::Report;
use keepdocker_terms::reference::Reference;

use super::super::invocation::Invocation;
use super::super::keepdocker::Common;
use super::super::kind::Kind;
use crate::bindings::commands::ImagesRequest;
use crate::gate::Operation;
use crate::output::Console;
use crate::policy::{Cluster, Context, Decision, Policy};
use crate::progress::{Look, show};
use crate::run::{Options, Surroundings, no_policy};
use crate::settings::Environment;

/// Who has an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The container engine of this machine.
    Engine,
    /// The cluster.
    Cluster,
}

/// Names of images, each once.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) engine: Vec<String>,
    pub(super) cluster: Vec<String>,
}

/// What is asked for while candidates are looked for, and the names that are known by then.
#[derive(Debug, Default)]
pub(super) struct Asked {
    engine: AtomicBool,
    cluster: AtomicBool,
    names: Names,
}

impl Asked {
    /// Knows names already.
    pub(super) fn knowing(names: Names) -> Self {
        Self {
            names,
            ..Self::default()
        }
    }

    /// Returns the names that are known of those who have them, and notes that they were asked for.
    pub(super) fn names(&self, place: Place) -> &[String] {
        self.of(place).store(true, Ordering::Relaxed);
        match place {
            Place::Engine => &self.names.engine,
            Place::Cluster => &self.names.cluster,
        }
    }

    /// Tells whether any names were asked for.
    pub(super) fn is_asked(&self) -> bool {
        self.wants(Place::Engine) || self.wants(Place::Cluster)
    }

    fn wants(&self, place: Place) -> bool {
        self.of(place).load(Ordering::Relaxed)
    }

    fn of(&self, place: Place) -> &AtomicBool {
        match place {
            Place::Engine => &self.engine,
            Place::Cluster => &self.cluster,
        }
    }
}

impl Names {
    /// Gathers the names that were asked for, as far as the policy allows them and they come in time.
    pub(super) async fn gather(
        asked: &Asked,
        common: &Common,
        environment: &Environment,
        console: Console,
        deadline: Duration,
    ) -> Self {
        let gathered = async {
            let Invocation {
                mut options,
                environment,
                ..
            } = common.invocation(environment.clone(), console, Kind::THAT_LISTS)?;
            // Nobody waits for a second try, and a key that was pressed is no run. Where a policy demands a log of
            // whatever is asked, nothing is.
            options.retries = 0;
            options.no_audit = true;
            let names = match asked.wants(Place::Engine) {
                true => Self {
                    engine: known(in_engine(&options, &environment).await?),
                    ..Self::default()
                },
                false => Self {
                    cluster: known(in_cluster(options, &environment, console).await?),
                    ..Self::default()
                },
            };
            Ok::<_, Report>(names)
        };
        match tokio::time::timeout(deadline, gathered).await {
            Ok(Ok(names)) => names,
            Ok(Err(_)) | Err(_) => Self::default(),
        }
    }
}

/// Returns the names of the engine that the policies let it be asked for. No cluster is needed for that.
async fn in_engine(options: &Options, environment: &Environment) -> Result<Vec<String>, Report> {
    let policy =
        Policy::load(&environment.policies(options.policies.clone())).map_err(no_policy)?;
    if policy.audit().required() {
        return Ok(Vec::new());
    }
    let engine = options.engine(environment)?;
    // What is wrong with the engine is told to those who run a command.
    let mut names = engine.names().await.unwrap_or_default();
    let cluster = Cluster::default();
    names.retain(|name| {
        let operation = Operation::EngineFind { name: name.clone() };
        let context = Context {
            cluster: &cluster,
            names: Some(std::slice::from_ref(name)),
        };
        policy.decide(&operation, &context).decision != Decision::Deny
    });
    Ok(names)
}

/// Returns the names that the cluster has.
async fn in_cluster(
    options: Options,
    environment: &Environment,
    console: Console,
) -> Result<Vec<String>, Report> {
    let progress = show(Look::None, console);
    let around = Surroundings::new(options, environment.clone(), console, progress).await?;
    let everything = ImagesRequest {
        project: None,
        image: None,
        tag: None,
        exact_name: None,
    };
    let listed = around.ask(&everything).await?;
    let names = listed
        .into_iter()
        .filter_map(|image| Some(format!("{}:{}", image.repository?, image.tag?)));
    Ok(names.collect())
}

/// Returns those of the names that can be typed as they are, each once: what somebody else chose becomes a word of this
/// person's command line.
fn known(mut names: Vec<String>) -> Vec<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-/:@+".contains(c);
    names.retain(|name| name.chars().all(is_plain) && Reference::parse(name).is_ok());
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_would_do_something_in_a_shell_is_not_offered() {
        let names = [
            "lab/tool:1",
            "lab/tool:1",
            "$(reboot):1",
            "`reboot`:1",
            "a\u{1b}[31m:1",
            "two words:1",
            "<none>:<none>",
            "-o:1",
            "busybox:latest",
        ];
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(known(names), ["busybox:latest", "lab/tool:1"]);
    }
}
