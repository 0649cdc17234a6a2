//! What is on this machine, and is looked at whatever the cluster does.

use std::path::Path;

use keepdocker_console::Report;

use super::{Finding, State};
use crate::audit;
use crate::bindings::commands::Failure;
use crate::built;
use crate::cache::Place;
use crate::component::Component;
use crate::engine::{Engine, Kind};
use crate::policy::{AuditRules, Policy};

pub(super) fn program_finding() -> Finding {
    let commit = match built::COMMIT {
        Some(commit) => format!("commit {commit}"),
        None => "built from a source that did not tell its commit".to_owned(),
    };
    Finding::good("program", format!("version {}, {commit}", built::VERSION))
}

pub(super) fn policy_finding(policy: &Result<Policy, Report>) -> Finding {
    match policy {
        Ok(policy) => {
            let files: Vec<String> = policy
                .layers()
                .iter()
                .map(|layer| layer.file.to_string())
                .collect();
            Finding::good("policy", format!("in force: {}", files.join(", ")))
        }
        Err(report) => Finding::of("policy", State::Bad, report.clone())
            .advising_else("`keepdocker policy check FILE` tells what is wrong with a policy"),
    }
}

pub(super) fn component_finding(file: Option<&Path>) -> Finding {
    match Component::choose(file) {
        Ok(component) => {
            let description = component.description();
            Finding::good("component", format!("sha256:{}", description.sha256))
        }
        Err(error) => Finding::of("component", State::Bad, error.into())
            .advising_else("leave out `--component`, and the one inside the program is used"),
    }
}

pub(super) async fn engine_finding(engine: Result<Engine, Report>) -> Finding {
    /// A name that no image has, so that the engine answers without one.
    const NOBODY: &str = "keepdocker.invalid/doctor:none";
    const WHAT: &str = "engine";
    let engine = match engine {
        Ok(engine) => engine,
        Err(report) => {
            return Finding::of(WHAT, State::Bad, report)
                .advising_else("correct the variable, or unset it");
        }
    };
    if let Err(error) = engine.find(NOBODY).await {
        let report = Report::from(Failure::Engine(error.into()));
        return Finding::of(WHAT, State::Lacking, report).advising_else(
            "start it, or choose another with `--engine`; archives and registries need none",
        );
    }
    let program = engine.program();
    match engine.kind().await {
        Ok(kind) => kind_finding(WHAT, program, &kind),
        Err(error) => {
            let told = format!("`{program}` answers, and does not say what it is: {error}");
            Finding::good(WHAT, told)
                .advising(&format!("`{program} info` tells more, if all else works"))
        }
    }
}

fn kind_finding(what: &'static str, program: &str, kind: &Kind) -> Finding {
    let version = match &kind.version {
        Some(version) => format!("version {version}"),
        None => "a version that it does not tell".to_owned(),
    };
    let driver = match &kind.driver {
        Some(driver) => format!("storage driver {driver}"),
        None => "a storage driver that it does not tell".to_owned(),
    };
    let told = format!("`{program}` answers: {version}, {driver}");
    match kind.is_containerd {
        false => Finding::good(what, told),
        true => Finding::good(
            what,
            format!(
                "{told}, containerd's image store, which knows images by the digest of a manifest"
            ),
        )
        .advising("nothing to do for this machine; if the compute nodes have such a store, too, they find images only with `image-id = \"manifest\"` in config.toml"),
    }
}

pub(super) fn cache_finding(cache: &Place) -> Finding {
    match cache.open() {
        Ok(cache) => Finding::good("cache", shown(cache.path())),
        Err(error) => Finding::faulty("cache", State::Lacking, error).advising(
            "set XDG_CACHE_HOME to a folder that you may write to; without one, an upload that was interrupted starts anew",
        ),
    }
}

/// Looks at where the audit log goes; `options` tells it by the rules of the policy.
pub(super) fn logs_finding(
    policy: Result<Policy, Report>,
    options: impl FnOnce(&AuditRules) -> Result<audit::Options, audit::Error>,
) -> Finding {
    const WHAT: &str = "audit log";
    let policy = match policy {
        Ok(policy) => policy,
        Err(report) => {
            let told = format!(
                "where it goes is not known without a policy: {}",
                report.message
            );
            return Finding::faulty(WHAT, State::Bad, told)
                .advising("mend the policy, and look again");
        }
    };
    let rules = policy.audit();
    let checked = match options(rules) {
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
            Finding::faulty(WHAT, state, told.join("; ")).advising(
                "name a folder that you may write to, with `directory` below `[audit]` of a policy or with XDG_STATE_HOME; `keepdocker policy show` tells which policy says what",
            )
        }
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
