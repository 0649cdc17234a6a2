//! An archive into Keep: read, hashed and sent block by block.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use keepdocker_arvados::effects::{Deviation, Step};
use keepdocker_arvados::keep::{Block, Error as KeepError, KnownBlocks, Locator, Wanted};
use keepdocker_arvados::turn;

use super::ArchiveStore;
use crate::archive::{self, Archive, BlockSink, SinkClosed};
use crate::bindings::keep::{Error as WitError, Options, Stored, StoredLayer};

/// How long a signature must last, so that an upload that refers to the block may take its time.
const MARGIN: Duration = Duration::from_secs(6 * 3600);

/// Why an archive could not be stored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// The archive is at fault, or its source.
    #[error(transparent)]
    Archive(#[from] archive::Error),
    /// Keep is at fault.
    #[error(transparent)]
    Keep(#[from] KeepError),
    /// A plan has something else in this place.
    #[error(transparent)]
    OffPlan(#[from] Deviation),
}

impl From<StoreError> for WitError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Archive(error) => Self::Archive(error.into()),
            StoreError::Keep(error) => error.into(),
            StoreError::OffPlan(_) => Self::Other(error.to_string()),
        }
    }
}

impl ArchiveStore {
    fn sent(&self) -> MutexGuard<'_, KnownBlocks> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads an archive, verifies it, and stores the image that was chosen; without one, it is only taken in.
    pub(crate) fn store(
        self: &Arc<Self>,
        archive: &mut Archive,
        pending: &mut Option<Pending>,
        options: &Options,
    ) -> Result<Option<Stored>, StoreError> {
        let blocks = match pending.take() {
            Some(blocks) => blocks,
            None => self.take_in(archive, options)?,
        };
        let Some(chosen) = &options.image else {
            *pending = Some(blocks);
            return Ok(None);
        };
        let reading = blocks.told(archive.finish(&chosen.into(), &mut |_| {}))?;
        let blocks = blocks.lock();
        let stored = Stored {
            image: reading.image.into(),
            loaded_as: reading.loaded_as,
            blocks: reading
                .order
                .iter()
                .map(|number| blocks.locators[*number].signed())
                .collect(),
            size: reading.size,
            sent: blocks.sent,
            reused: blocks.reused,
            layers: reading.layers.into_iter().map(StoredLayer::from).collect(),
        };
        // The blocks are there by now, or would be; only what refers to them makes a difference.
        let step = || Step::store(&stored.image.id, stored.size, &stored.blocks);
        let _ = self.effects.admit(step)?;
        Ok(Some(stored))
    }

    /// Reads an archive as far as it must be to tell what it holds.
    fn take_in(
        self: &Arc<Self>,
        archive: &mut Archive,
        options: &Options,
    ) -> Result<Pending, StoreError> {
        let wanted = turn::run(self.keep.wanted(options.replicas, &options.storage_classes))?;
        let mut known = turn::run(self.keep.blocks_of(&options.reuse));
        known.extend(self.sent().clone());
        let blocks = Pending(Arc::new(Mutex::new(Blocks {
            store: self.clone(),
            wanted,
            known,
            locators: Vec::new(),
            sent: 0,
            reused: 0,
            failure: None,
        })));
        let sink = Box::new(blocks.clone());
        let (form, layout) = (options.form.into(), options.block_layout.into());
        blocks.told(archive.take_in(form, layout, sink, &mut |_| {}))?;
        Ok(blocks)
    }
}

/// The blocks of an archive that is being stored.
struct Blocks {
    store: Arc<ArchiveStore>,
    wanted: Wanted,
    known: KnownBlocks,
    locators: Vec<Locator>,
    sent: u64,
    reused: u64,
    failure: Option<KeepError>,
}

/// Sends each block when it is full. Its clones have the same blocks.
#[derive(Clone)]
pub(crate) struct Pending(Arc<Mutex<Blocks>>);

impl Pending {
    fn lock(&self) -> MutexGuard<'_, Blocks> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what came of reading; where no more blocks were taken, these know why.
    fn told<T>(&self, read: Result<T, archive::Error>) -> Result<T, StoreError> {
        match self.lock().failure.take() {
            Some(failure) => Err(failure.into()),
            None => Ok(read?),
        }
    }
}

impl BlockSink for Pending {
    fn buffer(&mut self) -> Result<Vec<u8>, SinkClosed> {
        match self.lock().failure {
            None => Ok(Vec::new()),
            Some(_) => Err(SinkClosed),
        }
    }

    fn submit(&mut self, block: Vec<u8>) -> Result<usize, SinkClosed> {
        self.lock().submit(block)
    }
}

impl Blocks {
    fn submit(&mut self, block: Vec<u8>) -> Result<usize, SinkClosed> {
        let block = Block::new(block.into());
        let id = block.id();
        let size = u64::from(id.size);
        let known = self.known.find(&id, MARGIN).cloned();
        // What this run has sent need not be asked for; anything else is somebody's word.
        let is_sent = known.is_some() && self.store.sent().find(&id, MARGIN).is_some();
        let known = known.filter(|locator| is_sent || turn::run(self.store.keep.confirms(locator)));
        let locator = match known {
            Some(locator) => {
                self.reused += size;
                locator
            }
            None if self.store.effects.are_rehearsed() => {
                self.sent += size;
                Locator::unsigned(id)
            }
            None => {
                let locator =
                    turn::run(self.store.keep.put(&block, &self.wanted)).map_err(|error| {
                        self.failure = Some(error);
                        SinkClosed
                    })?;
                self.sent += size;
                self.known.insert(locator.clone());
                self.store.sent().insert(locator.clone());
                locator
            }
        };
        self.locators.push(locator);
        Ok(self.locators.len() - 1)
    }
}
