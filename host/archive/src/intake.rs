//! Takes in layers in any order, verified, and puts an image together from them.
//!
//! A large layer goes on to the sink as it comes. Small members wait in the spool and are
//! written at the end, when their order is known.

use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::path::Path;

use super::blocks::{Blocks, TAR_UNIT};
use super::canonical;
use super::content::{Content, pass};
use super::cutting::Cutting;
use super::decode::{self, Compression};
use super::documents;
use super::entry::Entry;
use super::error::{Error, Fault, Subject};
use super::reading::{Reading, TakenLayer};
use super::sink::BlockSink;
use crate::machine::hasher::Hasher;
use crate::machine::spool::{Extent, Spool};
use keepdocker_terms::digest::Digest;
use keepdocker_terms::layering::Layer;

/// Where the bytes of a layer are.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// In the spool.
    Spool(Extent),
    /// In these blocks, with header and padding.
    Blocks { numbers: Vec<usize>, length: u64 },
    /// In the run of blocks that is under construction.
    Run,
}

/// What a layer's digest and length will be if the archive says the truth, unless it is compressed.
pub(crate) type Promise = (Digest, u64);

/// A large layer whose blocks the sink has already, proven to be that layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownLayer {
    /// The layer.
    pub layer: Layer,
    /// The numbers of its blocks, in order.
    pub blocks: Vec<usize>,
}

/// A member taken in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taken {
    pub(crate) content: Content,
    /// Where the bytes are if they may be a document's.
    pub(crate) document: Option<Extent>,
}

/// What is known of an image in the making.
pub(crate) struct Intake<'a> {
    hasher: Hasher,
    spool: Spool,
    blocks: Blocks<'a>,
    cutting: Cutting,
    /// Whether a large layer begins a block.
    is_layered: bool,
    /// By the digest of what lies there, with its length.
    places: HashMap<Digest, (Place, u64)>,
    /// Layers that need not be read.
    spared: HashSet<Digest>,
    /// Layers of which the sink need not be told any more.
    told: HashSet<Digest>,
}

impl<'a> Intake<'a> {
    /// Begins with nothing. A temporary file would be made in `folder`.
    pub(crate) fn new(
        sink: Box<dyn BlockSink + 'a>,
        cutting: Cutting,
        is_layered: bool,
        folder: &Path,
    ) -> Self {
        Intake {
            hasher: Hasher::start(),
            spool: Spool::new(folder),
            blocks: Blocks::new(sink, cutting),
            cutting,
            is_layered,
            places: HashMap::new(),
            spared: HashSet::new(),
            told: HashSet::new(),
        }
    }

    /// Takes layers whose blocks the sink has, so that nothing of them need be read.
    pub(crate) fn spare(&mut self, layers: Vec<KnownLayer>) {
        for KnownLayer { layer, blocks } in layers {
            let place = Place::Blocks {
                numbers: blocks,
                length: layer.span(),
            };
            self.places.insert(layer.diff_id, (place, layer.size));
            self.spared.insert(layer.diff_id);
            self.told.insert(layer.diff_id);
        }
    }

    /// Tells whether a layer need not be read.
    pub(crate) fn spares(&self, diff_id: &Digest) -> bool {
        self.spared.contains(diff_id)
    }

    /// Tells the sink which blocks a layer is whose digest was verified, if it has blocks of its own.
    pub(crate) fn tell(&mut self, diff_id: &Digest) {
        if let Some((Place::Blocks { numbers, .. }, length)) = self.places.get(diff_id)
            && let Some(layer) = Layer::large(*diff_id, *length)
            && self.told.insert(*diff_id)
        {
            self.blocks.verified(layer, numbers);
        }
    }

    /// Takes in a member. With `may_be_document`, what begins like JSON is kept at hand.
    ///
    /// # Errors
    /// If it cannot be read, or is not what was promised.
    pub(crate) fn take(
        &mut self,
        reader: impl Read,
        name: &str,
        promise: Option<Promise>,
        may_be_document: bool,
    ) -> Result<Taken, Error> {
        let Intake {
            hasher,
            spool,
            blocks,
            cutting,
            ..
        } = self;
        let mut waiting: Vec<u8> = Vec::new();
        let mut is_large = false;
        let mut begins_like_json = false;
        let failed = |error| Error::reading(Subject::Member(name.to_owned()), error);
        let (compression, reader) = decode::peek(reader).map_err(failed)?;
        let promise = promise.filter(|_| compression == Compression::None);
        let header = promise
            .map(|(digest, length)| canonical::header(&canonical::layer_name(&digest), length));
        let content = pass(reader, name, hasher, |bytes| {
            if is_large {
                return blocks.append(bytes);
            }
            if waiting.is_empty() {
                begins_like_json = may_be_document && documents::begins(bytes);
            }
            waiting.extend_from_slice(bytes);
            let limit = if begins_like_json {
                documents::LONGEST + 1
            } else {
                cutting.large
            };
            if waiting.len() as u64 >= limit {
                is_large = true;
                blocks.begin_member(header.as_ref())?;
                blocks.append(&waiting)?;
                waiting = Vec::new();
            }
            Ok(())
        })?;
        let (digest, length) = content.plain;
        let place = if is_large {
            // What was written of it is wrong then, and cannot be called back.
            if let Some((promised, _)) = promise.filter(|promise| *promise != content.plain) {
                return Err(Error::member(
                    name,
                    Fault::WrongDigest {
                        found: digest,
                        promised,
                        by: "the image's config or its name",
                    },
                ));
            }
            blocks.end_member(&canonical::header(&canonical::layer_name(&digest), length))?;
            if self.is_layered {
                let (numbers, length) = blocks.take()?;
                Place::Blocks { numbers, length }
            } else {
                Place::Run
            }
        } else if let Some((Place::Spool(extent), _)) = self.places.get(&digest) {
            Place::Spool(*extent)
        } else {
            Place::Spool(spool.append(&waiting)?)
        };
        let document = match &place {
            Place::Spool(extent) if content.raw == content.plain => Some(*extent),
            _ => None,
        };
        self.places.entry(digest).or_insert((place, length));
        Ok(Taken { content, document })
    }

    /// Tells whether a layer with this diff ID was taken in.
    pub(crate) fn has(&self, diff_id: &Digest) -> bool {
        self.places.contains_key(diff_id)
    }

    /// Reads a member to its end as [`Intake::take`] does, and keeps nothing of it.
    pub(crate) fn check(&self, reader: impl Read, name: &str) -> Result<Content, Error> {
        pass(reader, name, &self.hasher, |_| Ok(()))
    }

    /// Returns where the documents lie that were taken in.
    pub(crate) fn spool(&mut self) -> &mut Spool {
        &mut self.spool
    }

    /// Writes what is missing of the image, whose layers were taken in, and returns the image with
    /// the numbers of all its blocks in order, and its length.
    pub(crate) fn assemble(mut self, mut entry: Entry) -> Result<Reading, Error> {
        let mut order = Vec::new();
        let mut size = 0;
        let mut small = Vec::new();
        let mut seen = Vec::new();
        let mut layers = Vec::new();
        let mut taken = Vec::new();
        for diff_id in &entry.diff_ids {
            self.tell(diff_id);
            let Some((place, length)) = self.places.get(diff_id) else {
                unreachable!("every layer was found and verified before");
            };
            layers.push((*diff_id, *length));
            if seen.contains(diff_id) {
                continue;
            }
            seen.push(*diff_id);
            taken.push(TakenLayer {
                diff_id: *diff_id,
                size: *length,
                is_read: !self.spared.contains(diff_id),
            });
            match place {
                Place::Run => {}
                Place::Blocks { numbers, length } => {
                    order.extend(numbers);
                    size += length;
                }
                Place::Spool(extent) if extent.length >= self.cutting.large => {
                    // A layer that looked like a document.
                    let (extent, layer) = (*extent, Layer::large(*diff_id, *length));
                    self.write_spooled(diff_id, extent)?;
                    let (numbers, length) = self.blocks.take()?;
                    if let Some(layer) = layer.filter(|_| self.is_layered) {
                        self.blocks.verified(layer, &numbers);
                    }
                    order.extend(numbers);
                    size += length;
                }
                Place::Spool(extent) => small.push((*diff_id, *extent)),
            }
        }
        let config = std::mem::take(&mut entry.config);
        self.write(&canonical::config_name(&entry.id), &config)?;
        for (diff_id, extent) in small {
            self.write_spooled(&diff_id, extent)?;
        }
        let manifest = canonical::manifest(&entry.id, &entry.diff_ids);
        self.write("manifest.json", &manifest)?;
        self.blocks.append(&canonical::END)?;
        let (numbers, length) = self.blocks.take()?;
        order.extend(numbers);
        let loaded_as = canonical::loaded_as(&entry.id, config.len(), &layers);
        entry
            .image
            .manifest
            .get_or_insert_with(|| loaded_as.clone());
        Ok(Reading {
            image: entry.image,
            loaded_as: Some(loaded_as),
            order,
            size: size + length,
            layers: taken,
        })
    }

    fn write_spooled(&mut self, diff_id: &Digest, extent: Extent) -> Result<(), Error> {
        let bytes = self.spool.read(extent)?;
        self.write(&canonical::layer_name(diff_id), &bytes)
    }

    fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let padding = bytes.len().next_multiple_of(TAR_UNIT) - bytes.len();
        self.blocks
            .append(&canonical::header(name, bytes.len() as u64))?;
        self.blocks.append(bytes)?;
        self.blocks.append(&[0; TAR_UNIT][..padding])
    }
}
