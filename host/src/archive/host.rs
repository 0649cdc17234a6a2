//! Archives as the component sees them.

use wasmtime::component::Resource;

use super::archives::{Archives, Opened};
use crate::bindings::archives::{
    Archive, Error, Host, HostArchive, Listing, Signature as Told, Source, Wanted,
};
use crate::bindings::types::HeldImage;
use crate::bindings::{ArchiveFault as Fault, View};
use crate::gate::Operation;
use crate::registry::Signature;

impl Host for View<'_, Archives> {
    async fn forget(&mut self, image: String) -> Result<(), Fault> {
        let operation = Operation::ArchivesForget {
            image: image.clone(),
        };
        let permit = self.gate.admit(operation, &(&image,))?;
        let forgotten = self.capability.open(&permit).forget(&image);
        permit.close(forgotten).map_err(Fault::Failed)
    }

    fn convert_error(&mut self, fault: Fault) -> wasmtime::Result<Error> {
        fault.convert(Error::Denied)
    }
}

impl HostArchive for View<'_, Archives> {
    async fn open(&mut self, source: Source) -> Result<Resource<Archive>, Fault> {
        let (name, image) = match &source {
            Source::Engine(image) => ("engine", Some(image.clone())),
            Source::Given => ("given", None),
            Source::Cache(image) => ("cache", Some(image.clone())),
        };
        let operation = Operation::ArchivesOpen {
            source: name,
            image,
        };
        let permit = self.gate.admit(operation, &(&source,))?;
        let opened = self.capability.open(&permit).open(&source);
        Self::hand_out(self.table, permit, opened)
    }

    async fn images(
        &mut self,
        archive: Resource<Archive>,
        wanted: Wanted,
    ) -> Result<Listing, Fault> {
        let opened = self.held::<Opened>(&archive)?.clone();
        let permit = self
            .gate
            .admit(Operation::ArchivesImages, &(archive.rep(), &wanted))?;
        let images = opened.images(&wanted.into());
        for held in images.iter().flatten().flatten() {
            permit.saw(&held.image.id, held.image.repo_tags.iter().cloned());
        }
        let listing = images.map(|held| Listing {
            images: held.map(|images| images.into_iter().map(HeldImage::from).collect()),
            signatures: opened.signatures().iter().map(told).collect(),
        });
        permit.close(listing).map_err(Fault::Failed)
    }

    async fn drop(&mut self, archive: Resource<Archive>) -> wasmtime::Result<()> {
        self.take_back::<Opened>(&archive)?;
        Ok(())
    }
}

fn told(signature: &Signature) -> Told {
    Told {
        signer: signature.who.clone(),
        holder: signature.holder.to_string(),
    }
}
