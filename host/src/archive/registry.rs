//! Registries as the component sees them.

use wasmtime::component::Resource;

use super::{Archives, Opened};
use crate::bindings::archives::Archive;
use crate::bindings::registry::{Host, Resolved};
use crate::bindings::{ArchiveFault as Fault, View};
use crate::gate::Operation;
use crate::registry::{RegistryError, Signature, Signatures};

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
        let operation = |platform: Option<String>, facts: Option<(u64, &[Signature])>| {
            let names = |found: &[Signature]| {
                let names = found.iter().flat_map(|it| it.signers.iter().cloned());
                names.collect()
            };
            Operation::RegistryFetch {
                name: name.clone(),
                manifest: manifest.clone(),
                platform,
                bytes: facts.map(|(bytes, _)| bytes),
                signers: facts.map(|(_, found)| names(found)),
            }
        };
        let permit = self
            .gate
            .admit(operation(platform.clone(), None), &(&name, &manifest))?;
        let registries = self.capability.open(&permit).registries();
        let opened = async {
            let image = registries.image(&name, &manifest).await?;
            let size = image.size();
            // What an index says of the platform is a hint; the image is what its config says.
            let own = image.platform();
            let own = Some(written([&own.os, &own.architecture, &own.variant]));
            let mut platforms = vec![platform.clone()];
            platforms
                .extend((!matches!(own.as_deref(), Some("")) && own != platform).then_some(own));
            let ways = |found: &[Signature]| -> Vec<Operation> {
                let platforms = platforms.iter().cloned();
                platforms
                    .map(|platform| operation(platform, Some((size, found))))
                    .collect()
            };
            let mut signatures = Signatures::default();
            let signers = permit.signers();
            if !signers.is_empty() && !permit.suffices(&ways(&[])) {
                let suffices = |found: &[Signature]| permit.suffices(&ways(found));
                signatures = registries
                    .signatures(&name, &image, &signers, &suffices)
                    .await?;
            }
            let confirmed = permit
                .confirm(&ways(&signatures.found), &signatures.looked_at())
                .map_err(RegistryError::Withheld)?;
            registries
                .archive(&name, &image, platform.as_deref(), confirmed)
                .map(|archive| Opened::new(archive, &signatures.found))
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
