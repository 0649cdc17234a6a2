//! An archive into Keep: read, hashed and sent block by block.

use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use keepdocker_arvados::effects::{Deviation, Step};
use keepdocker_arvados::keep::{Block, Error as KeepError, KnownBlocks, Locator, Wanted};

use super::ArchiveStore;
use crate::archive::{self, Archive, BlockSink, Selection, SinkClosed};
use crate::bindings::keep::{Error as WitError, Options, Stored};
use crate::turn;

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

    /// Reads an archive to its end, verifies it, and stores it.
    pub(crate) fn store(
        &self,
        archive: &mut Archive,
        options: &Options,
    ) -> Result<Stored, StoreError> {
        let wanted = turn::run(self.keep.wanted(options.replicas, &options.storage_classes))?;
        let mut known = turn::run(self.keep.blocks_of(&options.reuse));
        known.extend(self.sent().clone());
        let mut writer = Writer {
            store: self,
            wanted,
            known,
            locators: Vec::new(),
            sent: 0,
            reused: 0,
            failure: None,
        };
        let reading = archive.read(
            &Selection::from(&options.selection),
            options.form.into(),
            options.block_layout.into(),
            &mut writer,
            &mut |_| {},
        );
        // The writer knows why it takes no more.
        if let Some(failure) = writer.failure {
            return Err(failure.into());
        }
        let reading = reading?;
        let stored = Stored {
            image: reading.image.into(),
            loaded_as: reading.loaded_as,
            blocks: reading
                .order
                .iter()
                .map(|number| writer.locators[*number].signed())
                .collect(),
            size: reading.size,
            sent: writer.sent,
            reused: writer.reused,
        };
        // The blocks are there by now, or would be; only what refers to them makes a difference.
        let step = || Step::store(&stored.image.id, stored.size, &stored.blocks);
        let _ = self.effects.admit(step)?;
        Ok(stored)
    }
}

/// Sends each block when it is full.
struct Writer<'a> {
    store: &'a ArchiveStore,
    wanted: Wanted,
    known: KnownBlocks,
    locators: Vec<Locator>,
    sent: u64,
    reused: u64,
    failure: Option<KeepError>,
}

impl BlockSink for Writer<'_> {
    fn buffer(&mut self) -> Result<Vec<u8>, SinkClosed> {
        match self.failure {
            None => Ok(Vec::new()),
            Some(_) => Err(SinkClosed),
        }
    }

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
