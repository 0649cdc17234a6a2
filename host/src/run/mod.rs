//! One command, from request to answer: surroundings are prepared, the component is called.
//!
//! ```text
//! command line ─▶ Options ─▶ Surroundings ─▶ Capabilities ─┐
//!                     request ────────────────────────────┴▶ component ─▶ answer or Report
//! ```

mod account;
mod ask;
mod command;
mod doctor;
mod embedded;
mod ending;
mod history;
mod holders;
mod holdings;
mod inspect;
mod plan;
mod projects;
mod recorders;
mod report;
#[cfg(feature = "sandbox")]
pub(crate) mod sandbox;
mod surroundings;
mod survey;
mod trace;
pub(crate) mod upkeep;

use std::sync::Arc;
use std::time::{Duration, Instant};

use erased_serde::Serialize as Recordable;
use keepdocker_console::{Exit, Level, Page, Purpose, Report};

pub(crate) use account::WhoAmI;
pub(crate) use doctor::{Finding, Scope, State, checkup_without_settings};
pub(crate) use ending::no_policy;
pub(crate) use history::{Change, History};
pub(crate) use holders::called;
pub(crate) use holdings::Holdings;
pub(crate) use inspect::{Closeness, Inspected, Inspection, Sharing};
pub(crate) use surroundings::{Options, Surroundings};
pub(crate) use upkeep::{Cleaned, Inventory};

use crate::audit::Opening;
use crate::bindings::commands::Failure;
use crate::component::{self, Capabilities, Component, Limits, Running};
use crate::gate::Gate;
use crate::keep::Lenders;
use crate::policy::{Cluster, Endpoints, Policy};
use crate::settings::{Detour, host_name, user};
use command::Command;
use recorders::Recorders;
use trace::Trace;

impl Surroundings {
    /// Loads the policy in force, and makes sure that it bears where the settings lead token and data.
    pub(super) fn policy(&self) -> Result<Policy, Report> {
        let policy = self.load_policy()?;
        if let Some(demand) = policy.demands().endpoints()
            && demand.value == Endpoints::Cluster
            && let Some(detour) = self.detours().first()
        {
            return Err(Report::new(
                Exit::Denied,
                "denied by policy: a server that the cluster does not vouch for",
            )
            .detail(detour.to_string())
            .detail(format!(
                "why: `endpoints` is `cluster` ({}:{})",
                demand.file, demand.line
            ))
            .advise("unset the variable, and look for it in settings.conf")
            .page(Page::Policy));
        }
        Ok(policy)
    }

    /// Tells where rules about clusters say less than they seem to.
    fn warn_of_detours(&self, detours: &[Detour], policy: &Policy) {
        if !policy.names_clusters() {
            return;
        }
        for detour in detours {
            self.console().message(
                Level::Warning,
                &format!(
                    "{detour}; the policy limits only the API host (`endpoints = \"cluster\"` would deny this)"
                ),
            );
        }
    }

    /// Starts the component with the capabilities that one command may need; `name` and `request` are
    /// the exported command and the list of its arguments, for the log; `purpose` says what it is for, and `lenders` are those whose blocks
    /// may be used.
    async fn start(
        &self,
        name: &'static str,
        request: &dyn Recordable,
        purpose: Purpose,
        lenders: Lenders,
    ) -> Result<(Running, Command), Report> {
        // Before the first request, which may be led elsewhere already.
        let policy = self.policy()?;
        let detours = self.detours();
        self.warn_of_detours(&detours, &policy);
        let mut limits = Limits::from(policy.limits());
        let began = Instant::now();
        let component = Component::choose(self.component())?;
        let guest = component.description().guest();
        let mut capabilities = self.capabilities()?;
        capabilities.keep = capabilities.keep.lent_by(lenders);
        let cluster = Cluster {
            host: self.host(),
            // The request for it carries no token, and is made only where a rule needs it.
            id: match policy.names_cluster_ids() {
                true => Some(cluster_id(&capabilities, limits.deadline).await?),
                false => None,
            },
        };
        // What was asked before the component starts is a part of the command.
        limits.spent = began.elapsed();
        policy.vet(&guest).map_err(ending::unfit)?;
        let log = self.open_log(&Opening {
            arguments: self.arguments(),
            version: env!("CARGO_PKG_VERSION"),
            user: user(),
            host: &host_name(),
            command: name,
            changes: !matches!(purpose, Purpose::Find | Purpose::Resolve),
            request,
            guest: &guest,
            policy: &policy,
            cluster: &cluster,
            connection: &command::connection(&detours),
        })?;
        if let Some(log) = &log {
            capabilities.archives.registries().log_to(log);
        }
        let recorder = Recorders::new(self.traces().then(|| Trace(self.console())), log.clone());
        let command = Command {
            console: self.console(),
            gate: Arc::new(
                Gate::new(policy, &guest, cluster, Box::new(recorder)).map_err(ending::unfit)?,
            ),
            log,
            purpose,
        };
        let started = component
            .start(capabilities, command.gate.clone(), limits)
            .await;
        match started {
            Ok(running) => Ok((running, command)),
            Err(error) => Err(command
                .finish::<()>(Err(error))
                .expect_err("it did not start")),
        }
    }
}

async fn cluster_id(capabilities: &Capabilities, deadline: Duration) -> Result<String, Report> {
    match tokio::time::timeout(deadline, capabilities.api.api().cluster()).await {
        Ok(Ok(cluster)) => Ok(cluster.id.clone()),
        Ok(Err(error)) => Err(Report::from(Failure::Api(error.into()))),
        Err(_) => Err(Report::from(component::Error::TimedOut(deadline))),
    }
}
