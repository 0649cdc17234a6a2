//! One command, from request to answer: surroundings are prepared, the component is called.
//!
//! ```text
//! command line ─▶ Options ─▶ Surroundings ─▶ Capabilities ─┐
//!                     request ────────────────────────────┴▶ component ─▶ answer or Report
//! ```

pub mod sandbox;
mod signals;
mod surroundings;
mod trace;

use std::sync::Arc;

pub use signals::{Interrupted, or_signal};
pub use surroundings::{Options, Surroundings};

use crate::bindings::commands::{
    Failure, ImagesRequest, ListedImage, Resolution, UploadRequest, Uploaded,
};
use crate::component::{self, Component, Limits, Running};
use crate::gate::{Gate, Policy, Recorder, Unrecorded};
use crate::output::Report;
use trace::Trace;

impl Surroundings {
    /// Makes an image known in a project, sending its data if the cluster does not have it.
    ///
    /// # Errors
    /// If that fails, with what to tell the user.
    pub async fn upload(&self, request: &UploadRequest) -> Result<Uploaded, Report> {
        finish(self.start().await?.upload(request).await)
    }

    /// Lists the images that the cluster has.
    ///
    /// # Errors
    /// If that fails, with what to tell the user.
    pub async fn images(&self, request: &ImagesRequest) -> Result<Vec<ListedImage>, Report> {
        finish(self.start().await?.images(request).await)
    }

    /// Tells which collection a container request that names `image` would get.
    ///
    /// # Errors
    /// If that fails, with what to tell the user.
    pub async fn resolve(&self, image: &str) -> Result<Resolution, Report> {
        finish(self.start().await?.resolve(image).await)
    }

    /// Starts the component with the capabilities that one command may need.
    async fn start(&self) -> Result<Running, Report> {
        let limits = Limits::default();
        let recorder: Box<dyn Recorder> = if self.traces() {
            Box::new(Trace(self.console()))
        } else {
            Box::new(Unrecorded)
        };
        let gate = Arc::new(Gate::new(Policy::built_in(), recorder, limits.host_calls));
        Ok(Component::embedded()?
            .start(self.capabilities()?, gate, limits)
            .await?)
    }
}

fn finish<T>(answer: Result<Result<T, Failure>, component::Error>) -> Result<T, Report> {
    Ok(answer??)
}
