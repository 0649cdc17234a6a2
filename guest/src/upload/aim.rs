//! What an upload aims at, whatever image it turns out to be.

use crate::bindings::exports::keepdocker::contract::commands::{Failure, UploadRequest};
use crate::capabilities::{cluster, users};
use crate::reference::Name;
use crate::registration::Aim;
use crate::resolution::Formats;

/// An upload that was asked for.
#[derive(Debug)]
pub(crate) struct Upload<'a> {
    pub(crate) request: &'a UploadRequest,
    /// What is to be registered.
    pub(crate) aim: Aim,
    /// The repositories of its names.
    pub(crate) repositories: Vec<String>,
    /// The formats that the cluster runs.
    pub(crate) formats: Formats,
}

impl<'a> Upload<'a> {
    pub(crate) fn new(
        request: &'a UploadRequest,
        cluster: &cluster::Config,
        names: &[Name],
    ) -> Result<Self, Failure> {
        let owner = match &request.project {
            Some(project) => project.clone(),
            None => users::current()?,
        };
        let mut upload = Self {
            request,
            aim: Aim {
                owner,
                project: request.project.clone(),
                names: Vec::new(),
                collection_name: request.name.clone(),
                replicas: request.replicas,
                storage_classes: request.storage_classes.clone(),
            },
            repositories: Vec::new(),
            formats: Formats::from_config(cluster.image_formats.as_deref()),
        };
        upload.name(names);
        Ok(upload)
    }

    /// Sets the names to register.
    pub(crate) fn name(&mut self, names: &[Name]) {
        self.aim.names = names.iter().map(Name::registered).collect();
        self.repositories = names.iter().map(Name::repository).collect();
        self.repositories.dedup();
    }
}
