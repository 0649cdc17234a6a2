//! An image whose documents are at hand and whose layers come from afar, as an OCI layout.

use std::collections::HashMap;
use std::io::Read;

use crate::documents::promised_by_name;
use crate::error::Error;
use crate::tar_file::Data;
use keepdocker_terms::digest::Digest;

/// Layers that come from afar.
pub trait RemoteLayers: Send + Sync {
    /// Begins to read a layer; returns its bytes and how many there are by its manifest. None if the image has no
    /// such layer.
    ///
    /// Layers are opened in the order of the image, each once at most, on a thread that may wait.
    fn open(&self, digest: &Digest) -> Option<(Box<dyn Read + Send>, u64)>;
}

/// An image from afar: what says how it is made, and where its layers come from.
pub struct Remote {
    /// What error texts call it.
    pub subject: String,
    /// The index that leads to it.
    pub index: Vec<u8>,
    /// Its manifest and its config, by their digests.
    pub documents: HashMap<Digest, Vec<u8>>,
    /// How many bytes its layers have together.
    pub length: u64,
    /// Its layers.
    pub layers: Box<dyn RemoteLayers>,
}

impl Remote {
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
