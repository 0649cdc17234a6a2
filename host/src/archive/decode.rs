//! Takes off the compression of layers and archives.

use std::io::{self, BufReader, Cursor, Read};

use flate2::bufread::MultiGzDecoder;

use super::members::LARGEST;
use super::zstandard::Zstandard;

/// How far a decoder's output may exceed its input, once there is [`FREE`] of it.
///
/// Deflate cannot pass 1032. Zstandard can, for long runs of one byte, which no layer of use has.
const RATIO: u64 = 2048;

/// The output that no ratio is asked of.
const FREE: u64 = 256 << 20;

/// How bytes are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    Gzip,
    Zstd,
    /// One that is known by its first bytes, and not supported.
    Other(&'static str),
}

impl Compression {
    /// How many bytes are enough to recognise it.
    pub(crate) const ENOUGH: usize = 6;

    /// Recognises compression by the first bytes.
    pub(crate) fn of(start: &[u8]) -> Self {
        match start {
            [0x1f, 0x8b, ..] => Compression::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Compression::Zstd,
            // Skippable frames may precede the data.
            [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Compression::Zstd,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Compression::Other("xz"),
            [b'B', b'Z', b'h', b'1'..=b'9', b'1', b'A', ..] => Compression::Other("bzip2"),
            _ => Compression::None,
        }
    }
}

/// Reads the first bytes of `reader`, and returns them with a reader of all bytes.
pub(crate) fn peek<R: Read>(mut reader: R) -> io::Result<(Compression, impl Read + use<R>)> {
    let mut start = Vec::with_capacity(Compression::ENOUGH);
    Read::by_ref(&mut reader)
        .take(Compression::ENOUGH as u64)
        .read_to_end(&mut start)?;
    let compression = Compression::of(&start);
    Ok((compression, Cursor::new(start).chain(reader)))
}

/// Bytes without their compression, bounded.
pub(crate) struct Decoder<R: Read> {
    inner: Inner<R>,
    output: u64,
}

enum Inner<R: Read> {
    Plain(R),
    Gzip(Box<MultiGzDecoder<BufReader<Metered<R>>>>),
    Zstd(Zstandard<BufReader<Metered<R>>>),
}

/// Counts what passes.
struct Metered<R> {
    inner: R,
    count: u64,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.count += count as u64;
        Ok(count)
    }
}

impl<R: Read> Decoder<R> {
    /// Takes `compression` off what `reader` gives.
    ///
    /// # Errors
    /// If that compression is not supported.
    pub(crate) fn new(compression: Compression, reader: R) -> io::Result<Self> {
        let metered = |inner| BufReader::with_capacity(64 << 10, Metered { inner, count: 0 });
        let inner = match compression {
            Compression::None => Inner::Plain(reader),
            Compression::Gzip => Inner::Gzip(Box::new(MultiGzDecoder::new(metered(reader)))),
            Compression::Zstd => Inner::Zstd(Zstandard::new(metered(reader))?),
            Compression::Other(name) => {
                return Err(io::Error::other(format!(
                    "{name} is not supported, only gzip and zstd are"
                )));
            }
        };
        Ok(Decoder { inner, output: 0 })
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (count, input) = match &mut self.inner {
            Inner::Plain(reader) => return reader.read(buffer),
            Inner::Gzip(decoder) => {
                let count = decoder.read(buffer)?;
                (count, decoder.get_ref().get_ref().count)
            }
            Inner::Zstd(decoder) => {
                let count = decoder.read(buffer)?;
                (count, decoder.source().get_ref().count)
            }
        };
        self.output += count as u64;
        if self.output > LARGEST || (self.output > FREE && self.output / RATIO > input) {
            return Err(io::Error::other(
                "it grows beyond all measure, as a decompression bomb does",
            ));
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::write::GzEncoder;

    use super::*;

    fn decode(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let (compression, reader) = peek(bytes)?;
        let mut plain = Vec::new();
        Decoder::new(compression, reader)?.read_to_end(&mut plain)?;
        Ok(plain)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn any_compression_gives_the_same_bytes() {
        let plain = b"some text, some text, some text".repeat(1000);
        let mut parts = gzip(&plain[..100]);
        parts.extend(gzip(&plain[100..]));
        let zstd = zstd::encode_all(&plain[..], 3).unwrap();
        for coded in [plain.clone(), gzip(&plain), parts, zstd] {
            assert_eq!(decode(&coded).unwrap(), plain);
        }
        assert_eq!(decode(b"").unwrap(), b"");
        assert_eq!(decode(b"\x1f").unwrap(), b"\x1f");
    }

    #[test]
    fn damage_is_an_error() {
        let gzip = gzip(b"text");
        let zstd = zstd::encode_all(&b"text"[..], 3).unwrap();
        for coded in [&gzip, &zstd] {
            assert!(decode(&coded[..coded.len() - 1]).is_err());
            let mut longer = (*coded).clone();
            longer.extend(b"more");
            assert!(decode(&longer).is_err());
        }
        assert!(decode(b"\xfd7zXZ\0").is_err());
    }

    #[test]
    fn a_bomb_is_defused() {
        let bomb = zstd::encode_all(io::repeat(0).take(1 << 30), 1).unwrap();
        let (compression, reader) = peek(&bomb[..]).unwrap();
        let mut decoder = Decoder::new(compression, reader).unwrap();
        let passed = io::copy(&mut decoder, &mut io::sink());
        assert!(passed.unwrap_err().to_string().contains("bomb"));
    }
}
