//! What a member holds: read to its end, hashed with its compression and without, and compared with
//! what was promised of it.

use std::io::{self, Read};

use super::decode::{self, Compression, Decoder};
use super::documents;
use super::entry::Layer;
use super::error::{Error, Fault, Subject};
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

/// Reads a member to its end; gives its bytes without compression to `keep`.
pub(crate) fn pass(
    reader: impl Read,
    name: &str,
    hasher: &Hasher,
    mut keep: impl FnMut(&[u8]) -> Result<(), Error>,
) -> Result<Content, Error> {
    let failed = |error| Error::reading(Subject::Member(name.to_owned()), error);
    let (compression, reader) = decode::peek(reader).map_err(failed)?;
    let mut raw_length = 0;
    let plain_length;
    let raw;
    let plain;
    if compression == Compression::None {
        plain_length = pass_plain(reader, hasher, &failed, &mut keep)?;
        raw_length = plain_length;
        plain = hasher.finish(Lane::Plain);
        raw = plain;
    } else {
        let tee = Tee {
            inner: reader,
            hasher,
            length: &mut raw_length,
            waiting: Vec::with_capacity(CHUNK),
        };
        let decoder = Decoder::new(compression, tee).map_err(failed)?;
        plain_length = pass_plain(decoder, hasher, &failed, &mut keep)?;
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
    hasher: &Hasher,
    failed: &impl Fn(io::Error) -> Error,
    keep: &mut impl FnMut(&[u8]) -> Result<(), Error>,
) -> Result<u64, Error> {
    let mut length = 0;
    loop {
        let mut chunk = hasher.chunk();
        let mut filled = 0;
        while filled < CHUNK {
            match reader.read(&mut chunk[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(failed(error)),
            }
        }
        chunk.truncate(filled);
        length += filled as u64;
        if filled > 0 {
            keep(&chunk)?;
            hasher.update(Lane::Plain, chunk);
        }
        if filled < CHUNK {
            return Ok(length);
        }
    }
}

/// Hashes bytes on their way to a decoder.
struct Tee<'a, R> {
    inner: R,
    hasher: &'a Hasher,
    length: &'a mut u64,
    /// What was read and not handed on: a network gives little at a time.
    waiting: Vec<u8>,
}

impl<R: Read> Read for Tee<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        *self.length += count as u64;
        let mut bytes = &buffer[..count];
        while self.waiting.len() + bytes.len() >= CHUNK {
            let (now, later) = bytes.split_at(CHUNK - self.waiting.len());
            self.waiting.extend_from_slice(now);
            let mut empty = self.hasher.chunk();
            empty.clear();
            let full = std::mem::replace(&mut self.waiting, empty);
            self.hasher.update(Lane::Raw, full);
            bytes = later;
        }
        self.waiting.extend_from_slice(bytes);
        Ok(count)
    }
}

impl<R> Drop for Tee<'_, R> {
    fn drop(&mut self) {
        if !self.waiting.is_empty() {
            self.hasher
                .update(Lane::Raw, std::mem::take(&mut self.waiting));
        }
    }
}
