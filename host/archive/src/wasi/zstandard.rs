//! Takes off Zstandard's compression, without the C library that the native host uses.

use std::io::{self, BufRead, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// How many bytes are decoded before they are handed on.
const STEP: usize = 128 << 10;

/// The largest window that Zstandard data may ask for.
const WINDOW: u64 = 128 << 20;

/// The bytes of one frame without their compression.
pub(crate) struct Zstandard<B: BufRead> {
    source: B,
    decoder: Box<FrameDecoder>,
    state: State,
}

#[derive(PartialEq)]
enum State {
    Before,
    Inside,
    After,
}

impl<B: BufRead> Zstandard<B> {
    /// Begins before a frame.
    pub(crate) fn new(source: B) -> io::Result<Self> {
        let mut decoder = Box::new(FrameDecoder::new());
        decoder.set_max_window_size(WINDOW);
        Ok(Zstandard {
            source,
            decoder,
            state: State::Before,
        })
    }

    /// Returns where the compressed bytes come from, at the end of the frame.
    pub(crate) fn into_source(self) -> B {
        self.source
    }

    /// Reads the header of the frame. One that is to be skipped is passed over.
    fn begin(&mut self) -> io::Result<()> {
        match self.decoder.reset(&mut self.source) {
            Ok(()) => self.state = State::Inside,
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length,
                ..
            })) => {
                let length = u64::from(length);
                let skipped = Read::by_ref(&mut self.source).take(length);
                if io::copy(&mut { skipped }, &mut io::sink())? < length {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                self.state = State::After;
            }
            Err(error) => return Err(io::Error::other(error)),
        }
        Ok(())
    }
}

impl<B: BufRead> Read for Zstandard<B> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.state == State::Before {
            self.begin()?;
        }
        while self.state == State::Inside {
            let count = self.decoder.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            if self.decoder.is_finished() {
                self.state = State::After;
            } else {
                self.decoder
                    .decode_blocks(&mut self.source, BlockDecodingStrategy::UptoBytes(STEP))
                    .map_err(io::Error::other)?;
            }
        }
        Ok(0)
    }
}
