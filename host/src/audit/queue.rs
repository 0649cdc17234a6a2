//! Lines on their way to the files of a log, on a thread of their own.
//!
//! The answers to a listing are long: to hash and compress them takes as long as to read them. The
//! component goes on meanwhile, up to the next thing that must be in the log before it is done.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use super::options::Error;
use super::writer::{Draft, Writer};

/// So many lines may wait; whoever has one more waits for them.
const LONGEST: usize = 4;

/// Something to be done with the files, and whom to tell how it went.
type Job = Box<dyn FnOnce(&mut Outlet) + Send>;

/// Writes lines in the order in which they are handed over.
#[derive(Debug)]
pub(super) struct Queue {
    jobs: SyncSender<Job>,
}

/// The files, and what went wrong with them while nobody waited.
struct Outlet {
    writer: Writer,
    failure: Option<Error>,
}

impl Queue {
    /// Starts the thread; it ends when the queue is dropped and everything is written.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub(super) fn new(writer: Writer) -> Result<Self, Error> {
        let (jobs, waiting) = sync_channel::<Job>(LONGEST);
        let mut outlet = Outlet {
            writer,
            failure: None,
        };
        let path = outlet.writer.path().to_owned();
        thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || {
                for job in waiting {
                    job(&mut outlet);
                }
            })
            .map_err(Error::file("cannot start a thread to write", path))?;
        Ok(Self { jobs })
    }

    /// Hands a line over; whether it could be written is told to whoever waits next.
    ///
    /// # Errors
    /// If nothing is written any more.
    pub(super) fn put(&self, draft: Draft) -> Result<(), Error> {
        let job = |outlet: &mut Outlet| {
            if outlet.failure.is_none() {
                outlet.failure = outlet.writer.write(draft).err();
            }
        };
        self.jobs.send(Box::new(job)).map_err(|_| Error::Broken)
    }

    /// Does something with the files once all lines before are written, and waits for that.
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
            .and_then(|()| told.recv().unwrap_or(Err(Error::Broken)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::audit::options::Options;

    fn queue(folder: &std::path::Path) -> Queue {
        let options = Options {
            directory: folder.join("audit"),
            ..Options::default()
        };
        Queue::new(Writer::create(&options).unwrap()).unwrap()
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
}
