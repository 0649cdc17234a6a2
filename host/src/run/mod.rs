//! One command, from request to answer: surroundings are prepared, the component is called.
//!
//! ```text
//! command line ─▶ Options ─▶ Surroundings ─▶ Capabilities ─┐
//!                     request ────────────────────────────┴▶ component ─▶ answer or Report
//! ```

mod command;
mod plan;
mod recorders;
pub mod sandbox;
mod signals;
mod surroundings;
mod trace;
pub mod upkeep;

use std::sync::Arc;

use erased_serde::Serialize as Recordable;

pub(crate) use signals::received;
pub use signals::{Interrupted, Stop, supervise};
pub use surroundings::{Options, Surroundings};
pub use upkeep::{Cleaned, Inventory};

use crate::audit::Opening;
use crate::bindings::commands::{
    DownloadRequest, Downloaded, Failure, ImagesRequest, ListedImage, Resolution, UploadRequest,
    Uploaded,
};
use crate::bindings::keep::Target;
use crate::component::{Capabilities, Component, Limits, Running};
use crate::gate::Gate;
use crate::output::{Purpose, Report};
use crate::policy::{Cluster, Policy};
use command::Command;
use recorders::Recorders;
use trace::Trace;

impl Surroundings {
    /// Makes an image known in a project, sending its data if the cluster does not have it.
    ///
    /// # Errors
    /// If that fails, with what to tell the user.
    pub async fn upload(&self, request: &UploadRequest) -> Result<Uploaded, Report> {
        let (running, command) = self.start("upload", &(request,)).await?;
        command.finish(running.upload(request).await)
    }

    /// Lists the images that the cluster has.
    ///
    /// # Errors
    /// If that fails, with what to tell the user.
    pub async fn images(&self, request: &ImagesRequest) -> Result<Vec<ListedImage>, Report> {
        let (running, command) = self.start("images", &(request,)).await?;
        command.finish(running.images(request).await)
    }

    /// Tells which collection a container request that names `image` would get.
    ///
    /// # Errors
    /// If that fails, with what to tell the user.
    pub async fn resolve(&self, image: &str) -> Result<Resolution, Report> {
        let (running, command) = self.start("resolve", &(image,)).await?;
        command.finish(running.resolve(image).await)
    }

    /// Fetches the image that a container request would get.
    ///
    /// # Errors
    /// If that fails, with what to tell the user.
    pub async fn download(&self, request: &DownloadRequest) -> Result<Downloaded, Report> {
        let (running, mut command) = self.start("download", &(request,)).await?;
        command.purpose = match request.target {
            Target::Engine => Purpose::Load,
            Target::Given => Purpose::Save,
        };
        command.finish(running.download(request).await)
    }

    /// Starts the component with the capabilities that one command may need; `name` and `request` are
    /// the exported command and the list of its arguments, for the log.
    async fn start(
        &self,
        name: &'static str,
        request: &dyn Recordable,
    ) -> Result<(Running, Command), Report> {
        let policy = Policy::load(&self.policy_sources())?;
        let limits = Limits::from(policy.limits());
        let component = Component::choose(self.component())?;
        let guest = component.description().guest();
        let capabilities = self.capabilities()?;
        let cluster = Cluster {
            host: self.host(),
            // The request for it carries no token, and is made only where a rule needs it.
            id: match policy.names_cluster_ids() {
                true => Some(cluster_id(&capabilities).await?),
                false => None,
            },
        };
        policy.vet(&guest)?;
        let log = self.open_log(&Opening {
            arguments: self.arguments(),
            command: name,
            request,
            guest: &guest,
            policy: &policy,
            cluster: &cluster,
        })?;
        let recorder = Recorders::new(self.traces().then(|| Trace(self.console())), log.clone());
        let command = Command {
            console: self.console(),
            gate: Arc::new(Gate::new(policy, &guest, cluster, Box::new(recorder))?),
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

async fn cluster_id(capabilities: &Capabilities) -> Result<String, Report> {
    match capabilities.api.cluster().await {
        Ok(cluster) => Ok(cluster.id.clone()),
        Err(error) => Err(Report::from(Failure::Api(error.into()))),
    }
}
