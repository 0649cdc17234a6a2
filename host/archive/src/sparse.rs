//! Files with holes: where their data lie, and how their bytes are put together again.

use std::io::{self, Read};
use std::sync::Arc;

use tar::{GnuExtSparseHeader, GnuSparseHeader};

use super::error::Fault;
use super::header::DAMAGED;

/// The most zeros that the holes of one member make.
pub(crate) const MOST_ZEROS: u64 = 16 << 30;

/// The most pieces of data in one member.
const MOST_PIECES: usize = 65_536;

/// Where the data of a file with holes lie in it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Map {
    /// Where each piece of data begins, and how long it is, in order.
    pieces: Vec<(u64, u64)>,
    size: u64,
}

/// A map under construction.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Pieces(Vec<(u64, u64)>);

impl Pieces {
    /// Adds a piece.
    pub(crate) fn push(&mut self, start: u64, length: u64) -> Result<(), Fault> {
        if self.0.len() == MOST_PIECES {
            return Err(Fault::TooMuch {
                what: "has too many holes",
                limit: MOST_PIECES as u64,
            });
        }
        self.0.push((start, length));
        Ok(())
    }

    /// Adds the pieces of an old header.
    pub(crate) fn push_old(&mut self, fields: &[GnuSparseHeader]) -> Result<(), Fault> {
        for field in fields.iter().filter(|field| !field.is_empty()) {
            let start = field.offset().map_err(|_| DAMAGED)?;
            self.push(start, field.length().map_err(|_| DAMAGED)?)?;
        }
        Ok(())
    }

    /// Adds the pieces that an extension of an old header holds, and tells whether another follows.
    pub(crate) fn push_extension(&mut self, unit: &[u8; 512]) -> Result<bool, Fault> {
        let mut extension = GnuExtSparseHeader::new();
        extension.as_mut_bytes().copy_from_slice(unit);
        let before = self.0.len();
        self.push_old(extension.sparse())?;
        // One that says nothing and goes on might do so for ever.
        match extension.is_extended() && self.0.len() == before {
            true => Err(DAMAGED),
            false => Ok(extension.is_extended()),
        }
    }

    /// Adds the pieces that a list of numbers names, two for each.
    pub(crate) fn push_list<'a>(
        &mut self,
        mut numbers: impl Iterator<Item = &'a [u8]>,
    ) -> Result<(), Fault> {
        while let Some(start) = numbers.next() {
            let length = numbers.next().ok_or(DAMAGED)?;
            self.push(number(start)?, number(length)?)?;
        }
        Ok(())
    }

    /// Makes the map of a file that is `size` bytes long, of which `stored` are there.
    pub(crate) fn finish(self, size: u64, stored: u64) -> Result<Map, Fault> {
        let mut at = 0;
        let mut data: u64 = 0;
        for (start, length) in &self.0 {
            let end = start.checked_add(*length).ok_or(DAMAGED)?;
            if *start < at || end > size {
                return Err(DAMAGED);
            }
            at = end;
            // No overflow: the pieces lie in the file, one after the other.
            data += length;
        }
        if data != stored {
            return Err(DAMAGED);
        }
        if size - data > MOST_ZEROS {
            return Err(Fault::TooMuch {
                what: "has holes of too many bytes",
                limit: MOST_ZEROS,
            });
        }
        Ok(Map {
            pieces: self.0,
            size,
        })
    }
}

/// Reads a decimal number.
pub(crate) fn number(digits: &[u8]) -> Result<u64, Fault> {
    str::from_utf8(digits)
        .ok()
        .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|text| text.parse().ok())
        .ok_or(DAMAGED)
}

impl Map {
    /// Returns the length of the file with its holes.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }
}

/// Reads the data of a file with holes, which stand one after the other, and the zeros between.
#[derive(Debug, Clone)]
pub(crate) struct Filler {
    map: Arc<Map>,
    next: usize,
    at: u64,
}

impl Filler {
    /// Begins at the start of the file.
    pub(crate) fn new(map: Arc<Map>) -> Self {
        Filler {
            map,
            next: 0,
            at: 0,
        }
    }

    /// Fills a part of the buffer; data come from `data`.
    pub(crate) fn read(&mut self, buffer: &mut [u8], data: &mut impl Read) -> io::Result<usize> {
        while let Some((start, length)) = self.map.pieces.get(self.next) {
            if self.at < start + length {
                break;
            }
            self.next += 1;
        }
        let (end, is_data) = match self.map.pieces.get(self.next) {
            None => (self.map.size, false),
            Some((start, _)) if self.at < *start => (*start, false),
            Some((start, length)) => (start + length, true),
        };
        let most = usize::try_from(end - self.at).unwrap_or(usize::MAX);
        let most = most.min(buffer.len());
        let buffer = &mut buffer[..most];
        let count = match is_data {
            true => data.read(buffer)?,
            false => {
                buffer.fill(0);
                most
            }
        };
        if is_data && count == 0 && most > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.at += count as u64;
        Ok(count)
    }
}

/// A reader of a file with holes.
pub(crate) struct Filled<R> {
    pub(crate) data: R,
    pub(crate) filler: Filler,
}

impl<R: Read> Read for Filled<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.filler.read(buffer, &mut self.data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pieces: &[(u64, u64)], size: u64, stored: u64) -> Result<Map, Fault> {
        Pieces(pieces.to_vec()).finish(size, stored)
    }

    #[test]
    fn holes_are_filled_with_zeros() {
        let map = map(&[(2, 3), (5, 0), (8, 2), (12, 0)], 12, 5).unwrap();
        let mut filled = Filled {
            data: &b"abcde"[..],
            filler: Filler::new(Arc::new(map)),
        };
        let mut bytes = Vec::new();
        filled.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, b"\0\0abc\0\0\0de\0\0");
    }

    #[test]
    fn pieces_that_cannot_be_are_refused() {
        for (pieces, size, stored) in [
            (&[(2, 3), (4, 1)][..], 10, 4),
            (&[(2, 9)], 10, 9),
            (&[(2, 3)], 10, 4),
            (&[(u64::MAX, 2)], 10, 2),
            (&[(5, 1), (2, 1)], 10, 2),
        ] {
            assert_eq!(map(pieces, size, stored), Err(DAMAGED), "{pieces:?}");
        }
        assert!(matches!(
            map(&[], MOST_ZEROS + 1, 0),
            Err(Fault::TooMuch { .. })
        ));
        assert!(number(b"+1").is_err());
    }
}
