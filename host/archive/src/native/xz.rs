//! Takes off the compression of xz.

use std::io::{self, BufRead, Read};

use liblzma::bufread::XzDecoder;
use liblzma::stream::{Error, Stream};

/// The most memory that a stream may ask for: that of a dictionary of 128 MiB, twice what the highest
/// level of `xz` takes.
const MEMORY: u64 = (128 << 20) + (1 << 20);

/// The bytes of one stream without their compression.
pub(crate) struct Xz<B: BufRead>(Box<XzDecoder<B>>);

impl<B: BufRead> Xz<B> {
    /// Begins before a stream.
    pub(crate) fn new(source: B) -> io::Result<Self> {
        let stream = Stream::new_stream_decoder(MEMORY, 0)?;
        Ok(Xz(Box::new(XzDecoder::new_stream(source, stream))))
    }

    /// Returns where the compressed bytes come from, at the end of the stream.
    pub(crate) fn into_source(self) -> B {
        self.0.into_inner()
    }
}

impl<B: BufRead> Read for Xz<B> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| {
            let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
            match inner {
                Some(Error::MemLimit) => io::Error::other(
                    "it needs a dictionary of more than 128 MiB, which is the limit; unpack it with `xz -d`",
                ),
                _ => error,
            }
        })
    }
}
