//! The side of an upload on which an archive is read: full blocks go in, and what is known of layers.

use std::sync::Arc;

use keepdocker_terms::layering::Layer;
use tokio::sync::mpsc;

use super::buffers::{Buffers, Filled};
use super::{Locator, MAXIMUM_SIZE};
use crate::archive::{BlockSink, SinkClosed};

/// Where an archive's blocks go. Dropping it says that there are no more.
#[derive(Debug)]
pub(crate) struct Writer {
    buffers: Arc<Buffers>,
    messages: mpsc::UnboundedSender<Message>,
    next: usize,
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
    /// Creates it; blocks are filled in these buffers.
    pub(super) fn new(buffers: Arc<Buffers>, messages: mpsc::UnboundedSender<Message>) -> Self {
        Self {
            buffers,
            messages,
            next: 0,
        }
    }

    /// Takes blocks that are known to be in Keep; returns the numbers that they get.
    pub(super) fn refer(&mut self, blocks: Vec<Locator>) -> Vec<usize> {
        let first = self.next;
        self.next += blocks.len();
        // If the upload was closed, the next block tells.
        let _ = self.messages.send(Message::Known(first, blocks));
        (first..self.next).collect()
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
        let number = self.next;
        self.next += 1;
        let block = Filled::new(block, self.buffers.clone());
        self.messages
            .send(Message::Block(number, block))
            .map_err(|_| SinkClosed)?;
        Ok(number)
    }

    fn verified(&mut self, layer: Layer, blocks: &[usize]) {
        let _ = self.messages.send(Message::Layer(layer, blocks.to_vec()));
    }
}
