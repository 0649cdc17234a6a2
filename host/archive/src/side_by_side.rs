//! Reads the layers of an image, two at a time where the sink has room for that.
//!
//! Decompression takes most of the time, and a compressed layer can be read only from its beginning to its
//! end. So a second thread takes the next layer, while the first one is at work on its own. Both take
//! layers in their order, which is the order in which they come from a registry. Where the first block of a
//! layer waits meanwhile, and why neither thread waits for ever, stands in `held.rs`.
//!
//! Less waits where the end of a compressed layer can be read first, which tells its length (`length_hint.rs`). A
//! layer of which that was false is read once more.
//!
//! The first failure ends both, and is the one that is told.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{panic, thread};

use super::content::Content;
use super::cutting::Cutting;
use super::decode::{self, Compression};
use super::entry::Layer;
use super::error::{Error, SourceFailure, Subject};
use super::held::Room;
use super::intake::{Intake, Places};
use super::length_hint::{self, LengthHint};
use super::source::Progress;
use super::tar_file::Data;
use super::unpacker::{Promise, Unpacked, Unpacker};
use crate::machine::store::Store;
use keepdocker_terms::digest::Digest;

/// A member that is to be read.
pub(crate) struct Task<'a> {
    /// The layers that it is, at least one, with the diff ID of each.
    pub(crate) layers: Vec<(&'a Layer, &'a Digest)>,
    /// Whether it is verified, and nothing is kept of it: an earlier member is the same layer.
    pub(crate) is_known: bool,
}

impl Task<'_> {
    fn layer(&self) -> &Layer {
        self.layers[0].0
    }
}

/// Takes in all these members of an archive.
///
/// # Errors
/// If one cannot be read or is not what is promised of it, or the sink takes no more.
pub(crate) fn read(
    store: &Store,
    tasks: &[Task<'_>],
    intake: &mut Intake<'_>,
    progress: Progress<'_>,
) -> Result<(), Error> {
    let (second, room) = match intake.second().filter(|_| tasks.len() > 1) {
        Some((second, room)) => (Some(second), room),
        None => (None, Room::new(0)),
    };
    let cutting = intake.cutting();
    let (first, places) = intake.parts();
    let work = Work {
        store,
        tasks,
        next: Mutex::new(0),
        progress: Mutex::new((0, progress)),
        places: Mutex::new(places),
        uncompressed: Mutex::default(),
        hints: second.is_some().then_some(cutting),
        room,
        failure: Mutex::default(),
    };
    match second {
        None => work.run(first),
        Some(mut second) => thread::scope(|scope| {
            let run = || work.run(&mut second);
            // Where there is no second thread to be had, the first one does all.
            let other = thread::Builder::new().spawn_scoped(scope, run);
            work.run(first);
            if let Ok(Err(panic)) = other.map(thread::ScopedJoinHandle::join) {
                panic::resume_unwind(panic);
            }
        }),
    }
    let failure = work.failure.into_inner();
    match failure.unwrap_or_else(PoisonError::into_inner) {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// What the threads have in common.
struct Work<'a> {
    store: &'a Store,
    tasks: &'a [Task<'a>],
    /// The task that nobody has begun.
    next: Mutex<usize>,
    /// How many bytes were read, and who wants to know.
    progress: Mutex<(u64, Progress<'a>)>,
    places: Mutex<&'a mut Places>,
    /// Is held while a layer without compression is read.
    uncompressed: Mutex<()>,
    /// How blocks are cut, if the ends of layers are read first: who works alone keeps blocks back at no cost.
    hints: Option<Cutting>,
    room: Arc<Room>,
    /// What failed first.
    failure: Mutex<Option<Error>>,
}

impl Work<'_> {
    /// Does tasks until there are none, or one of any thread has failed.
    fn run(&self, unpacker: &mut Unpacker<'_>) {
        self.room.enter();
        let mut turn = Turn {
            work: self,
            unpacker,
            is_done: false,
        };
        match self.all(turn.unpacker) {
            Ok(()) => turn.is_done = true,
            Err(error) => {
                locked(&self.failure).get_or_insert(error);
            }
        }
    }

    fn all(&self, unpacker: &mut Unpacker<'_>) -> Result<(), Error> {
        while let Some((task, data)) = self.next()? {
            self.one(task, data, unpacker)?;
        }
        Ok(())
    }

    /// Takes the next task, and opens its member. Members are opened in their order.
    fn next(&self) -> Result<Option<(&Task<'_>, Data<'_>)>, Error> {
        let mut next = locked(&self.next);
        let Some(task) = self.tasks.get(*next).filter(|_| !self.room.is_given_up()) else {
            return Ok(None);
        };
        *next += 1;
        Ok(Some((task, self.open(task)?)))
    }

    fn open(&self, task: &Task<'_>) -> Result<Data<'_>, Error> {
        let data = self.store.open(&task.layer().member)?;
        data.ok_or_else(|| self.store.refine(task.layer().missing()))
    }

    fn one(
        &self,
        task: &Task<'_>,
        data: Data<'_>,
        unpacker: &mut Unpacker<'_>,
    ) -> Result<(), Error> {
        if !task.is_known {
            let hint = self.hint(task, data.1);
            let (content, unpacked) = match self.unpack(task, data, hint, unpacker)? {
                // It is what was promised, and of another length than its end tells.
                (_, None) => self.unpack(task, self.open(task)?, None, unpacker)?,
                done => done,
            };
            let unpacked = unpacked.expect("what has no hint is not misjudged");
            let _ = locked(&self.places).add(&content, unpacked)?;
        } else {
            self.read(task, data.0, |reader| {
                let content = unpacker.check(reader, &task.layer().member)?;
                Ok((content, ()))
            })?;
        }
        for (_, diff_id) in &task.layers {
            locked(&self.places).tell(diff_id, unpacker);
        }
        Ok(())
    }

    /// Begins to ask for the end of a layer of so many bytes, if that is of use.
    fn hint(&self, task: &Task<'_>, stored: u64) -> Option<LengthHint> {
        let cutting = self.hints?;
        let is_of_use = cutting.is_worth_a_hint(stored);
        let ending = is_of_use.then(|| self.store.ending(&task.layer().member));
        let ending = ending.flatten()?;
        Some(Box::new(move || length_hint::of_gzip(ending()?, stored)))
    }

    fn unpack(
        &self,
        task: &Task<'_>,
        (reader, stored): Data<'_>,
        hint: Option<LengthHint>,
        unpacker: &mut Unpacker<'_>,
    ) -> Result<(Content, Option<Unpacked>), Error> {
        let promise = Promise {
            digest: *task.layers[0].1,
            stored,
            hint,
        };
        self.read(task, reader, |reader| {
            unpacker.unpack(reader, &task.layer().member, Some(promise), false)
        })
    }

    /// Has a layer read to its end, and compares it with all that is promised of it.
    fn read<'d, T>(
        &'d self,
        task: &Task<'_>,
        reader: Box<dyn Read + 'd>,
        read: impl FnOnce(&mut dyn Read) -> Result<(Content, T), Error>,
    ) -> Result<(Content, T), Error> {
        let member = &task.layer().member;
        let watched = Watched {
            inner: reader,
            work: self,
        };
        let failed = |error| Error::reading(Subject::Member(member.clone()), error);
        let (compression, mut reader) = decode::peek(watched).map_err(failed)?;
        // There two threads would only make two hands of a disk's one.
        let _turn = (compression == Compression::None).then(|| locked(&self.uncompressed));
        let (content, made) = read(&mut reader)?;
        for (layer, diff_id) in &task.layers {
            content.verify(layer, diff_id)?;
        }
        Ok((content, made))
    }
}

/// A thread's part in the work. Dropping it without its being done ends the other's.
struct Turn<'a, 'w, 's> {
    work: &'a Work<'w>,
    unpacker: &'a mut Unpacker<'s>,
    is_done: bool,
}

impl Drop for Turn<'_, '_, '_> {
    fn drop(&mut self) {
        if !self.is_done {
            self.work.room.give_up();
            self.unpacker.blocks.give_up();
            self.work.store.give_up();
        }
        self.work.room.leave();
    }
}

/// Reads a member, counts its bytes, and ends when another thread has given up.
struct Watched<'a, 'w, R> {
    inner: R,
    work: &'a Work<'w>,
}

impl<R: Read> Read for Watched<'_, '_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.work.room.is_given_up() {
            return Err(io::Error::other("another layer could not be read"));
        }
        let count = self
            .inner
            .read(buffer)
            .map_err(|error| SourceFailure::wrap(self.work.store.subject(), error))?;
        let mut progress = locked(&self.work.progress);
        progress.0 += count as u64;
        let sum = progress.0;
        (progress.1)(sum);
        Ok(count)
    }
}

/// What is behind these locks is sound after each statement, so a panic elsewhere does not matter.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
