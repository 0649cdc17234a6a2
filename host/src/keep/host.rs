//! Keep as the component sees it.

use keepdocker_arvados::keep::Error as KeepError;
use keepdocker_terms::link_class::LinkClass as Class;
use wasmtime::component::Resource;

use super::store::ArchiveStore;
use crate::archive::Opened;
use crate::bindings::archives::{Archive, Image};
use crate::bindings::keep::{
    Depth, Destination, Error, Fetched, Host, Options, Progress, StoredArchive, Target,
};
use crate::bindings::{KeepFault as Fault, View};
use crate::gate::{Operation, Permit, Refusal};

/// What stands for an ID that only the stored archive tells.
const UNKNOWN: &str = "not-known-yet";

impl Destination {
    /// Asks for what is to come, as far as policies can ask: neither what the collection is called nor its UUID is known yet.
    ///
    /// That it may not be done should not show only after all of the data is sent.
    fn ask(&self, options: &Options, permit: &Permit<'_>) -> Result<(), Refusal> {
        let link = |class: Class, name: &str| Operation::LinksCreate {
            class: class.name(),
            name: name.to_owned(),
            head: String::new(),
            owner: self.owner.clone(),
        };
        let mut operations = vec![Operation::CollectionsCreate {
            // For people: what the collection will be called is not known yet, and no policy asks for it.
            name: self.names.first().cloned().unwrap_or_default(),
            owner: self.owner.clone(),
            replicas: options.replicas,
            storage_classes: options.storage_classes.clone(),
        }];
        let by_id = |id: &str| link(Class::ImageHash, id);
        let named = permit.images();
        let id = match &self.image {
            Some(id) => id.as_str(),
            // It may be any that a rule names.
            None => {
                let may_be = |id: &&String| permit.suffices(&[by_id(id)]);
                named.iter().find(may_be).map_or(UNKNOWN, String::as_str)
            }
        };
        operations.push(by_id(id));
        operations.extend(self.names.iter().map(|name| link(Class::RepoTag, name)));
        permit.foresee(&operations, "asked for before any data is sent")
    }
}

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
        if let Some(destination) = &options.destination
            && let Err(refusal) = destination.ask(&options, &permit)
        {
            let withheld = KeepError::Withheld(refusal.to_string());
            return permit.close(Err(withheld)).map_err(Fault::Failed);
        }
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
