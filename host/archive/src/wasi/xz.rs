//! The compression of xz, which takes a library in C that the native host has.

use std::io::{self, BufRead, Read};

/// What would be the bytes of one stream without their compression.
pub(crate) struct Xz<B: BufRead>(B);

impl<B: BufRead> Xz<B> {
    /// Says that it cannot be taken off here.
    pub(crate) fn new(_: B) -> io::Result<Self> {
        Err(io::Error::other(
            "xz is not supported by this program; unpack it with `xz -d`",
        ))
    }

    /// Returns where the compressed bytes come from.
    pub(crate) fn into_source(self) -> B {
        self.0
    }
}

impl<B: BufRead> Read for Xz<B> {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
