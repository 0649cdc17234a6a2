//! Bytes that nothing makes smaller, the same in every run.

use std::io::{self, Read};

/// An endless stream of bytes that differ by their seed.
pub(crate) struct Noise {
    state: u64,
}

impl Noise {
    /// Begins the stream of a seed.
    pub(crate) fn new(seed: u64) -> Noise {
        Noise {
            // Any number but 0; seeds that are near give streams that are not.
            state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
        }
    }

    /// The first bytes of the stream of a seed.
    pub(crate) fn bytes(seed: u64, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        Noise::new(seed).read_exact(&mut bytes).unwrap();
        bytes
    }
}

impl Read for Noise {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // Whole words only, so that the stream does not depend on how it is read.
        if buffer.len() < 8 {
            let word = self.next().to_le_bytes();
            buffer.copy_from_slice(&word[..buffer.len()]);
            return Ok(buffer.len());
        }
        let mut words = buffer.chunks_exact_mut(8);
        let mut count = 0;
        for word in &mut words {
            word.copy_from_slice(&self.next().to_le_bytes());
            count += 8;
        }
        Ok(count)
    }
}

impl Noise {
    fn next(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }
}
