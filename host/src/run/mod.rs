//! One command, from request to answer: surroundings are prepared, the component is called.
//!
//! ```text
//! command line ─▶ Options ─▶ Surroundings ─▶ Capabilities ─┐
//!                     request ────────────────────────────┴▶ component ─▶ answer or Report
//! ```

mod command;
mod doctor;
mod embedded;
mod ending;
mod plan;
mod recorders;
#[cfg(feature = "sandbox")]
pub mod sandbox;
mod surroundings;
mod tightening;
mod trace;
pub mod upkeep;

use std::sync::Arc;
use std::time::{Duration, Instant};

use erased_serde::Serialize as Recordable;
use keepdocker_console::{Exit, Level, Purpose, Report};

pub use doctor::{Finding, State};
pub use embedded::Embedded;
pub(crate) use ending::no_policy;
pub use plan::{Done, Task};
pub use surroundings::{Options, Surroundings};
pub use upkeep::{Cleaned, Inventory};

use crate::audit::Opening;
use crate::bindings::commands::{
    DownloadRequest, Downloaded, Failure, ImagesRequest, ListedImage, Origin, RepairRequest,
    Repaired, Resolution, UploadRequest, Uploaded,
};
use crate::bindings::keep::Target;
use crate::component::{self, Capabilities, Component, Limits, Running};
use crate::gate::Gate;
use crate::keep::Lenders;
use crate::policy::{Cluster, Endpoints, Policy};
use crate::settings::Detour;
use command::Command;
use recorders::Recorders;
use trace::Trace;

/// How often a repair is run at most where its time has not come.
const MOST_RUNS: u32 = 4;

/// How long it takes at most until the server's clock shows the next second.
const A_SECOND: Duration = Duration::from_millis(1010);

impl Surroundings {
    /// Makes an image known in a project, sending its data if the cluster does not have it.
    ///
    /// # Errors
    /// If that fails, with what to tell the user.
    pub async fn upload(&self, request: &UploadRequest) -> Result<Uploaded, Report> {
        let request = &tightening::tightened(request, self.policy()?.demands());
        let lenders = tightening::lenders(request);
        let (running, mut command) = self.start("upload", &(request,), lenders).await?;
        command.purpose = purpose_of(request);
        command.finish(running.upload(request).await)
    }

    /// Lists the images that the cluster has.
    ///
    /// # Errors
    /// If that fails, with what to tell the user.
    pub async fn images(&self, request: &ImagesRequest) -> Result<Vec<ListedImage>, Report> {
        let (running, mut command) = self.start("images", &(request,), Lenders::Nobody).await?;
        command.purpose = Purpose::Find;
        command.finish(running.images(request).await)
    }

    /// Tells which collection a container request that names `image` would get.
    ///
    /// # Errors
    /// If that fails, with what to tell the user.
    pub async fn resolve(&self, image: &str) -> Result<Resolution, Report> {
        let (running, mut command) = self.start("resolve", &(image,), Lenders::Nobody).await?;
        command.purpose = Purpose::Resolve;
        command.finish(running.resolve(image).await)
    }

    /// Fetches the image that a container request would get.
    ///
    /// # Errors
    /// If that fails, with what to tell the user.
    pub async fn download(&self, request: &DownloadRequest) -> Result<Downloaded, Report> {
        let (running, mut command) = self.start("download", &(request,), Lenders::Nobody).await?;
        command.purpose = match request.target {
            Target::Engine => Purpose::Load,
            Target::Given => Purpose::Save,
        };
        command.finish(running.download(request).await)
    }

    /// Registers an image by the other of its digests.
    ///
    /// The server counts in whole seconds. Where it would take the new names for no later than the former
    /// ones, a further run completes the repair once that second is over.
    ///
    /// # Errors
    /// If that fails, with what to tell the user.
    pub async fn repair(&self, request: &RepairRequest) -> Result<Repaired, Report> {
        for _ in 1..MOST_RUNS {
            let (answer, command) = self.try_repair(request).await?;
            let Ok(Err(Failure::TooEarly(why))) = &answer else {
                return command.finish(answer);
            };
            let text = format!("{why}; waiting for the next second");
            self.console().message(Level::Debug, &text);
            command.close(Exit::Failed, &answer)?;
            tokio::time::sleep(A_SECOND).await;
        }
        let (answer, command) = self.try_repair(request).await?;
        command.finish(answer)
    }

    async fn try_repair(
        &self,
        request: &RepairRequest,
    ) -> Result<(Result<Result<Repaired, Failure>, component::Error>, Command), Report> {
        let (running, mut command) = self.start("repair", &(request,), Lenders::Nobody).await?;
        command.purpose = Purpose::Repair;
        let answer = running.repair(request).await;
        Ok((answer, command))
    }

    /// Loads the policy in force, and makes sure that it bears where the settings lead token and data.
    pub(super) fn policy(&self) -> Result<Policy, Report> {
        let policy = self.load_policy().map_err(no_policy)?;
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
            .advise("unset the variable, and look for it in settings.conf"));
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
    /// the exported command and the list of its arguments, for the log; `lenders` are those whose blocks
    /// may be used.
    async fn start(
        &self,
        name: &'static str,
        request: &dyn Recordable,
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
            command: name,
            request,
            guest: &guest,
            policy: &policy,
            cluster: &cluster,
            detours: &detours,
        })?;
        if let Some(log) = &log {
            capabilities.archives.registries().log_to(log.clone());
        }
        let recorder = Recorders::new(self.traces().then(|| Trace(self.console())), log.clone());
        let command = Command {
            console: self.console(),
            gate: Arc::new(
                Gate::new(policy, &guest, cluster, Box::new(recorder)).map_err(ending::unfit)?,
            ),
            log,
            purpose: Purpose::Store,
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

/// Returns what an upload does with the image, for the words about a failure.
fn purpose_of(request: &UploadRequest) -> Purpose {
    match request.origin {
        Origin::Registry => Purpose::Fetch,
        Origin::Engine | Origin::Given => Purpose::Store,
    }
}

async fn cluster_id(capabilities: &Capabilities, deadline: Duration) -> Result<String, Report> {
    match tokio::time::timeout(deadline, capabilities.api.api().cluster()).await {
        Ok(Ok(cluster)) => Ok(cluster.id.clone()),
        Ok(Err(error)) => Err(Report::from(Failure::Api(error.into()))),
        Err(_) => Err(Report::from(component::Error::TimedOut(deadline))),
    }
}
