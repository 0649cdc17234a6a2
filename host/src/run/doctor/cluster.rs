//! What the cluster and its Keep services say: address, clock, token, services.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use keepdocker_arvados::api::{Account, Error};
use keepdocker_console::Report;
use url::Url;

use super::{Finding, State};
use crate::bindings::commands::Failure;
use crate::component::Capabilities;
use crate::harmless::one_line;
use crate::keep::{Standing, Trouble};
use crate::run::Surroundings;
use crate::wording::count;

/// A difference of clocks that people are told of, one that they are warned of, and one with which ages and the ends of
/// signatures come out wrong, in seconds.
const TOLD: f64 = 5.0;
const WARNED: f64 = 60.0;
const HARMFUL: f64 = 3600.0;

/// A token that ends so soon is warned of.
const SOON: Duration = Duration::from_secs(7 * 24 * 3600);

/// Of a longer scope or date only the beginning is shown.
const LONGEST: usize = 120;

/// How many scopes one finding tells of.
const MOST_TOLD: usize = 5;

/// What commands do, and a request that each needs.
const NEEDS: [(&str, &str, &str); 5] = [
    ("finding images", "GET", "/arvados/v1/links"),
    (
        "reading images",
        "GET",
        "/arvados/v1/keep_services/accessible",
    ),
    ("uploading", "POST", "/arvados/v1/collections"),
    ("naming images", "POST", "/arvados/v1/links"),
    ("taking names away", "DELETE", "/arvados/v1/links/"),
];

impl Surroundings {
    /// Looks at the cluster; returns with the findings whether it can be asked further.
    pub(super) async fn check_cluster(&self, capabilities: &Capabilities) -> (Vec<Finding>, bool) {
        let api = capabilities.api.api();
        let mut findings = Vec::new();
        match api.cluster().await {
            Ok(cluster) => {
                let formats = match &cluster.image_formats {
                    Some(formats) => format!("runs images of format {}", formats.join(", ")),
                    None => "does not say which images it runs".to_owned(),
                };
                let told = format!("{} at {} {formats}", cluster.id, self.host());
                let told = match self.trusts_anything() {
                    true => format!(
                        "{told}; its certificate is not checked (ARVADOS_API_HOST_INSECURE)"
                    ),
                    false => told,
                };
                findings.push(Finding::good("cluster", told));
            }
            Err(error) => {
                findings.push(
                    Finding::of("cluster", State::Bad, report(error))
                        .advising_else("check ARVADOS_API_HOST, and the network"),
                );
                // Nothing else that is asked of it would be answered.
                return (findings, false);
            }
        }
        findings.push(match api.clock_lead().await {
            Ok(lead) => clock_finding(lead),
            Err(error) => Finding::of("clock", State::Lacking, report(error))
                .advising_else("run the command again"),
        });
        let token = match api.account().await {
            Ok(account) => token_finding(&account, SystemTime::now()),
            Err(error) => Finding::of("token", State::Bad, report(error)).advising_else(
                "get a new one in Workbench, under `Get API token`, and give it to `keepdocker login`",
            ),
        };
        let is_accepted = token.state != State::Bad;
        findings.push(token);
        // Where the token may read no block, the services are asked for one that nobody has.
        let manifest = match is_accepted {
            true => api.sample_manifest().await.ok().flatten(),
            false => None,
        };
        match capabilities.keep.standing(manifest.as_deref()).await {
            Ok(standing) => findings.extend(keep_findings(&standing)),
            Err(error) => findings.push(
                Finding::faulty("Keep", State::Bad, error).advising(
                    "the cluster must say which services it has; if the token is good, ask its administrator",
                ),
            ),
        }
        (findings, is_accepted)
    }
}

fn report(error: Error) -> Report {
    Report::from(Failure::Api(error.into()))
}

fn clock_finding(lead: Option<f64>) -> Finding {
    const WHAT: &str = "clock";
    const ADVICE: &str = "set the clock of this machine, best by a time server (`timedatectl set-ntp true`), or tell the cluster's administrator if it is right";
    let Some(lead) = lead else {
        return Finding::good(
            WHAT,
            "the cluster does not say what time it has, so the clock is not compared",
        );
    };
    let apart = lead.abs();
    if apart < TOLD {
        return Finding::good(WHAT, "as the cluster's");
    }
    let direction = if lead > 0.0 { "ahead of" } else { "behind" };
    let told = format!("at least {apart:.0} s {direction} the cluster's");
    if apart < WARNED {
        return Finding::good(WHAT, told).advising(ADVICE);
    }
    if apart < HARMFUL {
        return Finding::faulty(WHAT, State::Lacking, told).advising(ADVICE);
    }
    let told = format!(
        "{told}: ages, such as those of `prune --older-than`, and the ends of signatures and certificates come out wrong"
    );
    Finding::faulty(WHAT, State::Bad, told).advising(ADVICE)
}

fn token_finding(account: &Account, now: SystemTime) -> Finding {
    const WHAT: &str = "token";
    let who = [&*account.name, &*account.email]
        .into_iter()
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
        .chain([account.user.clone()]);
    let who: Vec<String> = who.collect();
    let mut told = format!("of {}", who.join(", "));
    if account.is_admin {
        told.push_str(" (administrator)");
    }
    let mut finding = Finding::good(WHAT, String::new());
    let mut advice = Vec::new();
    match &account.token_scopes {
        None => told.push_str("; it may not ask for its own scopes and its end"),
        Some(scopes) if scopes.iter().any(|scope| scope == "all") => {
            told.push_str("; for all requests");
        }
        Some(scopes) => {
            let some = scopes.iter().take(MOST_TOLD);
            let some: Vec<String> = some.map(|scope| one_line(scope, LONGEST)).collect();
            told.push_str(&format!(
                "; for {} only: {}",
                count(scopes.len(), "scope"),
                some.join(", ")
            ));
            if scopes.len() > MOST_TOLD {
                told.push_str(&format!(" and {} more", scopes.len() - MOST_TOLD));
            }
            let forbidden = forbidden(scopes);
            if !forbidden.is_empty() {
                finding.state = State::Lacking;
                told.push_str(&format!("; which forbids {}", forbidden.join(", ")));
                advice.push("for what its scopes forbid, use a token with the scope `all`");
            }
        }
    }
    if let Some(ends) = &account.token_ends {
        told.push_str(&format!("; ends {}", one_line(ends, LONGEST)));
        let moment = DateTime::parse_from_rfc3339(ends).ok();
        let soon = DateTime::<Utc>::from(now + SOON);
        if moment.is_some_and(|moment| moment < soon) {
            finding.state = State::Lacking;
            told.push_str(", within a week");
            advice.push(
                "get a new one in Workbench, under `Get API token`, and give it to `keepdocker login`",
            );
        }
    } else if account.token_scopes.is_some() {
        told.push_str("; without an end");
    }
    finding.told = told;
    finding.advice = (!advice.is_empty()).then(|| advice.join("; "));
    finding
}

/// Returns what commands do and these scopes do not cover.
fn forbidden(scopes: &[String]) -> Vec<&'static str> {
    let covers = |method: &str, path: &str| {
        scopes.iter().any(|scope| match scope.split_once(' ') {
            // What ends with a `/` is for all below it.
            Some((allowed, below)) if below.ends_with('/') => {
                allowed == method && path.starts_with(below)
            }
            Some((allowed, exactly)) => allowed == method && exactly == path,
            None => false,
        })
    };
    let needs = NEEDS
        .iter()
        .filter(|(_, method, path)| !covers(method, path));
    needs.map(|(what, ..)| *what).collect()
}

/// Returns one finding of all services, and one for each that is of no use.
fn keep_findings(standing: &Standing) -> Vec<Finding> {
    const WHAT: &str = "Keep";
    let services = &standing.services;
    if services.is_empty() {
        return vec![
            Finding::faulty(WHAT, State::Bad, "the cluster offers no Keep services")
                .advising("ask the administrator of the cluster"),
        ];
    }
    let answering = standing.asked.saturating_sub(standing.troubled.len());
    let mut told = count(services.len(), "service");
    let read_only = services.iter().filter(|it| !it.is_writable).count();
    if read_only > 0 {
        told.push_str(&format!(", {read_only} of which only read"));
    }
    let plain = services.iter().filter(|it| it.root.scheme() == "http");
    let plain = plain.count();
    if plain > 0 {
        told.push_str(&format!(
            ", {plain} without TLS, so that others on the way can read token and data"
        ));
    }
    told.push_str(&match standing.asked < services.len() {
        true => format!("; of {} that were asked, {answering} work", standing.asked),
        false => format!("; {answering} of {} work", services.len()),
    });
    let mut findings = Vec::new();
    let state = match answering {
        0 => State::Bad,
        _ => State::Lacking,
    };
    findings.push(match standing.troubled.is_empty() {
        true => Finding::good(WHAT, told),
        false => Finding::faulty(WHAT, state, told).advising("see what is said of each below"),
    });
    for (service, trouble) in &standing.troubled {
        let root = address(&service.root);
        let (told, advice) = match trouble {
            Trouble::Silent(reason) => (
                format!("{root} does not answer: {reason}"),
                "check ARVADOS_KEEP_SERVICES if it is set, else whether this machine may connect there: firewall, proxy, VPN",
            ),
            Trouble::Refuses(reason) => (
                format!("{root} does not accept the token: {reason}"),
                "if the cluster accepts it, ask its administrator whether this service is of the same cluster",
            ),
            Trouble::Fails(reason) => (
                format!("{root} answers, but not as a service that works: {reason}"),
                "run the command again in a while; if that does not help, tell the administrator of the cluster",
            ),
        };
        findings.push(Finding::faulty(WHAT, state, told).advising(advice));
    }
    findings
}

/// Returns where a service is, without what else may stand in its address.
fn address(root: &Url) -> String {
    root.origin().ascii_serialization()
}

#[cfg(test)]
mod tests;
