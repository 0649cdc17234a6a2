//! Takes off Zstandard's compression, without the C library that the native host uses.

use std::io::{self, BufRead, Read};

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// How many bytes are decoded before they are handed on.
const STEP: usize = 128 << 10;

/// The bytes of one or more frames without their compression.
pub(crate) struct Zstandard<B: BufRead> {
    source: B,
    decoder: Box<FrameDecoder>,
    /// Whether the decoder is inside a frame.
    is_begun: bool,
}

impl<B: BufRead> Zstandard<B> {
    /// Begins before the first frame.
    pub(crate) fn new(source: B) -> io::Result<Self> {
        Ok(Zstandard {
            source,
            decoder: Box::new(FrameDecoder::new()),
            is_begun: false,
        })
    }

    /// Returns where the compressed bytes come from.
    pub(crate) fn source(&self) -> &B {
        &self.source
    }
}

impl<B: BufRead> Read for Zstandard<B> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.is_begun {
                let count = self.decoder.read(buffer)?;
                if count > 0 || buffer.is_empty() {
                    return Ok(count);
                }
                if !self.decoder.is_finished() {
                    self.decoder
                        .decode_blocks(&mut self.source, BlockDecodingStrategy::UptoBytes(STEP))
                        .map_err(io::Error::other)?;
                    continue;
                }
                self.is_begun = false;
            }
            if self.source.fill_buf()?.is_empty() {
                return Ok(0);
            }
            match self.decoder.reset(&mut self.source) {
                Ok(()) => self.is_begun = true,
                Err(error) => return Err(io::Error::other(error)),
            }
        }
    }
}
