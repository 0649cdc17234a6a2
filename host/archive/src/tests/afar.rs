//! Images whose layers come from afar, as those of registries do.

use std::collections::HashMap;
use std::path::Path;

use crate::{Archive, Chosen, Digest, Remote, RemoteLayers};

use super::fixtures::{Made, oci_index};

/// An image in a registry.
pub(super) struct Afar {
    pub(super) chosen: Chosen,
    /// Its layers as they come, lowest first.
    pub(super) blobs: Vec<Vec<u8>>,
    index: Vec<u8>,
    documents: HashMap<Digest, Vec<u8>>,
}

impl Afar {
    /// Makes one whose layers are compressed so.
    pub(super) fn new(made: &Made, compress: impl Fn(&[u8]) -> Vec<u8>) -> Self {
        let (parts, digest, length) = made.oci_parts(&compress);
        let by_digest = parts
            .into_iter()
            .map(|part| (Digest::of(&part.data), part.data));
        let mut documents: HashMap<Digest, Vec<u8>> = by_digest.collect();
        let blobs: Vec<Vec<u8>> = made.layers.iter().map(|layer| compress(layer)).collect();
        for blob in &blobs {
            documents.remove(&Digest::of(blob));
        }
        Self {
            chosen: Chosen {
                image: made.id().to_string(),
                manifest: Some(digest.to_string()),
            },
            blobs,
            index: oci_index(&[(digest, length, "it:1")]).data,
            documents,
        }
    }

    /// Returns the digests of the layers as they come.
    pub(super) fn digests(&self) -> Vec<Digest> {
        self.blobs.iter().map(|blob| Digest::of(blob)).collect()
    }

    /// Opens it. Temporary files are made in `folder`.
    pub(super) fn archive(&self, layers: impl RemoteLayers + 'static, folder: &Path) -> Archive {
        let remote = Remote {
            subject: "it".into(),
            index: self.index.clone(),
            documents: self.documents.clone(),
            layers: Box::new(layers),
        };
        Archive::remote(remote, folder)
    }
}
