//! Keep as the component sees it.

use wasmtime::component::Resource;

use super::store::ArchiveStore;
use crate::archive::Opened;
use crate::bindings::archives::{Archive, Image};
use crate::bindings::keep::{
    Depth, Error, Fetched, Host, Options, Progress, StoredArchive, Target,
};
use crate::bindings::{KeepFault as Fault, View};
use crate::gate::Operation;

impl Host for View<'_, ArchiveStore> {
    async fn store(
        &mut self,
        archive: Resource<Archive>,
        options: Options,
    ) -> Result<Progress, Fault> {
        let opened = self.held::<Opened>(&archive)?.clone();
        let operation = Operation::KeepStore {
            // None while the archive has still to tell what it holds.
            selection: options
                .image
                .as_ref()
                .map(|chosen| chosen.image.clone())
                .unwrap_or_default(),
            replicas: options.replicas,
            storage_classes: options.storage_classes.clone(),
            reuse: options.reuse.clone(),
        };
        let permit = self.gate.admit(operation, &(archive.rep(), &options))?;
        let store = self.capability.open(&permit);
        let budget = match store.left_of(&opened) {
            Some(left) => permit.resume(left),
            None => permit.budget(),
        };
        let stored = store.store(&opened, &options, budget).await;
        permit
            .close(stored.map(|stored| Progress { stored }))
            .map_err(Fault::Failed)
    }

    async fn fetch(
        &mut self,
        archive: StoredArchive,
        target: Target,
        present: bool,
        name: Option<String>,
    ) -> Result<Fetched, Fault> {
        let operation = Operation::KeepFetch {
            target: match target {
                Target::Given => "given",
                Target::Engine => "engine",
            },
            image: archive.image.clone(),
        };
        let permit = self
            .gate
            .admit(operation, &(&archive, target, present, &name))?;
        let store = self.capability.open(&permit);
        let fetched = store.fetch(&archive, target, present, name).await;
        permit.close(fetched).map_err(Fault::Failed)
    }

    async fn examine(&mut self, archive: StoredArchive, depth: Depth) -> Result<Image, Fault> {
        let operation = Operation::KeepExamine {
            depth: match depth {
                Depth::Config => "config",
                Depth::Content => "content",
            },
            image: archive.image.clone(),
        };
        let permit = self.gate.admit(operation, &(&archive, depth))?;
        let found = self.capability.open(&permit).examine(&archive, depth).await;
        permit.close(found.map(Image::from)).map_err(Fault::Failed)
    }

    fn convert_error(&mut self, fault: Fault) -> wasmtime::Result<Error> {
        fault.convert(Error::Denied)
    }
}
