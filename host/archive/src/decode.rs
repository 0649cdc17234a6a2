//! Takes off the compression of layers and archives.

use std::cell::Cell;
use std::io::{self, BufRead as _, BufReader, Cursor, Read};
use std::rc::Rc;

use bzip2::bufread::BzDecoder;
use flate2::bufread::GzDecoder;

use super::members::LARGEST;
use super::sparse::MOST_ZEROS;
use crate::machine::xz::Xz;
use crate::machine::zstandard::Zstandard;

/// How bytes are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    Gzip,
    Zstd,
    Xz,
    Bzip2,
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
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Compression::Xz,
            [b'B', b'Z', b'h', b'1'..=b'9', b'1', b'A', ..] => Compression::Bzip2,
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

/// How far what comes out of a decoder may exceed what goes in.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// The output that no ratio is asked of. Layers hold files that are nearly all holes, such as lists
    /// of logins, and of zeros Zstandard makes next to nothing.
    free: u64,
    /// The ratio beyond that. Deflate cannot pass 1032.
    ratio: u64,
    /// The most output.
    most: u64,
}

const LIMITS: Limits = Limits {
    free: MOST_ZEROS,
    ratio: 2048,
    most: LARGEST,
};

/// Bytes without their compression, bounded.
pub(crate) struct Decoder<R: Read> {
    compression: Compression,
    /// None for a moment between two parts, and after the last.
    part: Option<Part<Input<R>>>,
    input: Rc<Cell<u64>>,
    output: u64,
    limits: Limits,
}

type Input<R> = BufReader<Metered<R>>;

/// Compressed data are one part after the other, and each stands for itself.
enum Part<B: io::BufRead> {
    Plain(B),
    Gzip(Box<GzDecoder<B>>),
    Zstd(Zstandard<B>),
    Xz(Xz<B>),
    Bzip2(Box<BzDecoder<B>>),
}

impl<B: io::BufRead> Part<B> {
    fn new(compression: Compression, source: B) -> io::Result<Self> {
        Ok(match compression {
            Compression::None => Part::Plain(source),
            Compression::Gzip => Part::Gzip(Box::new(GzDecoder::new(source))),
            Compression::Zstd => Part::Zstd(Zstandard::new(source)?),
            Compression::Xz => Part::Xz(Xz::new(source)?),
            Compression::Bzip2 => Part::Bzip2(Box::new(BzDecoder::new(source))),
        })
    }

    fn into_source(self) -> B {
        match self {
            Part::Plain(source) => source,
            Part::Gzip(part) => part.into_inner(),
            Part::Zstd(part) => part.into_source(),
            Part::Xz(part) => part.into_source(),
            Part::Bzip2(part) => part.into_inner(),
        }
    }
}

impl<B: io::BufRead> Read for Part<B> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Part::Plain(source) => source.read(buffer),
            Part::Gzip(part) => part.read(buffer),
            Part::Zstd(part) => part.read(buffer),
            Part::Xz(part) => part.read(buffer),
            Part::Bzip2(part) => part.read(buffer),
        }
    }
}

/// Counts what passes.
struct Metered<R> {
    inner: R,
    count: Rc<Cell<u64>>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.count.set(self.count.get() + count as u64);
        Ok(count)
    }
}

impl<R: Read> Decoder<R> {
    /// Takes `compression` off what `reader` gives.
    ///
    /// # Errors
    /// If that compression is not supported.
    pub(crate) fn new(compression: Compression, reader: R) -> io::Result<Self> {
        Self::within(compression, reader, LIMITS)
    }

    fn within(compression: Compression, inner: R, limits: Limits) -> io::Result<Self> {
        let input = Rc::new(Cell::new(0));
        let count = input.clone();
        let source = BufReader::with_capacity(64 << 10, Metered { inner, count });
        Ok(Decoder {
            compression,
            part: Some(Part::new(compression, source)?),
            input,
            output: 0,
            limits,
        })
    }

    /// Goes on with the next part, and tells whether there is one.
    ///
    /// Zeros up to the end are none: tools that write whole records fill the last one up.
    fn next(&mut self) -> io::Result<bool> {
        let Some(part) = self.part.take() else {
            return Ok(false);
        };
        let mut source = part.into_source();
        let mut padding = false;
        loop {
            let bytes = source.fill_buf()?;
            if bytes.is_empty() {
                return Ok(false);
            }
            let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
            let is_all = zeros == bytes.len();
            padding |= zeros > 0;
            if !is_all && padding {
                return Err(io::Error::other("data follow the zeros after its end"));
            }
            if !is_all {
                break;
            }
            source.consume(zeros);
        }
        self.part = Some(Part::new(self.compression, source)?);
        Ok(true)
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = loop {
            let Some(part) = &mut self.part else {
                return Ok(0);
            };
            let count = part.read(buffer)?;
            if self.compression == Compression::None {
                return Ok(count);
            }
            if count > 0 || buffer.is_empty() || !self.next()? {
                break count;
            }
        };
        self.output += count as u64;
        let Limits { free, ratio, most } = self.limits;
        if self.output > most || (self.output > free && self.output / ratio > self.input.get()) {
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

    type Compress = fn(&[u8]) -> Vec<u8>;

    const EVERY: [Compress; 4] = [gzip, zstd, xz, bzip2];

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

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        zstd::encode_all(bytes, 3).unwrap()
    }

    fn xz(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn bzip2(bytes: &[u8]) -> Vec<u8> {
        let level = bzip2::Compression::fast();
        let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), level);
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn any_compression_gives_the_same_bytes() {
        let plain = b"some text, some text, some text".repeat(9000);
        for compress in EVERY {
            assert_eq!(decode(&compress(&plain)).unwrap(), plain);
            let parts = [compress(&plain[..100]), compress(&plain[100..])].concat();
            assert_eq!(decode(&parts).unwrap(), plain);
        }
        assert_eq!(decode(&plain).unwrap(), plain);
        assert_eq!(decode(b"").unwrap(), b"");
        assert_eq!(decode(b"\x1f").unwrap(), b"\x1f");
    }

    #[test]
    fn damage_is_an_error() {
        for compress in EVERY {
            let coded = compress(b"text");
            assert!(decode(&coded[..coded.len() - 1]).is_err());
            assert!(decode(&[&coded[..], b"more"].concat()).is_err());
            assert!(decode(&[&coded[..], b"\0\0more"].concat()).is_err());
        }
        // Those that have a checksum. A time in a header may change; what comes out may not.
        for compress in [gzip, xz, bzip2] {
            let coded = compress(b"text");
            for at in 8..coded.len() {
                let mut changed = coded.clone();
                changed[at] ^= 0x10;
                if let Ok(plain) = decode(&changed) {
                    assert_eq!(plain, b"text");
                }
            }
        }
        assert!(decode(b"\xfd7zXZ\0").is_err());
    }

    #[test]
    fn zeros_after_the_end_are_padding() {
        for compress in EVERY {
            for length in [1, 512, 200_000] {
                let padded = [compress(b"text"), vec![0; length]].concat();
                assert_eq!(decode(&padded).unwrap(), b"text");
            }
        }
    }

    #[test]
    fn a_window_of_128_mib_is_read_and_no_larger_one() {
        let plain = b"some text".repeat(50_000);
        let coded = |log| {
            let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
            encoder.long_distance_matching(true).unwrap();
            encoder.window_log(log).unwrap();
            encoder.write_all(&plain).unwrap();
            encoder.finish().unwrap()
        };
        assert_eq!(decode(&coded(27)).unwrap(), plain);
        let error = decode(&coded(28)).unwrap_err().to_string();
        assert!(error.contains("128 MiB"), "{error}");
    }

    #[test]
    fn xz_gets_the_memory_that_its_own_levels_need_and_no_more() {
        let coded = |dictionary| {
            let mut options = liblzma::stream::LzmaOptions::new_preset(1).unwrap();
            options.dict_size(dictionary);
            let mut filters = liblzma::stream::Filters::new();
            filters.lzma2(&options);
            let check = liblzma::stream::Check::Crc64;
            let stream = liblzma::stream::Stream::new_stream_encoder(&filters, check).unwrap();
            let mut encoder = liblzma::write::XzEncoder::new_stream(Vec::new(), stream);
            encoder.write_all(b"text").unwrap();
            encoder.finish().unwrap()
        };
        assert_eq!(decode(&coded(64 << 20)).unwrap(), b"text");
        let error = decode(&coded(256 << 20)).unwrap_err().to_string();
        assert!(error.contains("128 MiB"), "{error}");
    }

    #[test]
    fn a_layer_of_zeros_is_no_bomb() {
        let length = 300 << 20;
        let zeros = zstd::encode_all(io::repeat(0).take(length), 1).unwrap();
        let (compression, reader) = peek(&zeros[..]).unwrap();
        let mut decoder = Decoder::new(compression, reader).unwrap();
        assert_eq!(io::copy(&mut decoder, &mut io::sink()).unwrap(), length);
    }

    #[test]
    fn a_bomb_is_defused() {
        let bomb = zstd::encode_all(io::repeat(0).take(64 << 20), 1).unwrap();
        for limits in [
            Limits {
                free: 16 << 20,
                ..LIMITS
            },
            Limits {
                most: 32 << 20,
                ..LIMITS
            },
        ] {
            let (compression, reader) = peek(&bomb[..]).unwrap();
            let mut decoder = Decoder::within(compression, reader, limits).unwrap();
            let passed = io::copy(&mut decoder, &mut io::sink());
            assert!(passed.unwrap_err().to_string().contains("bomb"));
        }
    }
}
