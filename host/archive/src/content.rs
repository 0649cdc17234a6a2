//! What a member holds: read to its end, hashed with its compression and without, and compared with
//! what was promised of it.

use std::io::{self, Read};

use super::decode::{self, Compression, Decoder};
use super::documents;
use super::entry::Layer;
use super::error::{Error, Fault, Subject};
use super::held::Room;
use crate::machine::hasher::{CHUNK, Hasher, Lane};
use keepdocker_terms::digest::Digest;

/// What a member was found to be, once its last byte was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Content {
    /// The digest and length of the bytes as they stand in the archive.
    pub(crate) raw: (Digest, u64),
    /// The digest and length without compression.
    pub(crate) plain: (Digest, u64),
}

impl Content {
    /// Compares the content with what a member's name, manifest and config promise.
    pub(crate) fn verify(&self, layer: &Layer, diff_id: &Digest) -> Result<(), Error> {
        let wrong = |found, promised, by| {
            Err(Error::member(
                layer.member.clone(),
                Fault::WrongDigest {
                    found,
                    promised,
                    by,
                },
            ))
        };
        if let Some(blob) = &layer.blob {
            if self.raw.0 != blob.digest {
                return wrong(self.raw.0, blob.digest, "the image's manifest");
            }
            if let Some(promised) = blob.size.filter(|size| *size != self.raw.1) {
                return Err(Error::member(
                    layer.member.clone(),
                    Fault::WrongSize {
                        found: self.raw.1,
                        promised,
                    },
                ));
            }
        }
        if self.plain.0 != *diff_id {
            return wrong(self.plain.0, *diff_id, "the image's config");
        }
        self.verify_name(&layer.member)
    }

    /// Compares the content with what the member's name promises.
    pub(crate) fn verify_name(&self, member: &str) -> Result<(), Error> {
        match documents::promised_by_name(member) {
            Some(promised) if promised != self.raw.0 => Err(Error::member(
                member,
                Fault::WrongDigest {
                    found: self.raw.0,
                    promised,
                    by: "its name",
                },
            )),
            _ => Ok(()),
        }
    }
}

/// Takes the bytes of a member, without compression.
pub(crate) trait Taker {
    /// Takes some.
    fn take(&mut self, bytes: &[u8]) -> Result<(), Error>;

    /// Returns where the next bytes can be put, if they need not be copied there.
    fn space(&mut self) -> Result<Option<&mut [u8]>, Error> {
        Ok(None)
    }

    /// Takes so many bytes, which were put into the space.
    fn put(&mut self, count: usize) -> Result<(), Error> {
        debug_assert_eq!(count, 0, "there was a space for them");
        Ok(())
    }
}

impl<F: FnMut(&[u8]) -> Result<(), Error>> Taker for F {
    fn take(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self(bytes)
    }
}

/// What hashes a member, and on which thread.
#[derive(Clone, Copy)]
pub(crate) struct Hashing<'a> {
    pub(crate) hasher: &'a Hasher,
    /// Who else is at work.
    pub(crate) room: Option<&'a Room>,
}

impl Hashing<'_> {
    /// Tells whether the thread that reads should hash as well: the other processors have their own work, and what was read
    /// is still in the cache of this one.
    fn is_here(self) -> bool {
        self.room.is_some_and(Room::is_crowded)
    }
}

/// Reads a member to its end; gives its bytes without compression to `taker`.
pub(crate) fn pass(
    reader: impl Read,
    name: &str,
    hashing: Hashing<'_>,
    mut taker: impl Taker,
) -> Result<Content, Error> {
    let hasher = hashing.hasher;
    let failed = |error| Error::reading(Subject::Member(name.to_owned()), error);
    let (compression, reader) = decode::peek(reader).map_err(failed)?;
    let mut raw_length = 0;
    let plain_length;
    let raw;
    let plain;
    if compression == Compression::None {
        plain_length = pass_plain(reader, hashing, &failed, &mut taker)?;
        raw_length = plain_length;
        plain = hasher.finish(Lane::Plain);
        raw = plain;
    } else {
        let tee = Tee {
            inner: reader,
            hashing,
            length: &mut raw_length,
            waiting: Vec::with_capacity(CHUNK),
        };
        let decoder = Decoder::new(compression, tee).map_err(failed)?;
        plain_length = pass_plain(decoder, hashing, &failed, &mut taker)?;
        plain = hasher.finish(Lane::Plain);
        raw = hasher.finish(Lane::Raw);
    }
    Ok(Content {
        raw: (raw, raw_length),
        plain: (plain, plain_length),
    })
}

fn pass_plain(
    mut reader: impl Read,
    hashing: Hashing<'_>,
    failed: &impl Fn(io::Error) -> Error,
    taker: &mut impl Taker,
) -> Result<u64, Error> {
    let hasher = hashing.hasher;
    let mut length = 0;
    loop {
        if hashing.is_here()
            && let Some(space) = taker.space()?
        {
            let filled = fill(&mut reader, space).map_err(failed)?;
            let is_all = filled < space.len();
            hasher.update_here(Lane::Plain, &space[..filled]);
            length += filled as u64;
            taker.put(filled)?;
            if is_all {
                return Ok(length);
            }
            continue;
        }
        let mut chunk = hasher.chunk();
        let filled = fill(&mut reader, &mut chunk).map_err(failed)?;
        chunk.truncate(filled);
        length += filled as u64;
        if filled > 0 {
            taker.take(&chunk)?;
            hasher.update(Lane::Plain, chunk);
        }
        if filled < CHUNK {
            return Ok(length);
        }
    }
}

/// Fills a buffer, if there is enough for it. Returns how many bytes there were.
fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Hashes bytes on their way to a decoder.
struct Tee<'a, R> {
    inner: R,
    hashing: Hashing<'a>,
    length: &'a mut u64,
    /// What was read and not handed on: a network gives little at a time.
    waiting: Vec<u8>,
}

impl<R: Read> Read for Tee<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        *self.length += count as u64;
        let hasher = self.hashing.hasher;
        let mut bytes = &buffer[..count];
        if self.hashing.is_here() {
            self.hand_on();
            hasher.update_here(Lane::Raw, bytes);
            return Ok(count);
        }
        while self.waiting.len() + bytes.len() >= CHUNK {
            let (now, later) = bytes.split_at(CHUNK - self.waiting.len());
            self.waiting.extend_from_slice(now);
            let mut empty = hasher.chunk();
            empty.clear();
            let full = std::mem::replace(&mut self.waiting, empty);
            hasher.update(Lane::Raw, full);
            bytes = later;
        }
        self.waiting.extend_from_slice(bytes);
        Ok(count)
    }
}

impl<R> Tee<'_, R> {
    /// Hands on what waits.
    fn hand_on(&mut self) {
        if !self.waiting.is_empty() {
            let waiting = std::mem::take(&mut self.waiting);
            self.hashing.hasher.update(Lane::Raw, waiting);
        }
    }
}

impl<R> Drop for Tee<'_, R> {
    fn drop(&mut self) {
        self.hand_on();
    }
}
