//! Registries as the component sees them.

use wasmtime::component::Resource;

use super::{Archives, Opened};
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
            let text = written([&platform.os, &platform.architecture, &platform.variant]);
            permit.saw_platform(&candidate.manifest, &text);
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
            // What an index says of the platform is a hint; the image is what its config says.
            let own = image.platform();
            let own = written([&own.os, &own.architecture, &own.variant]);
            if !own.is_empty() && platform.as_ref() != Some(&own) {
                let operation = Operation::RegistryFetch {
                    name: name.clone(),
                    manifest: manifest.clone(),
                    platform: Some(own),
                };
                permit
                    .confirm(&operation)
                    .map_err(RegistryError::Withheld)?;
            }
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

/// Writes the parts of a platform as rules of policies do; nothing where nothing is said of it.
fn written(parts: [&str; 3]) -> String {
    let said = parts.into_iter().filter(|part| !part.is_empty());
    said.collect::<Vec<_>>().join("/")
}
