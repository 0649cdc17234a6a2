//! Reads a member to its end: hashes it, takes its compression off, and makes blocks of it unless it is small.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::blocks::{Blocks, Header, Heading};
use super::canonical;
use super::content::{Content, Hashing, Taker, pass};
use super::cutting::Cutting;
use super::decode::{self, Compression};
use super::documents;
use super::error::{Error, Fault, Subject};
use super::held::{Keeper, Room};
use super::length_hint::LengthHint;
use super::sink::{BlockSink, Second};
use crate::machine::hasher::Hasher;
use keepdocker_terms::digest::Digest;

/// What a layer will be if the archive says the truth.
pub(crate) struct Promise {
    /// Its digest without compression.
    pub(crate) digest: Digest,
    /// Its length as it stands in the archive.
    pub(crate) stored: u64,
    /// What may tell its length without compression.
    pub(crate) hint: Option<LengthHint>,
}

impl Promise {
    /// Tells when the header of what is promised is written, if it is stored with this compression.
    fn heading(self, compression: Compression) -> Heading {
        match (compression, self.hint) {
            (Compression::None, _) => Heading::Now(Box::new(header(&self.digest, self.stored))),
            (_, Some(hint)) => Heading::Soon(Box::new(move || {
                let length = hint()?;
                Some(header(&self.digest, length))
            })),
            (_, None) => Heading::Last,
        }
    }
}

fn header(digest: &Digest, length: u64) -> Header {
    canonical::header(&canonical::layer_name(digest), length)
}

/// What unpacks one member at a time.
pub(crate) struct Unpacker<'a> {
    hasher: Hasher,
    pub(crate) blocks: Blocks<'a>,
    cutting: Cutting,
    /// Whether a large layer begins a block.
    is_layered: bool,
    /// What it has in common with another one.
    room: Option<Arc<Room>>,
}

/// What became of a member.
pub(crate) enum Unpacked {
    /// These bytes, which are set aside.
    Small(Vec<u8>),
    /// These blocks, with header and padding.
    Blocks { numbers: Vec<usize>, length: u64 },
    /// A part of the run of blocks that is under construction.
    Run,
}

impl<'a> Unpacker<'a> {
    /// Begins with nothing.
    pub(crate) fn new(sink: Box<dyn BlockSink + 'a>, cutting: Cutting, is_layered: bool) -> Self {
        Unpacker {
            hasher: Hasher::start(),
            blocks: Blocks::new(sink, cutting),
            cutting,
            is_layered,
            room: None,
        }
    }

    /// Makes another one for the same archive, if the sink has room for two. Temporary files would be made in
    /// `folder`.
    pub(crate) fn second(&mut self, folder: &Path) -> Option<(Unpacker<'static>, Arc<Room>)> {
        if !self.is_layered {
            // All members are one run.
            return None;
        }
        let Second {
            sink,
            kept_in_memory,
        } = self.blocks.second_sink()?;
        let room = Room::new(kept_in_memory);
        let mut second = Unpacker::new(sink, self.cutting, self.is_layered);
        let keeper = || Keeper::beside_another(room.clone(), folder);
        self.blocks.kept_by(keeper());
        second.blocks.kept_by(keeper());
        self.room = Some(room.clone());
        second.room = Some(room.clone());
        Some((second, room))
    }

    /// Reads a member. With `may_be_document`, what begins like JSON counts as small as long as it may be a document.
    /// Nothing comes of it if the promise has a hint that was false: it is to be read once more, without it.
    ///
    /// # Errors
    /// If it cannot be read, or is not what was promised.
    pub(crate) fn unpack(
        &mut self,
        reader: impl Read,
        name: &str,
        promise: Option<Promise>,
        may_be_document: bool,
    ) -> Result<(Content, Option<Unpacked>), Error> {
        let failed = |error| Error::reading(Subject::Member(name.to_owned()), error);
        let (compression, reader) = decode::peek(reader).map_err(failed)?;
        let promised = promise.as_ref().map(|promise| promise.digest);
        let heading = match promise {
            Some(promise) => promise.heading(compression),
            None => Heading::Last,
        };
        let hashing = Hashing {
            hasher: &self.hasher,
            room: self.room.as_deref(),
        };
        let mut member = Member {
            blocks: &mut self.blocks,
            large: self.cutting.large,
            may_be_document,
            heading: Some(heading),
            waiting: Vec::new(),
            begins_like_json: false,
        };
        let content = pass(reader, name, hashing, &mut member)?;
        if !member.is_large() {
            return Ok((content, Some(Unpacked::Small(member.waiting))));
        }
        let (digest, length) = content.plain;
        let header = header(&digest, length);
        if !self.blocks.end_member(&header)? {
            // What was written of it is wrong, and cannot be called back.
            if compression != Compression::None {
                let _ = self.blocks.take()?;
                return Ok((content, None));
            }
            return Err(Error::member(
                name,
                Fault::WrongDigest {
                    found: digest,
                    promised: promised.unwrap_or(digest),
                    by: "the image's config or its name",
                },
            ));
        }
        if !self.is_layered {
            return Ok((content, Some(Unpacked::Run)));
        }
        let (numbers, length) = self.blocks.take()?;
        Ok((content, Some(Unpacked::Blocks { numbers, length })))
    }

    /// Reads a member to its end as [`Unpacker::unpack`] does, and keeps nothing of it.
    pub(crate) fn check(&self, reader: impl Read, name: &str) -> Result<Content, Error> {
        let hashing = Hashing {
            hasher: &self.hasher,
            room: self.room.as_deref(),
        };
        pass(reader, name, hashing, |_: &[u8]| Ok(()))
    }
}

/// A member on its way: into blocks, or aside while it may be small.
struct Member<'a, 's> {
    blocks: &'a mut Blocks<'s>,
    /// From which size on it is large.
    large: u64,
    may_be_document: bool,
    /// When its header is written. None once it is known to be large, and has begun.
    heading: Option<Heading>,
    /// What was read of it before that.
    waiting: Vec<u8>,
    begins_like_json: bool,
}

impl Member<'_, '_> {
    fn is_large(&self) -> bool {
        self.heading.is_none()
    }
}

impl Taker for &mut Member<'_, '_> {
    fn take(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if self.is_large() {
            return self.blocks.append(bytes);
        }
        if self.waiting.is_empty() {
            self.begins_like_json = self.may_be_document && documents::begins(bytes);
        }
        self.waiting.extend_from_slice(bytes);
        let limit = match self.begins_like_json {
            true => documents::LONGEST + 1,
            false => self.large,
        };
        if self.waiting.len() as u64 >= limit
            && let Some(heading) = self.heading.take()
        {
            self.blocks.begin_member(heading)?;
            self.blocks.append(&std::mem::take(&mut self.waiting))?;
        }
        Ok(())
    }

    fn space(&mut self) -> Result<Option<&mut [u8]>, Error> {
        match self.is_large() {
            true => self.blocks.space().map(Some),
            false => Ok(None),
        }
    }

    fn put(&mut self, count: usize) -> Result<(), Error> {
        self.blocks.put(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::fixtures::{MemorySink, SMALL, gzip};

    fn unpack(stored: &[u8], room: Option<Arc<Room>>) -> (Content, Vec<Vec<u8>>) {
        let mut sink = MemorySink::new();
        let mut unpacker = Unpacker::new(Box::new(&mut sink), SMALL, true);
        unpacker.room = room;
        let (content, unpacked) = unpacker.unpack(stored, "layer.tar", None, false).unwrap();
        assert!(matches!(unpacked, Some(Unpacked::Blocks { .. })));
        drop(unpacker);
        (content, sink.blocks)
    }

    #[test]
    fn whoever_hashes_finds_the_same_and_fills_the_same_blocks() {
        for size in [2000, 4096, 70_001, 300_000, 700_000] {
            let plain: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
            for stored in [gzip(&plain), plain.clone()] {
                let alone = unpack(&stored, None);
                assert_eq!(unpack(&stored, Some(Room::crowded())), alone, "{size}");
                assert_eq!(alone.0.plain, (Digest::of(&plain), size as u64));
                assert_eq!(alone.0.raw, (Digest::of(&stored), stored.len() as u64));
            }
        }
    }
}
