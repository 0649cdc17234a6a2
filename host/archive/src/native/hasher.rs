//! The computation of SHA-256 digests on a thread of their own.

use std::cell::RefCell;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use sha2::{Digest as _, Sha256};

use keepdocker_terms::digest::Digest;

/// How many bytes travel to the hashing thread at once.
pub(crate) const CHUNK: usize = 256 << 10;

/// How many chunks may wait for the hashing thread.
const WAITING: usize = 8;

/// Which of two digests that run at the same time is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// The bytes as they stand in the archive.
    Raw,
    /// The same without compression.
    Plain,
}

/// What the hashing thread is told.
enum Message {
    Update(Lane, Vec<u8>),
    /// Somebody else goes on with the lane.
    Lend(Lane),
    /// It comes back.
    Back(Lane, Sha256),
    Finish(Lane),
}

/// What the hashing thread answers.
enum Answer {
    Lent(Sha256),
    Finished(Digest),
}

/// Computes digests on another thread, so that hashing and reading overlap; on the caller's, if that is better.
///
/// Chunks come back for reuse: the memory in use is bounded by what may wait.
pub(crate) struct Hasher {
    messages: SyncSender<Message>,
    used: Receiver<Vec<u8>>,
    answers: Receiver<Answer>,
    /// The lanes that are here: the raw one, and the plain one.
    here: RefCell<[Option<Sha256>; 2]>,
}

impl Hasher {
    /// Starts the thread. It ends when the hasher is dropped.
    pub(crate) fn start() -> Self {
        let (messages, inbox) = sync_channel(WAITING);
        let (give_back, used) = channel();
        let (answer, answers) = channel();
        thread::spawn(move || run(&inbox, &give_back, &answer));
        Hasher {
            messages,
            used,
            answers,
            here: RefCell::default(),
        }
    }

    /// Returns a chunk of [`CHUNK`] bytes to fill; what it holds is of no meaning.
    pub(crate) fn chunk(&self) -> Vec<u8> {
        match self.used.try_recv() {
            Ok(mut chunk) => {
                chunk.resize(CHUNK, 0);
                chunk
            }
            Err(_) => vec![0; CHUNK],
        }
    }

    /// Adds bytes to a digest.
    pub(crate) fn update(&self, lane: Lane, chunk: Vec<u8>) {
        if let Some(state) = self.take(lane) {
            self.tell(Message::Back(lane, state));
        }
        self.tell(Message::Update(lane, chunk));
    }

    /// Adds bytes to a digest on the caller's thread, after all that was added before.
    pub(crate) fn update_here(&self, lane: Lane, bytes: &[u8]) {
        let mut state = self.take(lane).unwrap_or_else(|| {
            self.tell(Message::Lend(lane));
            match self.answer() {
                Answer::Lent(state) => state,
                Answer::Finished(_) => unreachable!("each question waits for its answer"),
            }
        });
        state.update(bytes);
        self.here.borrow_mut()[lane as usize] = Some(state);
    }

    /// Ends a digest, returns it, and begins the lane anew.
    pub(crate) fn finish(&self, lane: Lane) -> Digest {
        if let Some(state) = self.take(lane) {
            // The thread has begun it anew when it lent it.
            return digest(state);
        }
        self.tell(Message::Finish(lane));
        match self.answer() {
            Answer::Finished(digest) => digest,
            Answer::Lent(_) => unreachable!("each question waits for its answer"),
        }
    }

    /// Takes a lane that is here.
    fn take(&self, lane: Lane) -> Option<Sha256> {
        self.here.borrow_mut()[lane as usize].take()
    }

    fn tell(&self, message: Message) {
        self.messages
            .send(message)
            .expect("the hashing thread lives as long as its hasher");
    }

    fn answer(&self) -> Answer {
        self.answers
            .recv()
            .expect("the hashing thread answers every question")
    }
}

fn digest(state: Sha256) -> Digest {
    Digest::from(<[u8; 32]>::from(state.finalize()))
}

fn run(inbox: &Receiver<Message>, give_back: &Sender<Vec<u8>>, answer: &Sender<Answer>) {
    let mut lanes = [Sha256::new(), Sha256::new()];
    for message in inbox {
        match message {
            Message::Update(lane, chunk) => {
                lanes[lane as usize].update(&chunk);
                // The other end may be gone already; then nobody needs the chunk.
                let _ = give_back.send(chunk);
            }
            Message::Lend(lane) => {
                let _ = answer.send(Answer::Lent(std::mem::take(&mut lanes[lane as usize])));
            }
            Message::Back(lane, state) => lanes[lane as usize] = state,
            Message::Finish(lane) => {
                let state = std::mem::take(&mut lanes[lane as usize]);
                let _ = answer.send(Answer::Finished(digest(state)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_do_not_mix() {
        let hasher = Hasher::start();
        hasher.update(Lane::Raw, b"a".to_vec());
        hasher.update(Lane::Plain, b"ab".to_vec());
        hasher.update(Lane::Plain, b"c".to_vec());
        assert_eq!(hasher.finish(Lane::Plain), Digest::of(b"abc"));
        assert_eq!(hasher.finish(Lane::Raw), Digest::of(b"a"));
        assert_eq!(hasher.finish(Lane::Raw), Digest::of(b""));
    }

    #[test]
    fn a_digest_may_go_from_thread_to_thread() {
        let hasher = Hasher::start();
        for text in [&b"abcdef"[..], b"ghijkl"] {
            hasher.update_here(Lane::Raw, b"1");
            for (at, byte) in text.iter().enumerate() {
                match at % 3 {
                    0 => hasher.update(Lane::Plain, vec![*byte]),
                    _ => hasher.update_here(Lane::Plain, &[*byte]),
                }
            }
            hasher.update(Lane::Raw, b"2".to_vec());
            assert_eq!(hasher.finish(Lane::Plain), Digest::of(text));
            assert_eq!(hasher.finish(Lane::Raw), Digest::of(b"12"));
        }
    }
}
