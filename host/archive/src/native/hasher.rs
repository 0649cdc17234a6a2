//! The computation of SHA-256 digests on a thread of their own.

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
    Finish(Lane),
}

/// Computes digests on another thread, so that hashing and reading overlap.
///
/// Chunks come back for reuse: the memory in use is bounded by what may wait.
pub(crate) struct Hasher {
    messages: SyncSender<Message>,
    used: Receiver<Vec<u8>>,
    digests: Receiver<Digest>,
}

impl Hasher {
    /// Starts the thread. It ends when the hasher is dropped.
    pub(crate) fn start() -> Self {
        let (messages, inbox) = sync_channel(WAITING);
        let (give_back, used) = channel();
        let (answer, digests) = channel();
        thread::spawn(move || run(&inbox, &give_back, &answer));
        Hasher {
            messages,
            used,
            digests,
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
        self.messages
            .send(Message::Update(lane, chunk))
            .expect("the hashing thread lives as long as its hasher");
    }

    /// Ends a digest, returns it, and begins the lane anew.
    pub(crate) fn finish(&self, lane: Lane) -> Digest {
        self.messages
            .send(Message::Finish(lane))
            .expect("the hashing thread lives as long as its hasher");
        self.digests
            .recv()
            .expect("the hashing thread answers every question")
    }
}

fn run(inbox: &Receiver<Message>, give_back: &Sender<Vec<u8>>, answer: &Sender<Digest>) {
    let mut raw = Sha256::new();
    let mut plain = Sha256::new();
    for message in inbox {
        match message {
            Message::Update(lane, chunk) => {
                match lane {
                    Lane::Raw => raw.update(&chunk),
                    Lane::Plain => plain.update(&chunk),
                }
                // The other end may be gone already; then nobody needs the chunk.
                let _ = give_back.send(chunk);
            }
            Message::Finish(lane) => {
                let state = match lane {
                    Lane::Raw => &mut raw,
                    Lane::Plain => &mut plain,
                };
                let _ = answer.send(Digest::from(<[u8; 32]>::from(state.finalize_reset())));
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
}
