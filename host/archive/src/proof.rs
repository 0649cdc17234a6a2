//! Whether blocks that somebody says to be a layer are that layer.

use std::io::{self, Read};

use keepdocker_terms::digest::Digest;
use keepdocker_terms::layering::{Layer, UNIT};
use sha2::{Digest as _, Sha256};

use super::canonical;

/// How much is read at a time.
const CHUNK: usize = 256 << 10;

/// Reads what lies in the blocks of a layer to its end, and tells whether it is the layer as the canonical form has
/// it: its header, its content by the digest, and zeros, without a byte more.
///
/// # Errors
/// If it cannot be read, which says nothing of what it is.
pub fn is_layer(mut reader: impl Read, layer: Layer) -> io::Result<bool> {
    let mut header = [0; UNIT as usize];
    let name = canonical::layer_name(&layer.diff_id);
    if !fill(&mut reader, &mut header)? || header != canonical::header(&name, layer.size) {
        return Ok(false);
    }
    let mut sha256 = Sha256::new();
    let mut chunk = vec![0; CHUNK];
    let mut left = layer.size;
    while left > 0 {
        let length = usize::try_from(left).map_or(CHUNK, |left| left.min(CHUNK));
        if !fill(&mut reader, &mut chunk[..length])? {
            return Ok(false);
        }
        sha256.update(&chunk[..length]);
        left -= length as u64;
    }
    if Digest::from(<[u8; 32]>::from(sha256.finalize())) != layer.diff_id {
        return Ok(false);
    }
    let mut rest = Vec::new();
    reader.take(2 * UNIT).read_to_end(&mut rest)?;
    let padding = layer.size.next_multiple_of(UNIT) - layer.size;
    Ok(rest.len() as u64 == padding && rest.iter().all(|byte| *byte == 0))
}

/// Fills the buffer; tells whether there was enough.
fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match reader.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer_of(content: &[u8]) -> (Layer, Vec<u8>) {
        let layer = Layer {
            diff_id: Digest::of(content),
            size: content.len() as u64,
        };
        let name = canonical::layer_name(&layer.diff_id);
        let mut bytes = canonical::header(&name, layer.size).to_vec();
        bytes.extend_from_slice(content);
        bytes.resize(usize::try_from(layer.span()).unwrap(), 0);
        (layer, bytes)
    }

    #[test]
    fn only_the_layer_as_it_is_stored_is_the_layer() {
        for size in [1, 511, 512, 513, CHUNK, CHUNK + 7] {
            let content: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
            let (layer, bytes) = layer_of(&content);
            assert!(is_layer(&bytes[..], layer).unwrap(), "{size}");
            for at in [0, 124, 257, 512, 512 + size / 2, bytes.len() - 1] {
                let mut other = bytes.clone();
                other[at] ^= 1;
                assert!(!is_layer(&other[..], layer).unwrap(), "{size}: byte {at}");
            }
            let longer = [&bytes[..], &[0; 512]].concat();
            for other in [&bytes[..bytes.len() - 1], &bytes[..512], &[], &longer] {
                assert!(!is_layer(other, layer).unwrap(), "{size}: {}", other.len());
            }
        }
    }

    #[test]
    fn what_cannot_be_read_is_neither() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("gone"))
            }
        }
        let (layer, bytes) = layer_of(b"abc");
        assert!(is_layer(bytes[..100].chain(Broken), layer).is_err());
    }
}
