//! Takes off Zstandard's compression.

use std::io::{self, BufRead, Read};

use zstd::stream::read::Decoder;

/// The largest window that Zstandard data may ask for, as a power of two: 128 MiB, which is what `zstd`
/// takes without an option too.
const WINDOW_LOG: u32 = 27;

/// The bytes of one frame without their compression.
pub(crate) struct Zstandard<B: BufRead>(Box<Decoder<'static, B>>);

impl<B: BufRead> Zstandard<B> {
    /// Begins before a frame.
    pub(crate) fn new(source: B) -> io::Result<Self> {
        let mut decoder = Decoder::with_buffer(source)?;
        decoder.window_log_max(WINDOW_LOG)?;
        Ok(Zstandard(Box::new(decoder.single_frame())))
    }

    /// Returns where the compressed bytes come from, at the end of the frame.
    pub(crate) fn into_source(self) -> B {
        self.0.finish()
    }
}

impl<B: BufRead> Read for Zstandard<B> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| {
            // The library has no number for it here but these words.
            match error.to_string().contains("too much memory") {
                true => io::Error::other(
                    "it needs a window of more than 128 MiB, which is the limit; unpack it with `zstd -d --long=31`",
                ),
                false => error,
            }
        })
    }
}
