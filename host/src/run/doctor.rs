//! Whether the surroundings are as a command needs them: each looked at by itself, whatever is wrong with others.

mod cluster;
mod images;
mod local;

use keepdocker_console::Report;
use serde::Serialize;

pub(crate) use images::Scope;
pub(super) use images::diagnosed;

use super::{Options, Surroundings, no_policy};
use crate::cache::Place;
use crate::policy::Policy;
use crate::settings::{CacheBase, Environment};
use local::{
    cache_finding, component_finding, engine_finding, logs_finding, policy_finding, program_finding,
};

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

    /// Advises this where nothing is advised yet.
    fn advising_else(self, advice: &str) -> Self {
        match self.advice {
            Some(_) => self,
            None => self.advising(advice),
        }
    }
}

impl Surroundings {
    /// Looks at all that commands need. Nothing is written on the cluster; the folder of the cache is made if it is
    /// not there, as any upload would.
    pub(crate) async fn checkup(&self, scope: &Scope) -> Vec<Finding> {
        let policy = self.policy();
        let mut findings = vec![
            program_finding(),
            policy_finding(&policy),
            component_finding(self.component()),
        ];
        let mut may_look = false;
        // A policy may say to whom the token must not go.
        if policy.is_ok() {
            let engine = self.engine();
            match self.capabilities() {
                Ok(capabilities) => {
                    let (found, is_accepted) = self.check_cluster(&capabilities).await;
                    findings.extend(found);
                    may_look = is_accepted;
                }
                // What is wrong with the engine's settings is told of the engine.
                Err(_) if engine.is_err() => findings.push(
                    Finding::faulty(
                        "cluster",
                        State::Bad,
                        "not looked at, since the settings of the engine cannot be used",
                    )
                    .advising("mend those, and look again"),
                ),
                Err(report) => findings.push(
                    Finding::of("network", State::Bad, report)
                        .advising_else("correct the variable, or unset it"),
                ),
            }
        }
        findings.push(engine_finding(self.engine()).await);
        findings.push(cache_finding(&self.cache()));
        findings.push(logs_finding(policy, |rules| self.log_options(rules)));
        // A cluster that did not answer would not answer this either.
        if may_look {
            // Each block would be asked for again and again.
            let is_keep_down = (findings.iter())
                .any(|finding| finding.what == "Keep" && finding.state == State::Bad);
            let deep = scope.deep && !is_keep_down;
            let scope = Scope {
                deep,
                ..scope.clone()
            };
            findings.extend(self.look_at_images(&scope).await);
        }
        findings
    }
}

/// Tells what can be told where the settings are unusable, which is why `report` came.
pub(crate) async fn checkup_without_settings(
    report: Report,
    options: &Options,
    environment: &Environment,
) -> Vec<Finding> {
    let policy = Policy::load(&environment.policies(options.policies.clone())).map_err(no_policy);
    let cache = Place::new(CacheBase::new(environment).map(|base| base.path));
    vec![
        Finding::of("set-up", State::Bad, report).advising_else(
            "`keepdocker config show --origin` tells which settings there are, and where they come from",
        ),
        program_finding(),
        policy_finding(&policy),
        component_finding(options.component.as_deref()),
        engine_finding(options.engine(environment)).await,
        cache_finding(&cache),
        logs_finding(policy, |rules| environment.audit_options(rules)),
    ]
}
