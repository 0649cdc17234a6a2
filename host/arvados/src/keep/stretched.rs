//! An archive in Keep of which a little is read: what is passed over is not fetched.

use std::io::{self, Read};

use bytes::Bytes;

use super::locator::Locator;
use keepdocker_archive::Passable;

/// How many bytes are fetched beyond those that are wanted: the headers of small members follow each
/// other.
const AHEAD: usize = 64 << 10;

/// How many bytes are fetched at most. A file may be put together of stretches of the same few blocks,
/// so that each look at a header costs another block.
const MOST_BYTES: usize = 8 << 30;

/// A stretch of bytes in one block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// The block.
    pub block: Locator,
    /// Where in the block the stretch begins, in bytes.
    pub start: usize,
    /// How many bytes it has, at least 1.
    pub length: usize,
}

/// Returns at least so many bytes from a block's beginning.
pub type Fetch<'a> = &'a mut dyn FnMut(&Locator, usize) -> io::Result<Bytes>;

/// The bytes of some stretches, fetched when they are read.
pub struct Stretched<'a> {
    stretches: Vec<Stretch>,
    /// Which stretch is being read, and how much of it was.
    at: usize,
    passed: usize,
    /// The block that was read last, or its beginning.
    current: Option<(Locator, Bytes)>,
    fetched: usize,
    fetch: Fetch<'a>,
}

impl<'a> Stretched<'a> {
    /// Begins before the first byte. Nothing is fetched.
    #[must_use]
    pub fn new(stretches: Vec<Stretch>, fetch: Fetch<'a>) -> Self {
        Self {
            stretches,
            at: 0,
            passed: 0,
            current: None,
            fetched: 0,
            fetch,
        }
    }

    /// Goes on to the stretch that holds the next byte, and returns it; none at the end.
    fn stretch(&mut self) -> Option<Stretch> {
        while let Some(stretch) = self.stretches.get(self.at) {
            if self.passed < stretch.length {
                return Some(stretch.clone());
            }
            self.at += 1;
            self.passed = 0;
        }
        None
    }

    /// Returns the bytes of a block from its beginning, as far as they are at hand: at least one more
    /// than `position`.
    fn block(&mut self, locator: &Locator, position: usize) -> io::Result<Bytes> {
        let size = locator.block().size as usize;
        let mut wanted = size;
        if let Some((held, bytes)) = &self.current
            && held.block() == locator.block()
        {
            if position < bytes.len() {
                return Ok(bytes.clone());
            }
            // What lies near was not enough, so more will be wanted.
        } else if (position + AHEAD) * 2 < size {
            wanted = position + AHEAD;
        }
        self.fetched += wanted;
        if self.fetched > MOST_BYTES {
            return Err(io::Error::other(
                "its members lie in so many blocks that it takes too long to look at them",
            ));
        }
        let bytes = (self.fetch)(locator, wanted)?;
        if bytes.len() <= position {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.current = Some((locator.clone(), bytes.clone()));
        Ok(bytes)
    }
}

impl Read for Stretched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(stretch) = self.stretch().filter(|_| !buffer.is_empty()) else {
            return Ok(0);
        };
        let position = stretch.start + self.passed;
        let bytes = self.block(&stretch.block, position)?;
        let end = bytes.len().min(stretch.start + stretch.length);
        let count = buffer.len().min(end - position);
        buffer[..count].copy_from_slice(&bytes[position..position + count]);
        self.passed += count;
        Ok(count)
    }
}

impl Passable for Stretched<'_> {
    fn skip(&mut self, mut count: u64) -> io::Result<()> {
        while count > 0 {
            let stretch = self.stretch().ok_or(io::ErrorKind::UnexpectedEof)?;
            let left = stretch.length - self.passed;
            let step = usize::try_from(count).unwrap_or(left).min(left);
            self.passed += step;
            count -= step as u64;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretch(letter: &str, size: usize, start: usize, length: usize) -> Stretch {
        let block = format!("{}+{size}", letter.repeat(32)).parse().unwrap();
        Stretch {
            block,
            start,
            length,
        }
    }

    /// Each block holds its place in itself, modulo 251.
    fn bytes(length: usize) -> Bytes {
        (0..length).map(|place| (place % 251) as u8).collect()
    }

    #[test]
    fn only_what_is_read_is_fetched() {
        let mut asked = Vec::new();
        let mut fetch = |locator: &Locator, length: usize| {
            asked.push((locator.block().to_string()[..1].to_owned(), length));
            Ok(bytes(length))
        };
        let large = 64 << 20;
        let mut read = Stretched::new(
            vec![
                stretch("a", large, 0, large),
                stretch("b", large, 0, large),
                stretch("c", 1000, 10, 500),
                stretch("d", large, 5, 5),
            ],
            &mut fetch,
        );
        let mut buffer = [0; 512];
        read.read_exact(&mut buffer).unwrap();
        assert_eq!(buffer[..], bytes(512)[..]);
        read.skip(2 * large as u64 - 512 + 490).unwrap();
        let mut buffer = [0; 15];
        read.read_exact(&mut buffer).unwrap();
        assert_eq!(buffer[..10], bytes(510)[500..]);
        assert_eq!(buffer[10..], bytes(10)[5..]);
        assert_eq!(read.read(&mut buffer).unwrap(), 0);
        assert!(read.skip(1).is_err());
        drop(read);
        assert_eq!(
            asked,
            [
                ("a".to_owned(), AHEAD),
                ("c".to_owned(), 1000),
                ("d".to_owned(), 5 + AHEAD)
            ]
        );
    }

    #[test]
    fn a_second_look_fetches_the_whole_block() {
        let mut asked = Vec::new();
        let mut fetch = |_: &Locator, length: usize| {
            asked.push(length);
            Ok(bytes(length))
        };
        let large = 64 << 20;
        let mut read = Stretched::new(vec![stretch("a", large, 0, large)], &mut fetch);
        let mut buffer = [0; 1];
        for _ in 0..3 {
            read.read_exact(&mut buffer).unwrap();
            read.skip(AHEAD as u64).unwrap();
        }
        drop(read);
        assert_eq!(asked, [AHEAD, large]);
    }

    #[test]
    fn a_file_that_is_scattered_beyond_measure_is_given_up() {
        let block = bytes(64 << 10);
        let mut fetch = |_: &Locator, _: usize| Ok(block.clone());
        // A header at the end of one block, then at the end of the other, and so on.
        let size = 64 << 10;
        let many = MOST_BYTES / size + 2;
        let stretches = (0..many)
            .map(|n| stretch(if n % 2 == 0 { "a" } else { "b" }, size, size - 1, 1))
            .collect();
        let mut read = Stretched::new(stretches, &mut fetch);
        let error = io::copy(&mut read, &mut io::sink()).unwrap_err();
        assert!(error.to_string().contains("takes too long"), "{error}");
    }
}
