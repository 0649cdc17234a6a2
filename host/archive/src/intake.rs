//! Takes in layers in any order, verified, and puts an image together from them.
//!
//! A large layer goes on to the sink as it comes. Small members wait in the spool and are
//! written at the end, when their order is known.

use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::blocks::TAR_UNIT;
use super::canonical;
use super::content::Content;
use super::cutting::Cutting;
use super::entry::Entry;
use super::error::Error;
use super::held::Room;
use super::reading::{Reading, TakenLayer};
use super::sink::BlockSink;
use super::unpacker::{Promise, Unpacked, Unpacker};
use crate::machine::spool::{Extent, Spool};
use keepdocker_terms::digest::Digest;
use keepdocker_terms::layering::Layer;

/// Where the bytes of a layer are.
#[derive(Debug, Clone)]
enum Place {
    /// In the spool.
    Spool(Extent),
    /// In these blocks, with header and padding.
    Blocks { numbers: Vec<usize>, length: u64 },
    /// In the run of blocks that is under construction.
    Run,
}

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
    unpacker: Unpacker<'a>,
    places: Places,
    cutting: Cutting,
    /// Whether a large layer begins a block.
    is_layered: bool,
    /// Where temporary files are made.
    folder: PathBuf,
}

/// Where all that was taken in lies.
pub(crate) struct Places {
    spool: Spool,
    /// By the digest of what lies there, with its length.
    by_digest: HashMap<Digest, (Place, u64)>,
    /// Layers that need not be read.
    spared: HashSet<Digest>,
    /// Layers of which the sink need not be told any more.
    told: HashSet<Digest>,
}

impl Places {
    /// Adds a member that was unpacked. Returns where its bytes are if they were set aside.
    pub(crate) fn add(
        &mut self,
        content: &Content,
        unpacked: Unpacked,
    ) -> Result<Option<Extent>, Error> {
        let (digest, length) = content.plain;
        let place = match unpacked {
            Unpacked::Blocks { numbers, length } => Place::Blocks { numbers, length },
            Unpacked::Run => Place::Run,
            Unpacked::Small(bytes) => match self.by_digest.get(&digest) {
                Some((Place::Spool(extent), _)) => Place::Spool(*extent),
                _ => Place::Spool(self.spool.append(&bytes)?),
            },
        };
        let extent = match &place {
            Place::Spool(extent) => Some(*extent),
            Place::Blocks { .. } | Place::Run => None,
        };
        self.by_digest.entry(digest).or_insert((place, length));
        Ok(extent)
    }

    /// Tells the sink which blocks a layer is whose digest was verified, if it has blocks of its own.
    pub(crate) fn tell(&mut self, diff_id: &Digest, unpacker: &mut Unpacker<'_>) {
        if let Some((Place::Blocks { numbers, .. }, length)) = self.by_digest.get(diff_id)
            && let Some(layer) = Layer::large(*diff_id, *length)
            && self.told.insert(*diff_id)
        {
            unpacker.blocks.verified(layer, numbers);
        }
    }
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
            unpacker: Unpacker::new(sink, cutting, is_layered),
            places: Places {
                spool: Spool::new(folder),
                by_digest: HashMap::new(),
                spared: HashSet::new(),
                told: HashSet::new(),
            },
            cutting,
            is_layered,
            folder: folder.to_owned(),
        }
    }

    /// Takes layers whose blocks the sink has, so that nothing of them need be read.
    pub(crate) fn spare(&mut self, layers: Vec<KnownLayer>) {
        for KnownLayer { layer, blocks } in layers {
            let place = Place::Blocks {
                numbers: blocks,
                length: layer.span(),
            };
            let places = &mut self.places;
            places.by_digest.insert(layer.diff_id, (place, layer.size));
            places.spared.insert(layer.diff_id);
            places.told.insert(layer.diff_id);
        }
    }

    /// Tells whether a layer need not be read.
    pub(crate) fn spares(&self, diff_id: &Digest) -> bool {
        self.places.spared.contains(diff_id)
    }

    /// Takes in a member whose promise has no hint. With `may_be_document`, what begins like JSON is kept at hand.
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
        let (content, unpacked) = self
            .unpacker
            .unpack(reader, name, promise, may_be_document)?;
        let unpacked = unpacked.expect("what has no hint is not misjudged");
        let extent = self.places.add(&content, unpacked)?;
        Ok(Taken {
            content,
            document: extent.filter(|_| content.raw == content.plain),
        })
    }

    /// Reads a member to its end as [`Intake::take`] does, and keeps nothing of it.
    pub(crate) fn check(&self, reader: impl Read, name: &str) -> Result<Content, Error> {
        self.unpacker.check(reader, name)
    }

    /// Returns how blocks are cut.
    pub(crate) fn cutting(&self) -> Cutting {
        self.cutting
    }

    /// Returns what unpacks, and where what it unpacked is noted.
    pub(crate) fn parts(&mut self) -> (&mut Unpacker<'a>, &mut Places) {
        (&mut self.unpacker, &mut self.places)
    }

    /// Makes a second unpacker, if the sink has room for two.
    pub(crate) fn second(&mut self) -> Option<(Unpacker<'static>, Arc<Room>)> {
        self.unpacker.second(&self.folder)
    }

    /// Returns where the documents lie that were taken in.
    pub(crate) fn spool(&mut self) -> &mut Spool {
        &mut self.places.spool
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
            self.places.tell(diff_id, &mut self.unpacker);
            let Some((place, length)) = self.places.by_digest.get(diff_id) else {
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
                is_read: !self.places.spared.contains(diff_id),
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
                    let (numbers, length) = self.unpacker.blocks.take()?;
                    if let Some(layer) = layer.filter(|_| self.is_layered) {
                        self.unpacker.blocks.verified(layer, &numbers);
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
        self.unpacker.blocks.append(&canonical::END)?;
        let (numbers, length) = self.unpacker.blocks.take()?;
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
        let bytes = self.places.spool.read(extent)?;
        self.write(&canonical::layer_name(diff_id), &bytes)
    }

    fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let padding = bytes.len().next_multiple_of(TAR_UNIT) - bytes.len();
        self.unpacker
            .blocks
            .append(&canonical::header(name, bytes.len() as u64))?;
        self.unpacker.blocks.append(bytes)?;
        self.unpacker.blocks.append(&[0; TAR_UNIT][..padding])
    }
}
