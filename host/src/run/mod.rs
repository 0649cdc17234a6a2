//! One command, from request to answer: surroundings are prepared, the component is called.
//!
//! ```text
//! command line ─▶ Options ─▶ Surroundings ─▶ Capabilities ─┐
//!                     request ────────────────────────────┴▶ component ─▶ answer or Report
//! ```

mod plan;
pub mod sandbox;
mod signals;
mod surroundings;
mod trace;

use std::sync::Arc;

pub use signals::{Interrupted, or_signal};
pub use surroundings::{Options, Surroundings};

use crate::bindings::commands::{
    DownloadRequest, Downloaded, Failure, ImagesRequest, ListedImage, Resolution, UploadRequest,
    Uploaded,
};
use crate::bindings::log::Level;
use crate::component::{self, Capabilities, Component, Limits, Running};
use crate::gate::{Gate, Recorder, Unrecorded};
use crate::output::{Exit, Report};
use crate::policy::{Cluster, Policy};
use trace::Trace;

impl Surroundings {
    /// Makes an image known in a project, sending its data if the cluster does not have it.
    ///
    /// # Errors
    /// If that fails, with what to tell the user.
    pub async fn upload(&self, request: &UploadRequest) -> Result<Uploaded, Report> {
        let (running, gate) = self.start().await?;
        self.finish(&gate, running.upload(request).await)
    }

    /// Lists the images that the cluster has.
    ///
    /// # Errors
    /// If that fails, with what to tell the user.
    pub async fn images(&self, request: &ImagesRequest) -> Result<Vec<ListedImage>, Report> {
        let (running, gate) = self.start().await?;
        self.finish(&gate, running.images(request).await)
    }

    /// Tells which collection a container request that names `image` would get.
    ///
    /// # Errors
    /// If that fails, with what to tell the user.
    pub async fn resolve(&self, image: &str) -> Result<Resolution, Report> {
        let (running, gate) = self.start().await?;
        self.finish(&gate, running.resolve(image).await)
    }

    /// Fetches the image that a container request would get.
    ///
    /// # Errors
    /// If that fails, with what to tell the user.
    pub async fn download(&self, request: &DownloadRequest) -> Result<Downloaded, Report> {
        let (running, gate) = self.start().await?;
        self.finish(&gate, running.download(request).await)
    }

    /// Starts the component with the capabilities that one command may need.
    async fn start(&self) -> Result<(Running, Arc<Gate>), Report> {
        let policy = Policy::load(&self.policy_sources())?;
        let limits = Limits::from(policy.limits());
        let component = Component::choose(self.component())?;
        let capabilities = self.capabilities()?;
        let cluster = Cluster {
            host: self.host(),
            // The request for it carries no token, and is made only where a rule needs it.
            id: match policy.names_cluster_ids() {
                true => Some(cluster_id(&capabilities).await?),
                false => None,
            },
        };
        let recorder: Box<dyn Recorder> = if self.traces() {
            Box::new(Trace(self.console()))
        } else {
            Box::new(Unrecorded)
        };
        let gate = Arc::new(Gate::new(
            policy,
            &component.description().guest(),
            cluster,
            recorder,
        )?);
        let running = component.start(capabilities, gate.clone(), limits).await?;
        Ok((running, gate))
    }

    /// Makes of an answer what the user gets to see, and tells what the policy would have withheld.
    fn finish<T>(
        &self,
        gate: &Gate,
        answer: Result<Result<T, Failure>, component::Error>,
    ) -> Result<T, Report> {
        for warning in gate.warnings() {
            let text = format!("`{}` would be denied: {}", warning.asked, warning.why);
            self.console().message(Level::Warning, &text);
        }
        let report = match answer {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(failure)) => Report::from(failure),
            Err(error) => Report::from(error),
        };
        // The gate's own account of the denial has not passed through the component.
        match gate.last_denial() {
            Some(denial) if report.exit == Exit::Denied => Err(Report::from(&denial)),
            _ => Err(report),
        }
    }
}

async fn cluster_id(capabilities: &Capabilities) -> Result<String, Report> {
    match capabilities.api.cluster().await {
        Ok(cluster) => Ok(cluster.id.clone()),
        Err(error) => Err(Report::from(Failure::Api(error.into()))),
    }
}
