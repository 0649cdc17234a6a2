//! SHA-256 digests, and their computation on a thread of their own.

use std::fmt;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use sha2::{Digest as _, Sha256};

/// How many bytes travel to the hashing thread at once.
pub(crate) const CHUNK: usize = 256 << 10;

/// How many chunks may wait for the hashing thread.
const WAITING: usize = 16;

/// A SHA-256 digest.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Returns the digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Digest(Sha256::digest(bytes).into())
    }

    /// Reads `sha256:` and 64 lower-case hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        Self::from_hex(text.strip_prefix("sha256:")?)
    }

    /// Reads 64 lower-case hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return None;
        }
        let value = |digit: u8| match digit {
            b'0'..=b'9' => Some(digit - b'0'),
            b'a'..=b'f' => Some(digit - b'a' + 10),
            _ => None,
        };
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = value(pair[0])? << 4 | value(pair[1])?;
        }
        Some(Digest(bytes))
    }

    /// Returns the 64 hexadecimal digits alone.
    pub fn hex(&self) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        self.0
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 15])
            .map(|nibble| char::from(DIGITS[usize::from(nibble)]))
            .collect()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

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
                let _ = answer.send(Digest(state.finalize_reset().into()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_read_as_they_are_written() {
        let digest = Digest::of(b"abc");
        assert_eq!(
            digest.to_string(),
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(Digest::parse(&digest.to_string()), Some(digest));
        for wrong in ["", "sha256:", "sha256:BA", &digest.hex(), "sha512:00"] {
            assert_eq!(Digest::parse(wrong), None, "{wrong}");
        }
        assert_eq!(Digest::from_hex(&digest.hex().to_uppercase()), None);
    }

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
