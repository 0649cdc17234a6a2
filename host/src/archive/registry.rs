//! Registries as the component sees them: what a name there means, and an archive of one of the images.

use wasmtime::component::Resource;

use super::archives::{Archives, Opened};
use crate::bindings::archives::Archive;
use crate::bindings::registry::{Host, Resolved};
use crate::bindings::{ArchiveFault as Fault, View};
use crate::gate::Operation;
use crate::registry::RegistryError;

impl Host for View<'_, Archives> {
    async fn resolve(&mut self, name: String) -> Result<Resolved, Fault> {
        let operation = Operation::RegistryResolve { name: name.clone() };
        let permit = self.gate.admit(operation, &(&name,))?;
        let registries = self.capability.open(&permit).registries();
        let resolved = registries.resolve(&name).await;
        for candidate in resolved.iter().flat_map(|resolved| &resolved.candidates) {
            let platform = &candidate.platform;
            let parts = [&platform.os, &platform.architecture, &platform.variant];
            let parts: Vec<&str> = parts
                .into_iter()
                .map(String::as_str)
                .filter(|part| !part.is_empty())
                .collect();
            permit.saw_platform(&candidate.manifest, &parts.join("/"));
        }
        permit.close(resolved).map_err(Fault::Failed)
    }

    async fn fetch(&mut self, name: String, manifest: String) -> Result<Resource<Archive>, Fault> {
        let platform = self
            .gate
            .platform(&manifest)
            .filter(|platform| !platform.is_empty());
        let operation = Operation::RegistryFetch {
            name: name.clone(),
            manifest: manifest.clone(),
            platform: platform.clone(),
        };
        let permit = self.gate.admit(operation, &(&name, &manifest))?;
        let registries = self.capability.open(&permit).registries();
        let opened = async {
            let image = registries.image(&name, &manifest).await?;
            permit
                .fetches(image.size())
                .map_err(RegistryError::Withheld)?;
            registries
                .archive(&name, &image, platform.as_deref())
                .map(Opened::new)
        };
        let opened = opened.await;
        Self::hand_out(self.table, permit, opened)
    }
}
