//! Takes off Zstandard's compression.

use std::io::{self, BufRead, Read};

use zstd::stream::read::Decoder;

/// The largest window that Zstandard data may ask for, as a power of two: 64 MiB.
const WINDOW_LOG: u32 = 26;

/// The bytes of one or more frames without their compression.
pub(crate) struct Zstandard<B: BufRead>(Box<Decoder<'static, B>>);

impl<B: BufRead> Zstandard<B> {
    /// Begins before the first frame.
    pub(crate) fn new(source: B) -> io::Result<Self> {
        let mut decoder = Decoder::with_buffer(source)?;
        decoder.window_log_max(WINDOW_LOG)?;
        Ok(Zstandard(Box::new(decoder)))
    }

    /// Returns where the compressed bytes come from.
    pub(crate) fn source(&self) -> &B {
        self.0.get_ref()
    }
}

impl<B: BufRead> Read for Zstandard<B> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(buffer)?;
        if count == 0 && !buffer.is_empty() && !self.0.get_mut().fill_buf()?.is_empty() {
            return Err(io::Error::other("data follow the compressed data"));
        }
        Ok(count)
    }
}
