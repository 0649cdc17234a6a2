//! Whether the surroundings are as a command needs them: each looked at by itself, whatever is wrong with others.

mod images;

use std::path::Path;

use keepdocker_console::Report;
use serde::Serialize;

pub(crate) use images::Scope;
pub(super) use images::diagnosed;

use super::{Surroundings, no_policy};
use crate::bindings::commands::Failure;
use crate::component::{Capabilities, Component};
use crate::policy::{Policy, Sources};

/// What was found of one thing that commands need, or of one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// What was looked at, in a word or two.
    pub what: &'static str,
    /// How it is.
    pub state: State,
    /// What was found, in a sentence.
    pub told: String,
    /// What to do about it.
    pub advice: Option<String>,
    /// Which image it is about, for programs.
    pub about: Option<About>,
}

/// What a finding about images is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct About {
    /// What is amiss, in a word.
    pub defect: &'static str,
    /// The collection, or what a link leads to in its place.
    pub collection: String,
    /// The name that it is about, if it is about one.
    pub name: Option<String>,
    /// The links that it is about.
    pub links: Vec<String>,
    /// What takes effect in its place, or what is there besides.
    pub others: Vec<String>,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// As it should be.
    Good,
    /// Some commands do without it.
    Lacking,
    /// No command can do without it.
    Bad,
}

impl State {
    /// Returns the word for it.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Lacking => "warning",
            Self::Bad => "failed",
        }
    }
}

impl Finding {
    fn good(what: &'static str, told: impl Into<String>) -> Self {
        Self {
            what,
            state: State::Good,
            told: told.into(),
            advice: None,
            about: None,
        }
    }

    fn of(what: &'static str, state: State, report: Report) -> Self {
        let details = report.details.iter().map(|detail| detail.trim());
        let told: Vec<&str> = std::iter::once(&*report.message).chain(details).collect();
        Self {
            what,
            state,
            told: told.join(": "),
            advice: report.advice,
            about: None,
        }
    }

    fn faulty(what: &'static str, state: State, error: impl ToString) -> Self {
        Self {
            what,
            state,
            told: error.to_string(),
            advice: None,
            about: None,
        }
    }

    fn advising(self, advice: &str) -> Self {
        Self {
            advice: Some(advice.to_owned()),
            ..self
        }
    }
}

impl Surroundings {
    /// Looks at all that commands need. Nothing is written on the cluster; the folder of the cache is made if it is
    /// not there, as any upload would.
    pub(crate) async fn checkup(&self, scope: &Scope) -> Vec<Finding> {
        let policy = policy_finding(self.policy());
        let may_ask = policy.state == State::Good;
        let mut findings = vec![policy, component_finding(self.component())];
        // A policy may say to whom the token must not go.
        if !may_ask {
            return findings;
        }
        let capabilities = match self.capabilities() {
            Ok(capabilities) => capabilities,
            Err(report) => {
                findings.push(Finding::of("network", State::Bad, report));
                return findings;
            }
        };
        findings.extend(self.check_cluster(&capabilities).await);
        let is_reached = findings.iter().all(|finding| finding.state != State::Bad);
        findings.push(self.check_engine().await);
        findings.push(self.check_cache());
        findings.push(self.check_logs());
        // A cluster that did not answer would not answer this either.
        if is_reached {
            findings.extend(self.look_at_images(scope).await);
        }
        findings
    }

    async fn check_cluster(&self, capabilities: &Capabilities) -> Vec<Finding> {
        let api = capabilities.api.api();
        let report =
            |error: keepdocker_arvados::api::Error| Report::from(Failure::Api(error.into()));
        let mut findings = Vec::new();
        match api.cluster().await {
            Ok(cluster) => {
                let formats = match &cluster.image_formats {
                    Some(formats) => format!("runs images of format {}", formats.join(", ")),
                    None => "does not say which images it runs".to_owned(),
                };
                let told = format!("{} at {} {formats}", cluster.id, self.host());
                findings.push(Finding::good("cluster", told));
            }
            Err(error) => {
                findings.push(Finding::of("cluster", State::Bad, report(error)));
                // Nothing else that is asked of it would be answered.
                return findings;
            }
        }
        findings.push(match api.current_user().await {
            Ok(user) => Finding::good("token", format!("of user {user}")),
            Err(error) => Finding::of("token", State::Bad, report(error)),
        });
        findings.push(match api.keep_services(api.retry()).await {
            Ok(services) if services.is_empty() => {
                Finding::faulty("Keep", State::Bad, "the cluster offers no Keep services")
                    .advising("ask the administrator of the cluster")
            }
            Ok(services) => {
                let read_only = services.iter().filter(|service| service.read_only).count();
                let told = match (services.len(), read_only) {
                    (1, 0) => "1 service".to_owned(),
                    (count, 0) => format!("{count} services"),
                    (count, some) => format!("{count} services, {some} of which only read"),
                };
                Finding::good("Keep", told)
            }
            Err(error) => Finding::of("Keep", State::Bad, report(error)),
        });
        findings
    }

    async fn check_engine(&self) -> Finding {
        /// A name that no image has, so that the engine answers without one.
        const NOBODY: &str = "keepdocker.invalid/doctor:none";
        let engine = match self.engine() {
            Ok(engine) => engine,
            Err(report) => return Finding::of("engine", State::Bad, report),
        };
        match engine.find(NOBODY).await {
            Ok(_) => Finding::good("engine", format!("`{}` answers", engine.program())),
            Err(error) => {
                let report = Report::from(Failure::Engine(error.into()));
                Finding::of("engine", State::Lacking, report)
            }
        }
    }

    fn check_cache(&self) -> Finding {
        let cache = self.cache();
        match cache.open() {
            Ok(cache) => Finding::good("cache", shown(cache.path())),
            Err(error) => Finding::faulty("cache", State::Lacking, error),
        }
    }

    fn check_logs(&self) -> Finding {
        const WHAT: &str = "audit log";
        let policy = match self.policy() {
            Ok(policy) => policy,
            Err(report) => return Finding::of(WHAT, State::Bad, report),
        };
        let rules = policy.audit();
        let checked = match self.log_options(rules) {
            Ok(options) => options.check().map(|()| options.directory),
            Err(error) => Err(vec![error]),
        };
        // What a policy makes a condition, no command can do without.
        let state = match rules.stops() {
            true => State::Bad,
            false => State::Lacking,
        };
        match checked {
            Ok(folder) => Finding::good(WHAT, shown(&folder)),
            Err(faults) => {
                let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
                Finding::faulty(WHAT, state, told.join("; "))
            }
        }
    }
}

/// Tells what can be told where the settings are unusable, which is why `report` came.
pub(crate) fn checkup_without_settings(
    report: Report,
    sources: &Sources,
    component: Option<&Path>,
) -> Vec<Finding> {
    vec![
        Finding::of("set-up", State::Bad, report),
        policy_finding(Policy::load(sources).map_err(no_policy)),
        component_finding(component),
    ]
}

fn policy_finding(policy: Result<Policy, Report>) -> Finding {
    match policy {
        Ok(policy) => {
            let files: Vec<String> = policy
                .layers()
                .iter()
                .map(|layer| layer.file.to_string())
                .collect();
            Finding::good("policy", format!("in force: {}", files.join(", ")))
        }
        Err(report) => Finding::of("policy", State::Bad, report),
    }
}

fn component_finding(file: Option<&Path>) -> Finding {
    match Component::choose(file) {
        Ok(component) => {
            let description = component.description();
            Finding::good("component", format!("sha256:{}", description.sha256))
        }
        Err(error) => Finding::of("component", State::Bad, error.into()),
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
