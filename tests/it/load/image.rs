//! An image that is too large to be held, made while it is read.

use std::io::{self, Write};

use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::support::{Noise, hex};

const PIECE: usize = 1 << 20;

/// An image of so many layers, each with one file of so many bytes.
pub(super) struct Large {
    layers: Vec<Layer>,
    size: usize,
    /// Digests of the layers.
    digests: Vec<String>,
    config: String,
}

/// The bytes of a layer, of which no piece is like another one.
struct Layer {
    number: usize,
    noise: Vec<u8>,
}

/// Hashes what is written to it.
struct Hash(Sha256);

impl Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Layer {
    /// Writes the layer: a tar with one file.
    fn write_to(&self, size: usize, to: &mut impl Write) -> io::Result<()> {
        to.write_all(header(&format!("opt/{}", self.number), size).as_bytes())?;
        let mut piece = self.noise.clone();
        let mut left = size;
        while left > 0 {
            for (place, part) in piece.chunks_mut(4096).enumerate() {
                part[..8].copy_from_slice(&((left + place) as u64).to_be_bytes());
            }
            let count = left.min(PIECE);
            to.write_all(&piece[..count])?;
            left -= count;
        }
        // What makes whole records of the file, and the end.
        to.write_all(&vec![0; size.next_multiple_of(512) - size + 1024])
    }

    fn length(size: usize) -> usize {
        512 + size.next_multiple_of(512) + 1024
    }
}

impl Large {
    pub(super) fn new(count: usize, size: usize) -> Large {
        let layer = |number| Layer {
            number,
            noise: Noise::bytes(number as u64, PIECE),
        };
        let layers: Vec<Layer> = (0..count).map(layer).collect();
        let digest = |layer: &Layer| {
            let mut hash = Hash(Sha256::new());
            layer.write_to(size, &mut hash).unwrap();
            hex(&hash.0.finalize())
        };
        let digests: Vec<String> = layers.iter().map(digest).collect();
        let named = digests.iter().map(|digits| format!("sha256:{digits}"));
        let config = json!({
            "architecture": "amd64", "config": {}, "created": "2026-01-01T00:00:00Z", "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": named.collect::<Vec<_>>()},
        });
        Large {
            layers,
            size,
            digests,
            config: config.to_string(),
        }
    }

    /// Its ID.
    pub(super) fn id(&self) -> String {
        format!("sha256:{}", hex(&Sha256::digest(self.config.as_bytes())))
    }

    /// How many bytes its layers have.
    pub(super) fn length(&self) -> u64 {
        (self.layers.len() * Layer::length(self.size)) as u64
    }

    /// Writes what `docker save` would.
    pub(super) fn write_to(&self, to: &mut impl Write) -> io::Result<()> {
        let name = |digits: &String| format!("{digits}.tar");
        for (layer, digits) in self.layers.iter().zip(&self.digests) {
            let length = Layer::length(self.size);
            to.write_all(header(&name(digits), length).as_bytes())?;
            layer.write_to(self.size, to)?;
            to.write_all(&vec![0; length.next_multiple_of(512) - length])?;
        }
        let config = format!("{}.json", self.id().split_off("sha256:".len()));
        let names: Vec<String> = self.digests.iter().map(name).collect();
        let account = json!([{"Config": config, "RepoTags": ["lab/large:1"], "Layers": names}]);
        for (name, text) in [
            (config, self.config.clone()),
            ("manifest.json".into(), account.to_string()),
        ] {
            to.write_all(header(&name, text.len()).as_bytes())?;
            to.write_all(text.as_bytes())?;
            to.write_all(&vec![0; text.len().next_multiple_of(512) - text.len()])?;
        }
        to.write_all(&[0; 1024])
    }
}

fn header(name: &str, size: usize) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_path(name).unwrap();
    header.set_size(size as u64);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header.set_cksum();
    header
}
