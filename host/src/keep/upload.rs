//! Stores the blocks of an archive while it is being read.
//!
//! A thread that may wait fills buffers; other threads hash them; several are on their way to
//! Keep at the same time. Blocks that Keep is said to have, and confirms, are not sent; nor are those
//! that come twice.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use keepdocker_terms::layering::Layer;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{JoinError, JoinHandle, JoinSet};

use super::buffers::{Buffers, Filled};
use super::charge::Charge;
use super::moving::Moving;
use super::records::LayerRecords;
use super::unhashed::Unhashed;
use super::writer::{Message, Writer};
use super::{Block, BlockId, Error, Keep, KnownBlocks, Locator, Wanted};
use crate::progress::{Progress, Silent};

/// How an upload is done.
pub(crate) struct UploadOptions {
    /// What each block must reach.
    pub wanted: Wanted,
    /// How many blocks are on their way at the same time, at least 1. The upload has two buffers
    /// of 64 MiB more than that: one being filled and one being hashed.
    pub concurrency: usize,
    /// Whether two threads may fill blocks, of two layers.
    pub side_by_side: bool,
    /// Blocks that need not be sent, if Keep confirms that it has them.
    pub known: KnownBlocks,
    /// How long the signature of a known block must still be good, so that it outlasts the
    /// upload.
    pub margin: Duration,
    /// Is told which blocks the layers of the archive are.
    pub records: Arc<LayerRecords>,
    /// Is told of every block that has been sent and stored.
    pub journal: Option<Arc<dyn Journal>>,
    /// How many bytes may be sent; each block is charged once, before it is sent.
    pub budget: Option<Charge>,
    /// Whether nothing is sent: blocks that would be get locators without signatures, and count as sent.
    pub rehearse: bool,
    /// Is told how far the upload has come.
    pub progress: Arc<dyn Progress>,
}

impl UploadOptions {
    /// Takes the usual options: two blocks at a time, of one layer, nothing known, nobody told.
    pub(crate) fn new(wanted: Wanted) -> Self {
        Self {
            wanted,
            concurrency: 2,
            side_by_side: false,
            known: KnownBlocks::default(),
            margin: Duration::from_secs(6 * 3600),
            records: Arc::default(),
            journal: None,
            budget: None,
            rehearse: false,
            progress: Arc::new(Silent),
        }
    }

    /// Moves so many blocks at a time, if that is said, and blocks of two layers where there are processors for two.
    /// Who wants one block at a time wants one layer at a time.
    pub(crate) fn moving(mut self, concurrency: Option<usize>) -> Self {
        self.concurrency = concurrency.unwrap_or(self.concurrency);
        let has_two = thread::available_parallelism().is_ok_and(|count| count.get() > 1);
        self.side_by_side = self.concurrency > 1 && has_two;
        self
    }
}

/// Keeps a record of the blocks that were stored, so that a later run need not send them.
pub(crate) trait Journal: Send + Sync {
    /// Records a block. The locator holds the signature.
    fn stored(&self, locator: &Locator);
}

/// An upload in progress. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Upload {
    task: JoinHandle<Result<Stored, Error>>,
}

/// The blocks of an archive, all in Keep.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    /// Each block's locator, by its number.
    pub blocks: Vec<Locator>,
    /// How many bytes were sent, replicas and repeated attempts not counted.
    pub sent: u64,
    /// How many bytes did not have to be sent.
    pub reused: u64,
}

impl Upload {
    /// Starts an upload: blocks go into the writer, and the result comes out of the upload.
    ///
    /// The writer waits, so it must be used on a thread that may.
    pub(crate) fn start(keep: &Arc<Keep>, options: UploadOptions) -> (Writer, Self) {
        let concurrency = options.concurrency.max(1);
        let count = concurrency + 2;
        let buffers = Buffers::new(count);
        let (sender, receiver) = mpsc::unbounded_channel();
        // Two buffers are filled then, and one block at least is on its way.
        let kept = options.side_by_side.then_some(count - 3);
        let unhashed = Unhashed::new(1 + usize::from(options.side_by_side));
        let writer = Writer::new(buffers.clone(), sender, kept);
        let run = Run {
            keep: keep.clone(),
            options: Arc::new(options),
            sending: Arc::new(Semaphore::new(concurrency)),
            tasks: JoinSet::new(),
            unhashed,
            closing: Closing(buffers),
            blocks: HashMap::new(),
            locators: Vec::new(),
            layers: Vec::new(),
            sent: 0,
            reused: 0,
        };
        let task = tokio::spawn(run.run(receiver));
        (writer, Self { task })
    }

    /// Waits until every block that the writer took is stored.
    ///
    /// # Errors
    /// If one cannot be stored. The writer takes no more then.
    pub(crate) async fn finish(mut self) -> Result<Stored, Error> {
        unwound((&mut self.task).await)
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Closes the buffers in whatever way the upload ends, so that the writer does not wait for ever.
struct Closing(Arc<Buffers>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// What is known of a block.
enum Entry {
    /// It is on its way, or asked for; these numbers wait for it.
    Sending(Vec<usize>),
    Stored(Locator),
}

/// What a task did.
enum Done {
    Hashed(Vec<(usize, Block)>),
    /// Keep has the block that was known.
    Confirmed(Locator),
    /// It has not, or does not say so.
    Unconfirmed(Block),
    Sent(Locator),
}

/// The upload's own state.
struct Run {
    keep: Arc<Keep>,
    options: Arc<UploadOptions>,
    sending: Arc<Semaphore>,
    tasks: JoinSet<Result<Done, Error>>,
    unhashed: Unhashed,
    closing: Closing,
    blocks: HashMap<BlockId, Entry>,
    locators: Vec<Option<Locator>>,
    /// Layers of which some block is not stored yet.
    layers: Vec<(Layer, Vec<usize>)>,
    sent: u64,
    reused: u64,
}

impl Run {
    async fn run(
        mut self,
        mut receiver: mpsc::UnboundedReceiver<Message>,
    ) -> Result<Stored, Error> {
        let mut is_open = true;
        while is_open || !self.tasks.is_empty() {
            tokio::select! {
                Some(done) = self.tasks.join_next(), if !self.tasks.is_empty() => {
                    match unwound(done)? {
                        Done::Hashed(blocks) => {
                            self.unhashed.hashing -= 1;
                            for (number, block) in blocks {
                                self.hashed(number, block)?;
                            }
                        }
                        Done::Confirmed(locator) => self.confirmed(locator),
                        Done::Unconfirmed(block) => self.missing(block)?,
                        Done::Sent(locator) => {
                            self.sent += u64::from(locator.block().size);
                            self.stored(locator);
                        }
                    }
                }
                message = receiver.recv(), if is_open => match message {
                    Some(Message::Block(number, data)) => self.unhashed.add(number, data),
                    Some(Message::Known(first, locators)) => self.known(first, locators),
                    Some(Message::Layer(layer, numbers)) => self.layers.push((layer, numbers)),
                    Some(Message::Starved) => self.unhashed.more_will_not_come = true,
                    None => {
                        is_open = false;
                        self.unhashed.more_will_not_come = true;
                    }
                },
                () = self.unhashed.patience(), if self.unhashed.is_waiting() => {
                    self.unhashed.more_will_not_come = true;
                }
            }
            if let Some(blocks) = self.unhashed.take() {
                self.hash(blocks);
            }
            self.note_layers();
        }
        drop(self.closing);
        let blocks = self
            .locators
            .into_iter()
            .map(|locator| locator.expect("every block was stored, as no task is left"))
            .collect();
        Ok(Stored {
            blocks,
            sent: self.sent,
            reused: self.reused,
        })
    }

    /// Takes blocks that Keep has.
    fn known(&mut self, first: usize, locators: Vec<Locator>) {
        self.make_room(first + locators.len());
        for (number, locator) in (first..).zip(locators) {
            self.spared(locator.block());
            self.locators[number] = Some(locator.clone());
            let entry = self.blocks.entry(locator.block());
            entry.or_insert(Entry::Stored(locator));
        }
    }

    /// Notes which blocks a layer is, once all of them are stored.
    fn note_layers(&mut self) {
        let (locators, records) = (&self.locators, &self.options.records);
        self.layers.retain(|(layer, numbers)| {
            let found = numbers.iter().map(|number| locators.get(*number)?.as_ref());
            match found.map(|it| it.map(Locator::block)).collect() {
                Some(blocks) => records.note(*layer, blocks),
                None => return true,
            }
            false
        });
    }

    fn make_room(&mut self, count: usize) {
        if self.locators.len() < count {
            self.locators.resize(count, None);
        }
    }

    /// Has blocks hashed on another thread.
    fn hash(&mut self, blocks: Vec<(usize, Filled)>) {
        self.tasks.spawn_blocking(move || {
            let (numbers, data): (Vec<usize>, Vec<Bytes>) = blocks
                .into_iter()
                .map(|(number, data)| (number, Bytes::from_owner(data)))
                .unzip();
            let blocks = numbers.into_iter().zip(Block::several(data));
            Ok(Done::Hashed(blocks.collect()))
        });
    }

    /// Sends a block, unless that is not needed.
    fn hashed(&mut self, number: usize, block: Block) -> Result<(), Error> {
        let id = block.id();
        self.make_room(number + 1);
        match self.blocks.get_mut(&id) {
            Some(Entry::Stored(locator)) => {
                self.locators[number] = Some(locator.clone());
                self.spared(id);
            }
            Some(Entry::Sending(waiting)) => {
                waiting.push(number);
                self.spared(id);
            }
            None => {
                self.blocks.insert(id, Entry::Sending(vec![number]));
                match self.options.known.find(&id, self.options.margin) {
                    Some(locator) => {
                        let locator = locator.clone();
                        self.confirm(block, locator);
                    }
                    None => self.missing(block)?,
                }
            }
        }
        Ok(())
    }

    /// Asks Keep for a block that somebody says it has: the journal of another run, or a collection.
    /// Either may have been written before a disk was lost.
    fn confirm(&mut self, block: Block, locator: Locator) {
        let keep = self.keep.clone();
        self.tasks.spawn(async move {
            Ok(if keep.confirms(&locator).await {
                Done::Confirmed(locator)
            } else {
                Done::Unconfirmed(block)
            })
        });
    }

    /// Sends a block that Keep is not known to have.
    fn missing(&mut self, block: Block) -> Result<(), Error> {
        let id = block.id();
        if let Some(budget) = &self.options.budget {
            budget
                .current()
                .charge(u64::from(id.size))
                .map_err(|refusal| Error::Withheld(refusal.to_string()))?;
        }
        if self.options.rehearse {
            self.sent += u64::from(id.size);
            self.stored(Locator::unsigned(id));
        } else {
            self.send(block);
        }
        Ok(())
    }

    fn send(&mut self, block: Block) {
        let keep = self.keep.clone();
        let options = self.options.clone();
        let sending = self.sending.clone();
        self.tasks.spawn(async move {
            let _permit = sending
                .acquire()
                .await
                .expect("the semaphore is never closed");
            let moving = Moving::new(options.progress.clone());
            let locator = keep
                .put_watched(&block, &options.wanted, Some(moving.watcher()))
                .await?;
            // At once, so that a kill in the next moment does not make it be sent again.
            if let Some(journal) = &options.journal {
                journal.stored(&locator);
            }
            moving.finish(u64::from(block.id().size));
            Ok(Done::Sent(locator))
        });
    }

    fn stored(&mut self, locator: Locator) {
        let id = locator.block();
        let former = self.blocks.insert(id, Entry::Stored(locator.clone()));
        if let Some(Entry::Sending(waiting)) = former {
            for number in waiting {
                self.locators[number] = Some(locator.clone());
            }
        }
    }

    fn confirmed(&mut self, locator: Locator) {
        self.spared(locator.block());
        self.stored(locator);
    }

    fn spared(&mut self, id: BlockId) {
        let size = u64::from(id.size);
        self.reused += size;
        self.options.progress.reused(size);
    }
}

/// Returns what a task returned; a panic goes on in whoever waited for it.
fn unwound<T>(result: Result<Result<T, Error>, JoinError>) -> Result<T, Error> {
    match result {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Tasks are cancelled only by dropping what waits for them, or with the runtime.
            Err(_) => Err(Error::Cancelled),
        },
    }
}
