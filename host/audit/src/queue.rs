//! Lines on their way to the files of a log, on a thread of their own.
//!
//! The answers to a listing are long: to hash and compress them takes as long as to read them. The
//! component goes on meanwhile, up to the next thing that must be in the log before it is done. Nobody
//! waits for ever: a disk that does not answer holds up this thread alone.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use super::options::Error;
use super::waiting::{SILENT, Waiting};
use super::writer::{Draft, Writer};

/// So many lines may wait; whoever has one more waits for them.
const LONGEST: usize = 4;

/// Something to be done with the files, and whom to tell how it went.
type Job = Box<dyn FnOnce(&mut Outlet) + Send>;

/// Writes lines in the order in which they are handed over.
#[derive(Debug)]
pub(super) struct Queue {
    jobs: Sender<Job>,
    room: Arc<Room>,
    waiting: Waiting,
}

/// How many lines wait that nobody waits for.
#[derive(Debug, Default)]
struct Room {
    taken: Mutex<usize>,
    freed: Condvar,
}

impl Room {
    /// Takes a place, once there is one.
    fn take(&self, waiting: &Waiting) -> Result<(), Error> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut taken, ended) = self
            .freed
            .wait_timeout_while(taken, waiting.answer, |taken| *taken >= LONGEST)
            .unwrap_or_else(PoisonError::into_inner);
        if ended.timed_out() {
            return Err(waiting.give_up());
        }
        *taken += 1;
        Ok(())
    }

    fn free(&self) {
        *self.taken.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.freed.notify_one();
    }
}

/// The files, and what went wrong with them while nobody waited.
struct Outlet {
    writer: Writer,
    failure: Option<Error>,
}

impl Queue {
    /// Starts the thread, which makes the files first; it ends when the queue is dropped and everything
    /// is written.
    ///
    /// # Errors
    /// If the system gives no thread, or as `make`.
    pub(super) fn new(
        make: impl FnOnce() -> Result<Writer, Error> + Send + 'static,
        waiting: Waiting,
    ) -> Result<(Self, String), Error> {
        let (jobs, received) = channel::<Job>();
        let (tell, told) = sync_channel(1);
        thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || {
                let writer = match make() {
                    Ok(writer) => writer,
                    Err(error) => {
                        let _ = tell.send(Err(error));
                        return;
                    }
                };
                let _ = tell.send(Ok(writer.run().to_owned()));
                let mut outlet = Outlet {
                    writer,
                    failure: None,
                };
                for job in received {
                    job(&mut outlet);
                }
            })
            .map_err(Error::Thread)?;
        let run = await_answer(&told, &waiting)?;
        let queue = Self {
            jobs,
            room: Arc::default(),
            waiting,
        };
        Ok((queue, run))
    }

    /// Hands a line over; whether it could be written is told to whoever waits next.
    ///
    /// # Errors
    /// If nothing is written any more.
    pub(super) fn put(&self, draft: Draft) -> Result<(), Error> {
        self.room.take(&self.waiting)?;
        let room = self.room.clone();
        let job = move |outlet: &mut Outlet| {
            if outlet.failure.is_none() {
                outlet.failure = outlet.writer.write(draft).err();
            }
            room.free();
        };
        self.jobs.send(Box::new(job)).map_err(|_| Error::Broken)
    }

    /// Does something with the files once all lines before are written, and waits for that, though not
    /// for ever.
    ///
    /// # Errors
    /// If a line before could not be written: then nothing is done. Otherwise as `work`.
    pub(super) fn wait(
        &self,
        work: impl FnOnce(&mut Writer) -> Result<(), Error> + Send + 'static,
    ) -> Result<(), Error> {
        let (tell, told) = sync_channel(1);
        let job = move |outlet: &mut Outlet| {
            let done = match outlet.failure.take() {
                Some(failure) => Err(failure),
                None => work(&mut outlet.writer),
            };
            // It waits, or has broken off for good.
            let _ = tell.send(done);
        };
        self.jobs
            .send(Box::new(job))
            .map_err(|_| Error::Broken)
            .and_then(|()| await_answer(&told, &self.waiting))
    }
}

/// Waits for what the thread says of a job; after some time the user is told, and later it is given up.
fn await_answer<T>(told: &Receiver<Result<T, Error>>, waiting: &Waiting) -> Result<T, Error> {
    // Of the lock on the heads the thread itself tells, and with better words.
    let first = SILENT + SILENT / 2;
    let answer = match told.recv_timeout(first) {
        Err(RecvTimeoutError::Timeout) => {
            waiting.tell_of_silence();
            told.recv_timeout(waiting.answer.saturating_sub(first))
        }
        answer => answer,
    };
    match answer {
        Ok(answer) => answer,
        Err(RecvTimeoutError::Timeout) => Err(waiting.give_up()),
        Err(RecvTimeoutError::Disconnected) => Err(Error::Broken),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::options::{OnFailure, Options};
    use crate::program::{Program, Undisturbed};

    /// Notes that somebody was warned.
    struct Told(AtomicBool);

    impl Program for Told {
        fn warn(&self, _: &str) {
            self.0.store(true, Ordering::SeqCst);
        }

        fn ending_signal(&self) -> Option<i32> {
            None
        }
    }

    fn queue(folder: &std::path::Path) -> Queue {
        let options = Options {
            directory: folder.join("audit"),
            ..Options::default()
        };
        let waiting = Waiting::new(
            OnFailure::Continue,
            &options.directory,
            Arc::new(Undisturbed),
        );
        let make = {
            let waiting = waiting.clone();
            move || Writer::create(&options, waiting)
        };
        Queue::new(make, waiting).unwrap().0
    }

    fn draft(length: usize) -> Draft {
        Draft {
            values: vec![(
                ("answer", "answer_value"),
                format!("\"{}\"", "x".repeat(length)),
            )],
            ..Draft::default()
        }
    }

    #[test]
    fn lines_are_written_in_order_and_before_whoever_waits_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let queue = queue(folder.path());
        for length in [100_000, 1, 200_000, 2] {
            queue.put(draft(length)).unwrap();
        }
        let place = folder.path().join("audit");
        queue
            .wait(move |writer| {
                let text = std::fs::read_to_string(writer.path()).unwrap();
                let sizes = [100_002, 3, 200_002, 4];
                assert_eq!(text.lines().count(), sizes.len());
                for ((line, size), number) in text.lines().zip(sizes).zip(0..) {
                    let value: serde_json::Value = serde_json::from_str(line).unwrap();
                    assert_eq!(value["seq"], number);
                    let short = value["answer"].as_str().map(|text| text.len() + 2);
                    let long = || value["answer_value"]["size"].as_u64().unwrap() as usize;
                    assert_eq!(short.unwrap_or_else(long), size);
                }
                assert!(place.is_dir());
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn a_line_that_was_lost_meanwhile_stops_whoever_waits_next() {
        let folder = tempfile::tempdir().unwrap();
        let queue = queue(folder.path());
        std::fs::remove_dir_all(folder.path().join("audit")).unwrap();
        // The file for long values cannot be made any more.
        queue.put(draft(100_000)).unwrap();
        let is_done = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&is_done);
        let waited = queue.wait(move |_| {
            seen.store(true, Ordering::SeqCst);
            Ok(())
        });
        assert!(matches!(waited, Err(Error::File { .. })), "{waited:?}");
        assert!(!is_done.load(Ordering::SeqCst));
    }

    #[test]
    fn a_breakdown_is_told_and_does_not_hang() {
        let folder = tempfile::tempdir().unwrap();
        let queue = queue(folder.path());
        let waited = queue.wait(|_| panic!("as planned"));
        assert!(matches!(waited, Err(Error::Broken)));
        assert!(matches!(queue.wait(|_| Ok(())), Err(Error::Broken)));
    }

    #[test]
    fn a_disk_that_does_not_answer_is_told_of_and_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let mut queue = queue(folder.path());
        let told = Arc::new(Told(AtomicBool::new(false)));
        queue.waiting = Waiting::new(OnFailure::Continue, folder.path(), told.clone());
        queue.waiting.answer = std::time::Duration::from_secs(2);
        let (release, released) = channel::<()>();
        let waited = queue.wait(move |_| {
            let _ = released.recv();
            Ok(())
        });
        assert!(matches!(waited, Err(Error::Silent { .. })), "{waited:?}");
        assert!(told.0.load(Ordering::SeqCst));
        // Nor does anybody hang who only hands lines over.
        queue.waiting.answer = std::time::Duration::from_millis(10);
        let puts: Vec<_> = (0..=LONGEST).map(|_| queue.put(draft(1))).collect();
        assert!(matches!(puts.last(), Some(Err(Error::Silent { .. }))));
        drop(release);
    }
}
