//! MD5 of several messages at the same time, on one core.
//!
//! Each step of MD5 needs the result of the one before, so one message leaves most of a core idle.
//! Messages do not need each other: they go through the steps side by side, as lanes. Keep's
//! protocol has nothing but MD5, and its blocks are large and many.
//!
//! How fast that is, and what else was tried, is in `docs/notes/performance.md`.
//!
//! MD5 protects nobody from whoever makes two messages of one digest; what must be protected is
//! verified by SHA-256 elsewhere.

mod compression;
mod lanes;

use compression::{CHUNK, INITIAL, compress};
use lanes::{Lanes, Pair, Quad, Single};

/// A digest.
pub type Digest = [u8; 16];

/// How many messages are hashed side by side at most; of more, the rest waits.
const MOST_LANES: usize = Quad::COUNT;

/// Returns the digest of one message, by the fastest implementation for one: that of `fast-md5`, which
/// did 710 MB a second where `md-5` did 560 and `md5` 530.
pub fn digest(message: &[u8]) -> Digest {
    fast_md5::digest(message)
}

/// Returns the digests of messages of any lengths, in their order.
///
/// Messages of about the same length are fastest: lanes go empty where one is longer than others.
pub fn digests(messages: &[&[u8]]) -> Vec<Digest> {
    let mut digests = Vec::with_capacity(messages.len());
    for some in messages.chunks(MOST_LANES) {
        match some {
            [one] => digests.push(digest(one)),
            several => digests.extend(side_by_side(several)),
        }
    }
    digests
}

/// A message on its way through.
struct Message<'a> {
    state: [u32; 4],
    rest: &'a [[u8; CHUNK]],
}

fn side_by_side(messages: &[&[u8]]) -> Vec<Digest> {
    let mut running: Vec<Message<'_>> = messages
        .iter()
        .map(|message| Message {
            state: INITIAL,
            rest: message.as_chunks().0,
        })
        .collect();
    advance(&mut running);
    // What is left of each is shorter than a chunk, and is one or two with the padding.
    let endings: Vec<Vec<u8>> = messages.iter().map(|message| ending(message)).collect();
    for (message, ending) in running.iter_mut().zip(&endings) {
        message.rest = ending.as_chunks().0;
    }
    advance(&mut running);
    running
        .iter()
        .map(|message| {
            let mut digest = [0; 16];
            for (bytes, word) in digest.chunks_exact_mut(4).zip(message.state) {
                bytes.copy_from_slice(&word.to_le_bytes());
            }
            digest
        })
        .collect()
}

/// Takes all messages to the end of what they have.
fn advance(messages: &mut [Message<'_>]) {
    loop {
        let mut active: Vec<&mut Message<'_>> = messages
            .iter_mut()
            .filter(|message| !message.rest.is_empty())
            .collect();
        match active.len() {
            0 => return,
            1 => run::<Single>(&mut active),
            2 => run::<Pair>(&mut active),
            _ => run::<Quad>(&mut active),
        }
    }
}

/// Takes the messages, of which there are no more than lanes, as far as the shortest goes.
fn run<L: Lanes>(messages: &mut [&mut Message<'_>]) {
    let count = messages
        .iter()
        .map(|message| message.rest.len())
        .min()
        .unwrap_or(0);
    // A lane without a message does what the first does.
    let lane = |lane: usize| if lane < messages.len() { lane } else { 0 };
    let parts: [&[[u8; CHUNK]]; MOST_LANES] =
        std::array::from_fn(|index| &messages[lane(index)].rest[..count]);
    let mut state: [L; 4] =
        std::array::from_fn(|word| L::from_lanes(|index| messages[lane(index)].state[word]));
    compress(&mut state, &parts, count);
    for (index, message) in messages.iter_mut().enumerate() {
        message.state = state.map(|word| word.lane(index));
        message.rest = &message.rest[count..];
    }
}

/// Returns the bytes of a message after its last whole chunk, with the padding of RFC 1321.
fn ending(message: &[u8]) -> Vec<u8> {
    let mut ending = message.as_chunks::<CHUNK>().1.to_vec();
    ending.push(0x80);
    // The length takes eight bytes at the end of a chunk.
    let length = (ending.len() + 8).next_multiple_of(CHUNK);
    ending.resize(length - 8, 0);
    let bits = (message.len() as u64).wrapping_mul(8);
    ending.extend_from_slice(&bits.to_le_bytes());
    ending
}

#[cfg(test)]
mod tests {
    use md5::{Digest as _, Md5};
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn check(messages: &[Vec<u8>]) -> Result<(), TestCaseError> {
        let slices: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
        let expected: Vec<Digest> = messages.iter().map(|it| Md5::digest(it).into()).collect();
        prop_assert_eq!(digests(&slices), expected);
        Ok(())
    }

    proptest! {
        #[test]
        fn the_digests_are_those_of_another_implementation(
            messages in vec(vec(any::<u8>(), 0..400), 0..12),
        ) {
            check(&messages)?;
        }

        #[test]
        fn long_and_equal_messages_too(
            lanes in 1usize..=5, length in 0usize..5000, seed: u64, shorter in 0usize..130,
        ) {
            let messages: Vec<Vec<u8>> = (0..lanes as u64)
                .map(|lane| {
                    let length = length - length.min(shorter * lane as usize);
                    (0..length as u64)
                        .map(|at| (seed ^ at.wrapping_mul(lane + 1)).to_le_bytes()[(at % 8) as usize])
                        .collect()
                })
                .collect();
            check(&messages)?;
        }
    }

    #[test]
    fn padding_is_right_for_every_length() {
        for length in 0..200 {
            let message = |fill| vec![fill; length];
            check(&[message(1), message(2)]).unwrap();
            check(&[message(1), message(2), message(3), message(4)]).unwrap();
        }
    }

    #[test]
    fn nothing_has_no_digests() {
        assert!(digests(&[]).is_empty());
    }
}
