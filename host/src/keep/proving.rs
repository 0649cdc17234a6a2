//! Layers that need not be fetched, as Keep has them: what is believed, and why.
//!
//! 1. This machine's own record: it has hashed the layer and its blocks, and some collection that may lend has these
//!    blocks.
//! 2. What is read from Keep in this run: a collection says that it has the layer, and its blocks are the layer, by the
//!    digest of what they hold.
//!
//! What a collection says is never believed for itself.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use keepdocker_arvados::keep::LentLayer;
use keepdocker_terms::digest::Digest;
use keepdocker_terms::layering::Layer;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::read_ahead::ReadAhead;
use super::store::{ArchiveStore, StoreError};
use super::{BlockId, KnownBlocks, Locator, Stretch, UploadOptions};
use crate::archive::{Opened, is_layer};
use crate::bindings::keep::Options;
use crate::messages::Level;
use crate::wording::bytes;

/// How many blocks are asked for at a time.
const AT_A_TIME: usize = 8;

/// How many blocks are fetched ahead while a layer is read. The buffers of the upload are not there yet.
const AHEAD: usize = 2;

/// How many different runs of blocks are read because they are said to be one layer.
const MOST_TRIES: usize = 2;

/// A layer that Keep has.
#[derive(Debug)]
pub(super) struct Proven {
    pub(super) layer: Layer,
    /// Its blocks in order, with signatures.
    pub(super) blocks: Vec<Locator>,
}

/// What may be believed once it was proven.
struct Said<'a> {
    /// Blocks that may be used.
    known: &'a KnownBlocks,
    /// How long their signatures have to last.
    margin: Duration,
    /// What collections say that they have.
    layers: &'a [LentLayer],
}

impl Said<'_> {
    /// Returns the locators of these blocks, if all of them may be used.
    fn locators(&self, blocks: &[BlockId]) -> Option<Vec<Locator>> {
        let found = blocks
            .iter()
            .map(|block| self.known.find(block, self.margin));
        found.map(Option::<&Locator>::cloned).collect()
    }
}

impl ArchiveStore {
    /// Returns the layers of an image from afar that need not be fetched.
    pub(super) async fn spared(
        &self,
        archive: &Opened,
        options: &Options,
        upload: &UploadOptions,
        lent: &[LentLayer],
    ) -> Result<Vec<Proven>, StoreError> {
        let Some(chosen) = &options.image else {
            return Ok(Vec::new());
        };
        let diff_ids = {
            let shared = archive.shared();
            let archive = shared.lock().unwrap_or_else(PoisonError::into_inner);
            let (form, layout) = (options.form.into(), options.block_layout.into());
            archive.layers_from_afar(form, layout, &chosen.into())?
        };
        let Some(diff_ids) = diff_ids.filter(|_| !upload.known.is_empty()) else {
            return Ok(Vec::new());
        };
        let said = Said {
            known: &upload.known,
            margin: upload.margin,
            layers: lent,
        };
        Ok(self.proven(&diff_ids, &said).await)
    }

    /// Returns those of an image's layers that Keep has, proven. What fails is only one layer more to fetch.
    async fn proven(&self, diff_ids: &[Digest], said: &Said<'_>) -> Vec<Proven> {
        let mut seen = HashSet::new();
        let mut own = Vec::new();
        let mut others = Vec::new();
        for diff_id in diff_ids.iter().filter(|diff_id| seen.insert(**diff_id)) {
            match self.records.find(diff_id) {
                Some(record) => {
                    let is_other = |blocks: Option<&[BlockId]>| blocks != Some(&record.blocks);
                    self.warn_of_lies(said, diff_id, is_other);
                    if let Some(blocks) = said.locators(&record.blocks) {
                        own.push(Proven {
                            layer: record.layer,
                            blocks,
                        });
                    }
                }
                None => {
                    self.warn_of_lies(said, diff_id, |blocks| blocks.is_none());
                    others.extend(candidates(said, diff_id));
                }
            }
        }
        let asked = own.iter().chain(&others).flat_map(|it| &it.blocks);
        let there = self.there(asked).await;
        let is_there = |layer: &Proven| {
            let mut blocks = layer.blocks.iter();
            blocks.all(|locator| there.contains(&locator.block()))
        };
        let mut proven: Vec<Proven> = own.into_iter().filter(is_there).collect();
        let read: Vec<Proven> = others.into_iter().filter(is_there).collect();
        if !read.is_empty() {
            let distinct: HashMap<Digest, u64> = read
                .iter()
                .map(|it| (it.layer.diff_id, it.layer.span()))
                .collect();
            self.messages.show(
                Level::Info,
                &format!(
                    "other images are said to have layers of this one: reading {} from Keep to verify that, instead of fetching them",
                    bytes(distinct.values().sum())
                ),
            );
        }
        for candidate in read {
            let diff_id = candidate.layer.diff_id;
            if proven.iter().any(|it| it.layer.diff_id == diff_id) {
                continue;
            }
            match self.is_what_it_is_said_to_be(&candidate).await {
                Ok(true) => {
                    let blocks = candidate.blocks.iter().map(Locator::block).collect();
                    self.records.note(candidate.layer, blocks);
                    proven.push(candidate);
                }
                Ok(false) => {
                    let blocks: Vec<BlockId> = ids(&candidate.blocks);
                    self.warn_of_lies(said, &diff_id, |found| found == Some(&blocks));
                }
                Err(reason) => self.messages.show(
                    Level::Debug,
                    &format!(
                        "layer {diff_id} could not be read from Keep, and is fetched: {reason}"
                    ),
                ),
            }
        }
        proven
    }

    /// Warns of collections that say they have a layer in blocks that are not it.
    ///
    /// `is_lie` is told the blocks; none where those of the collection cannot be the layer.
    fn warn_of_lies(
        &self,
        said: &Said<'_>,
        diff_id: &Digest,
        is_lie: impl Fn(Option<&[BlockId]>) -> bool,
    ) {
        let of_layer = said.layers.iter().filter(|it| it.layer.diff_id == *diff_id);
        for lie in of_layer.filter(|it| is_lie(it.blocks.as_deref().map(ids).as_deref())) {
            self.messages.show(
                Level::Warning,
                &format!(
                    "collection {} says that it has layer {diff_id}, and what it has is something else; the layer is not taken from there",
                    lie.collection
                ),
            );
        }
    }

    /// Returns those blocks that Keep says to have.
    async fn there(&self, asked: impl Iterator<Item = &Locator>) -> HashSet<BlockId> {
        let distinct: HashMap<BlockId, Locator> = asked
            .map(|locator| (locator.block(), locator.clone()))
            .collect();
        let places = Arc::new(Semaphore::new(AT_A_TIME));
        let mut questions = JoinSet::new();
        for (id, locator) in distinct {
            let (keep, places) = (self.keep.clone(), places.clone());
            questions.spawn(async move {
                let _place = places.acquire().await;
                keep.confirms(&locator).await.then_some(id)
            });
        }
        questions.join_all().await.into_iter().flatten().collect()
    }

    /// Reads blocks from Keep, and tells whether they are the layer that they are said to be.
    async fn is_what_it_is_said_to_be(&self, candidate: &Proven) -> Result<bool, String> {
        let stretches: Vec<Stretch> = candidate
            .blocks
            .iter()
            .map(|block| Stretch {
                start: 0,
                length: block.block().size as usize,
                block: block.clone(),
            })
            .collect();
        let layer = candidate.layer;
        let blocks = ReadAhead::start(self.keep.clone(), stretches, AHEAD);
        let read = tokio::task::spawn_blocking(move || is_layer(blocks, layer)).await;
        let read = read.map_err(|_| "reading it broke off")?;
        read.map_err(|error| error.to_string())
    }
}

/// Returns the blocks that are said to be a layer, each run of them once.
fn candidates(said: &Said<'_>, diff_id: &Digest) -> Vec<Proven> {
    let mut seen = HashSet::new();
    let of_layer = said.layers.iter().filter(|it| it.layer.diff_id == *diff_id);
    of_layer
        .filter_map(|it| {
            let ids = ids(it.blocks.as_deref()?);
            let blocks = said.locators(&ids)?;
            seen.insert(ids).then_some(Proven {
                layer: it.layer,
                blocks,
            })
        })
        .take(MOST_TRIES)
        .collect()
}

fn ids(blocks: &[Locator]) -> Vec<BlockId> {
    blocks.iter().map(Locator::block).collect()
}
