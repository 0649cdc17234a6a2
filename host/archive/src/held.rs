//! The first block of a layer, kept back until the layer has ended and its header is known.
//!
//! The buffers of a sink are few. One unpacker keeps its block in the buffer that it filled; two that do so leave
//! hardly any, and wait for each other. So two share a [`Room`], which says how many such blocks stay in
//! memory, and what has no place there goes to a file without a name. Where none can be written, it stays in
//! memory all the same: that is slower, but as long as there are more buffers than unpackers, one is left, which is
//! filled, handed over and comes back.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::error::Error;
use crate::machine::aside::Aside;

/// What two unpackers have in common that are at work side by side.
pub(crate) struct Room {
    state: Mutex<State>,
    /// How many blocks may be kept in memory while both are at work.
    most: usize,
    /// Whether there are fewer processors than two unpackers could use with a hashing thread each.
    has_few_processors: bool,
}

#[derive(Default)]
struct State {
    /// How many blocks are kept in memory.
    kept: usize,
    /// How many unpackers are at work.
    unpackers: usize,
    is_given_up: bool,
}

impl Room {
    /// Makes room for `most` blocks in memory.
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Room {
            state: Mutex::default(),
            most,
            has_few_processors: thread::available_parallelism().is_ok_and(|count| count.get() < 4),
        })
    }

    /// Counts an unpacker in. It must leave when its work has ended.
    pub(crate) fn enter(&self) {
        self.lock().unpackers += 1;
    }

    /// Counts an unpacker out, which keeps no block any more.
    pub(crate) fn leave(&self) {
        self.lock().unpackers -= 1;
    }

    /// Says that all work is in vain.
    pub(crate) fn give_up(&self) {
        self.lock().is_given_up = true;
    }

    /// Tells whether all work is in vain.
    pub(crate) fn is_given_up(&self) -> bool {
        self.lock().is_given_up
    }

    /// Tells whether all processors have work enough: two unpackers, and what hashes and sends their blocks.
    pub(crate) fn is_crowded(&self) -> bool {
        self.lock().unpackers > 1 && self.has_few_processors
    }

    /// Tells whether one more block should stay in memory.
    fn has_place(&self) -> bool {
        let state = self.lock();
        state.unpackers < 2 || state.kept < self.most
    }

    /// Counts a block that stays in memory.
    fn place(self: &Arc<Self>) -> Place {
        self.lock().kept += 1;
        Place(self.clone())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is sound after each statement, so a panic elsewhere does not matter.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of a block that stays in memory. Dropping it makes room for another one.
pub(crate) struct Place(Arc<Room>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.lock().kept -= 1;
    }
}

/// Keeps blocks back for one unpacker, one at a time.
#[derive(Default)]
pub(crate) struct Keeper {
    /// What the other unpacker and this one have in common, if there is another one.
    shared: Option<(Arc<Room>, Aside)>,
}

/// A block that is kept back.
pub(crate) enum Held {
    /// In the buffer in which it was filled, at the place that it was given if there are others.
    Memory {
        block: Vec<u8>,
        _place: Option<Place>,
    },
    /// In the file of its keeper.
    Aside,
}

impl Held {
    fn in_memory(block: Vec<u8>, _place: Option<Place>) -> Self {
        Held::Memory { block, _place }
    }
}

impl Keeper {
    /// Keeps blocks in memory as far as there is room. A temporary file would be made in `folder`.
    pub(crate) fn beside_another(room: Arc<Room>, folder: &Path) -> Self {
        Keeper {
            shared: Some((room, Aside::new(folder))),
        }
    }

    /// Keeps a block. Returns its buffer, empty, if that is not needed for it.
    pub(crate) fn keep(&mut self, mut block: Vec<u8>) -> (Held, Option<Vec<u8>>) {
        let Some((room, aside)) = &mut self.shared else {
            return (Held::in_memory(block, None), None);
        };
        if !room.has_place() && aside.write(&block).is_ok() {
            block.clear();
            return (Held::Aside, Some(block));
        }
        let place = room.place();
        (Held::in_memory(block, Some(place)), None)
    }

    /// Reads the block that was set aside into an empty buffer.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub(crate) fn read(&mut self, buffer: &mut Vec<u8>) -> Result<(), Error> {
        match &mut self.shared {
            Some((_, aside)) => aside.read(buffer),
            None => unreachable!("only who works beside another sets blocks aside"),
        }
    }
}

#[cfg(test)]
impl Room {
    /// Makes a room where two are at work, and no processor is to spare.
    pub(crate) fn crowded() -> Arc<Self> {
        Arc::new(Room {
            state: Mutex::new(State {
                unpackers: 2,
                ..State::default()
            }),
            most: 0,
            has_few_processors: true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keeper(room: &Arc<Room>, folder: &Path) -> Keeper {
        room.enter();
        Keeper::beside_another(room.clone(), folder)
    }

    fn block() -> Vec<u8> {
        b"block".to_vec()
    }

    #[test]
    fn what_has_no_place_in_memory_goes_to_a_file_and_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let room = Room::new(1);
        let (mut one, mut other) = (keeper(&room, folder.path()), keeper(&room, folder.path()));
        let first = one.keep(block());
        assert!(matches!(&first, (Held::Memory { block: kept, .. }, None) if *kept == block()));
        for text in [&b"a long text"[..], b"short", b""] {
            let (Held::Aside, Some(mut buffer)) = other.keep(text.to_vec()) else {
                panic!("there is no place for it");
            };
            assert!(buffer.is_empty());
            other.read(&mut buffer).unwrap();
            assert_eq!(buffer, text);
        }
        drop(first);
        assert!(matches!(other.keep(block()), (Held::Memory { .. }, None)));
        // The file has no name.
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }

    #[test]
    fn who_is_left_alone_writes_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let room = Room::new(0);
        let (mut one, _other) = (keeper(&room, folder.path()), keeper(&room, folder.path()));
        assert!(matches!(one.keep(block()), (Held::Aside, Some(_))));
        room.leave();
        assert!(matches!(one.keep(block()), (Held::Memory { .. }, None)));
    }

    #[test]
    fn where_no_file_can_be_written_blocks_stay_in_memory() {
        let room = Room::new(0);
        let nowhere = Path::new("/nonexistent");
        for mut keeper in [keeper(&room, nowhere), keeper(&room, nowhere)] {
            assert!(matches!(keeper.keep(block()), (Held::Memory { .. }, None)));
        }
    }
}
