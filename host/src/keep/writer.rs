//! The side of an upload on which an archive is read: full blocks go in, and what is known of layers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use keepdocker_terms::layering::Layer;
use tokio::sync::mpsc;

use super::buffers::{Buffers, Filled};
use super::{Locator, MAXIMUM_SIZE};
use crate::archive::{BlockSink, Second, SinkClosed};

/// Where an archive's blocks go. Dropping it, and what was made of it, says that there are no more.
#[derive(Debug)]
pub(crate) struct Writer {
    buffers: Arc<Buffers>,
    messages: mpsc::UnboundedSender<Message>,
    next: Arc<AtomicUsize>,
    /// How many full blocks may be kept back in buffers, if two threads may fill blocks side by side.
    kept_in_memory: Option<usize>,
}

/// What a writer tells its upload.
#[derive(Debug)]
pub(super) enum Message {
    /// A block is full.
    Block(usize, Filled),
    /// Blocks that Keep has, from this number on.
    Known(usize, Vec<Locator>),
    /// These blocks are a layer.
    Layer(Layer, Vec<usize>),
    /// No buffer is free, so that no block will come before one is stored.
    Starved,
}

impl Writer {
    /// Creates it; blocks are filled in these buffers. Two threads may fill some side by side if it is said how many full
    /// ones they may keep back.
    pub(super) fn new(
        buffers: Arc<Buffers>,
        messages: mpsc::UnboundedSender<Message>,
        kept_in_memory: Option<usize>,
    ) -> Self {
        Self {
            buffers,
            messages,
            next: Arc::default(),
            kept_in_memory,
        }
    }

    /// Takes blocks that are known to be in Keep; returns the numbers that they get.
    pub(super) fn refer(&mut self, blocks: Vec<Locator>) -> Vec<usize> {
        let count = blocks.len();
        let first = self.next.fetch_add(count, Ordering::Relaxed);
        // If the upload was closed, the next block tells.
        let _ = self.messages.send(Message::Known(first, blocks));
        (first..first + count).collect()
    }
}

impl BlockSink for Writer {
    fn buffer(&mut self) -> Result<Vec<u8>, SinkClosed> {
        let messages = &self.messages;
        let buffer = self.buffers.take(|| {
            // A closed upload has closed the buffers, too.
            let _ = messages.send(Message::Starved);
        });
        buffer.ok_or(SinkClosed)
    }

    fn submit(&mut self, block: Vec<u8>) -> Result<usize, SinkClosed> {
        assert!(
            (1..=MAXIMUM_SIZE).contains(&block.len()),
            "a block has 1 byte to 64 MiB"
        );
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let block = Filled::new(block, self.buffers.clone());
        self.messages
            .send(Message::Block(number, block))
            .map_err(|_| SinkClosed)?;
        Ok(number)
    }

    fn second(&mut self) -> Option<Second> {
        let kept_in_memory = self.kept_in_memory?;
        let second = Self {
            buffers: self.buffers.clone(),
            messages: self.messages.clone(),
            next: self.next.clone(),
            kept_in_memory: None,
        };
        Some(Second {
            sink: Box::new(second),
            kept_in_memory,
        })
    }

    fn give_up(&mut self) {
        self.buffers.close();
    }

    fn verified(&mut self, layer: Layer, blocks: &[usize]) {
        let _ = self.messages.send(Message::Layer(layer, blocks.to_vec()));
    }
}
