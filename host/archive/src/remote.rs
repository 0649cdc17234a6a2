//! An image whose documents are at hand and whose layers come from afar, as an OCI layout.

use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::path::Path;

use crate::cutting::Cutting;
use crate::documents::promised_by_name;
use crate::entry::Entry;
use crate::error::Error;
use crate::image::{BlockLayout, Form};
use crate::intake::KnownLayer;
use crate::length_hint::Ending;
use crate::machine::store::Store;
use crate::search::Chosen;
use crate::tar_file::Data;
use crate::{Archive, Origin, catalog};
use keepdocker_terms::digest::Digest;

/// Layers that come from afar.
pub trait RemoteLayers: Send + Sync {
    /// Begins to read a layer; returns its bytes and how many there are by its manifest. None if the image has no
    /// such layer.
    ///
    /// Layers are opened in the order of the image, on threads that may wait: the next one may be opened while others are
    /// read. One that was read to its end may be opened once more, whatever was opened since.
    fn open(&self, digest: &Digest) -> Option<(Box<dyn Read + Send>, u64)>;

    /// Begins to ask for the end of a layer, ahead of all that lies before it; what is returned waits for it, if only for a
    /// moment. None where that is more trouble than a block that is kept back.
    fn ending(&self, digest: &Digest) -> Option<Box<dyn FnOnce() -> Option<Ending> + Send>> {
        let _ = digest;
        None
    }

    /// Learns, before one is opened, which layers will not be.
    fn leave_out(&self, digests: HashSet<Digest>);

    /// Ends what is on its way, as nobody wants it any more. Who waits for the bytes of a layer learns that it is not whole.
    fn give_up(&self) {}

    /// Returns how many bytes those layers have together, as they come, that are not left out.
    fn length(&self) -> u64;
}

/// An image from afar: what says how it is made, and where its layers come from.
pub struct Remote {
    /// What error texts call it.
    pub subject: String,
    /// The index that leads to it.
    pub index: Vec<u8>,
    /// Its manifest and its config, by their digests.
    pub documents: HashMap<Digest, Vec<u8>>,
    /// Its layers.
    pub layers: Box<dyn RemoteLayers>,
}

impl Remote {
    /// Leaves out those layers of the image that are known, whatever else they are called.
    pub(crate) fn spare(&self, entry: &Entry, known: &[KnownLayer]) {
        let known: HashSet<Digest> = known.iter().map(|known| known.layer.diff_id).collect();
        let named = || {
            let layers = entry.layers.iter().zip(&entry.diff_ids);
            layers
                .filter_map(|(layer, diff_id)| Some((layer.blob?.digest, known.contains(diff_id))))
        };
        // One blob may be said to be two layers; then one of them is not true, and reading tells.
        let wanted: HashSet<Digest> = named()
            .filter(|(_, is_known)| !is_known)
            .map(|(digest, _)| digest)
            .collect();
        let left_out = named().map(|(digest, _)| digest);
        self.layers
            .leave_out(left_out.filter(|digest| !wanted.contains(digest)).collect());
    }

    /// Returns a reader of what a layout would have under this name.
    pub(crate) fn open(&self, name: &str) -> Result<Option<Data<'_>>, Error> {
        let digest = promised_by_name(name);
        let at_hand = match &digest {
            None => (name == "index.json").then_some(&self.index),
            Some(digest) => self.documents.get(digest),
        };
        if let Some(bytes) = at_hand {
            return Ok(Some((Box::new(bytes.as_slice()), bytes.len() as u64)));
        }
        let opened = digest.and_then(|digest| self.layers.open(&digest));
        Ok(opened.map(|(reader, length)| (reader as Box<dyn Read>, length)))
    }
}

#[cfg(not(target_family = "wasm"))]
impl Remote {
    /// Begins to ask for the end of what a layout would have under this name.
    pub(crate) fn ending(&self, name: &str) -> Option<Box<dyn FnOnce() -> Option<Ending> + Send>> {
        self.layers.ending(&promised_by_name(name)?)
    }
}

/// Says that there is nothing that could be stored as it is.
pub(crate) fn verbatim() -> Error {
    Error::Unsupported(
        "a registry has no archive that could be stored as it is; leave out the wish to store it verbatim"
            .into(),
    )
}

impl Archive {
    /// Takes an image whose layers come from afar.
    pub fn remote(remote: Remote, folder: &Path) -> Self {
        Archive {
            subject: remote.subject.clone(),
            origin: Origin::Store(Store::remote(remote)),
            folder: folder.to_owned(),
            cutting: Cutting::KEEP,
            naming: None,
            known: Vec::new(),
        }
    }

    /// Returns the diff IDs of the image that was chosen, lowest first, if its layers come from afar and would be
    /// stored in blocks of their own; else none: then nothing is gained by not reading one.
    ///
    /// # Errors
    /// If the image is not there, or unsound.
    pub fn layers_from_afar(
        &self,
        form: Form,
        layout: BlockLayout,
        chosen: &Chosen,
    ) -> Result<Option<Vec<Digest>>, Error> {
        match &self.origin {
            Origin::Store(store @ Store::Remote(_))
                if form == Form::Canonical && layout == BlockLayout::Layered =>
            {
                let mut documents = store;
                Ok(Some(catalog::exactly(&mut documents, chosen)?.diff_ids))
            }
            _ => Ok(None),
        }
    }

    /// Does without these layers of the image that was chosen, of which [`Archive::layers_from_afar`] told: the sink
    /// has their blocks.
    ///
    /// # Errors
    /// If the image is not there, or unsound.
    pub fn spare(&mut self, chosen: &Chosen, known: Vec<KnownLayer>) -> Result<(), Error> {
        if let Origin::Store(store @ Store::Remote(remote)) = &self.origin {
            let mut documents = store;
            let entry = catalog::exactly(&mut documents, chosen)?;
            remote.spare(&entry, &known);
            self.known = known;
        }
        Ok(())
    }
}
