//! Keep as the component sees it.

use wasmtime::component::Resource;

use super::store::ArchiveStore;
use crate::archive::Opened;
use crate::bindings::archives::{Archive, Image, Selection};
use crate::bindings::keep::{Depth, Error, Fetched, Host, Options, Stored, StoredArchive, Target};
use crate::bindings::{KeepFault as Fault, View};
use crate::gate::Operation;

impl Host for View<'_, ArchiveStore> {
    async fn store(
        &mut self,
        archive: Resource<Archive>,
        options: Options,
    ) -> Result<Stored, Fault> {
        let opened = self.held::<Opened>(&archive)?.clone();
        let operation = Operation::KeepStore {
            selection: match &options.selection {
                Selection::Only => "only".to_owned(),
                Selection::Id(id) => id.clone(),
                Selection::Name(name) => name.clone(),
            },
            replicas: options.replicas,
            storage_classes: options.storage_classes.clone(),
            reuse: options.reuse.clone(),
        };
        let permit = self.gate.admit(operation, &(archive.rep(), &options))?;
        let stored = self
            .capability
            .open(&permit)
            .store(&opened, &options, permit.budget())
            .await;
        permit.close(stored).map_err(Fault::Failed)
    }

    async fn fetch(
        &mut self,
        archive: StoredArchive,
        target: Target,
        present: bool,
    ) -> Result<Fetched, Fault> {
        let operation = Operation::KeepFetch {
            target: match target {
                Target::Given => "given",
                Target::Engine => "engine",
            },
            image: archive.image.clone(),
        };
        let permit = self.gate.admit(operation, &(&archive, target, present))?;
        let store = self.capability.open(&permit);
        let fetched = store.fetch(&archive, target, present).await;
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
