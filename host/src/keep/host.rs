//! Keep as the component sees it.

use wasmtime::component::Resource;

use super::store::{ArchiveStore, StoreError};
use crate::archive::Opened;
use crate::bindings::archives::Selection;
use crate::bindings::keep::{Error, Host, Options, Stored};
use crate::component::{Fault as Refusable, View};
use crate::gate::Operation;

/// Why an archive is not stored.
pub type Fault = Refusable<StoreError>;

impl Host for View<'_, ArchiveStore> {
    async fn store(
        &mut self,
        archive: Resource<Opened>,
        options: Options,
    ) -> Result<Stored, Fault> {
        let archive = self.table.get(&archive)?.clone();
        let permit = self.gate.admit(Operation::KeepStore {
            selection: match &options.selection {
                Selection::Only => "only".to_owned(),
                Selection::Id(id) => id.clone(),
                Selection::Name(name) => name.clone(),
            },
            replicas: options.replicas,
            storage_classes: options.storage_classes.clone(),
            reuse: options.reuse.clone(),
        })?;
        let stored = self
            .capability
            .open(&permit)
            .store(archive.shared(), &options, permit.budget())
            .await;
        permit.close(stored).map_err(Fault::Failed)
    }

    fn convert_error(&mut self, fault: Fault) -> wasmtime::Result<Error> {
        fault.convert(Error::Denied)
    }
}
