//! Images of a wanted size whose bytes cannot be compressed, equal on every machine.

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use serde_json::json;
use sha2::{Digest, Sha256};

/// How many layers hold the bulk of an image.
const LAYERS: u64 = 4;
/// The size of the layer that differs between versions.
const SMALL: u64 = 1 << 20;

/// An image as a docker-archive in a file.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    /// The `repository:tag` in it.
    pub(crate) name: String,
    /// The archive.
    pub(crate) file: PathBuf,
    /// How many bytes the archive has.
    pub(crate) length: u64,
}

/// What the large file of a layer is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Texture {
    /// Bytes that cannot be compressed.
    Noise,
    /// Words, which gzip makes a third of.
    Words,
}

/// Writes the archive of an image of about `size` bytes that cannot be compressed.
///
/// Versions of one size share all layers but the last, which has 1 MiB.
pub(crate) fn write(folder: &Path, size: u64, version: u32) -> Image {
    let name = format!("bench/image-{}:{version}", size >> 20);
    let bulk = size.saturating_sub(SMALL) / LAYERS;
    let layers: Vec<(u64, u64)> = (1..=LAYERS)
        .map(|number| (number, bulk))
        .chain([(1000 + u64::from(version), SMALL)])
        .collect();
    write_layers(folder, &name, &layers, Texture::Noise)
}

/// Writes the archive of an image with these layers: the seed of each and the length of its large file.
pub(crate) fn write_layers(
    folder: &Path,
    name: &str,
    contents: &[(u64, u64)],
    texture: Texture,
) -> Image {
    let file = folder.join(format!("{}.tar", name.replace(['/', ':'], "-")));
    let mut archive = tar::Builder::new(BufWriter::with_capacity(
        1 << 20,
        File::create(&file).unwrap(),
    ));
    let mut layers = Vec::new();
    let mut diff_ids = Vec::new();
    for (seed, length) in contents {
        let layer = folder.join("layer.tar");
        let digest = write_layer(&layer, *seed, *length, texture);
        let member = format!("{digest}/layer.tar");
        archive.append_path_with_name(&layer, &member).unwrap();
        std::fs::remove_file(&layer).unwrap();
        layers.push(member);
        diff_ids.push(format!("sha256:{digest}"));
    }
    let config = json!({
        "architecture": "amd64", "os": "linux", "created": "2026-01-01T00:00:00Z",
        "config": {"Cmd": ["/data"]}, "rootfs": {"type": "layers", "diff_ids": diff_ids},
        "history": diff_ids.iter().map(|_| json!({"created": "2026-01-01T00:00:00Z", "created_by": "bench"})).collect::<Vec<_>>(),
    })
    .to_string();
    let config_name = format!("{}.json", hex(&Sha256::digest(&config)));
    let manifest = json!([{"Config": config_name, "RepoTags": [name], "Layers": layers}]);
    append(&mut archive, &config_name, config.as_bytes());
    append(
        &mut archive,
        "manifest.json",
        manifest.to_string().as_bytes(),
    );
    archive.into_inner().unwrap().flush().unwrap();
    let length = std::fs::metadata(&file).unwrap().len();
    Image {
        name: name.to_owned(),
        file,
        length,
    }
}

/// Writes a layer of a large file and a hundred small ones, and returns its digest.
fn write_layer(path: &Path, seed: u64, length: u64, texture: Texture) -> String {
    let mut random = Random(seed);
    let mut layer = tar::Builder::new(Hashing {
        inner: BufWriter::with_capacity(1 << 20, File::create(path).unwrap()),
        digest: Sha256::new(),
    });
    let mut small = vec![0; 2048];
    for number in 0..100 {
        random.fill(&mut small);
        append(&mut layer, &format!("small/{seed}/{number}"), &small);
    }
    let mut header = header(length);
    header.set_path(format!("data-{seed}")).unwrap();
    header.set_cksum();
    let content: Box<dyn Read> = match texture {
        Texture::Noise => Box::new(random),
        Texture::Words => Box::new(Words {
            random,
            rest: Vec::new(),
        }),
    };
    layer.append(&header, content.take(length)).unwrap();
    let mut hashing = layer.into_inner().unwrap();
    hashing.inner.flush().unwrap();
    hex(&hashing.digest.finalize())
}

fn append(archive: &mut tar::Builder<impl Write>, name: &str, bytes: &[u8]) {
    let mut header = header(bytes.len() as u64);
    header.set_path(name).unwrap();
    header.set_cksum();
    archive.append(&header, bytes).unwrap();
}

fn header(size: u64) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.set_size(size);
    header.set_mode(0o644);
    header
}

struct Hashing<W> {
    inner: W,
    digest: Sha256,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.digest.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

/// Bytes that look random: the generator is SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }

    fn fill(&mut self, buffer: &mut [u8]) {
        for bytes in buffer.chunks_mut(8) {
            let value = self.next().to_le_bytes();
            bytes.copy_from_slice(&value[..bytes.len()]);
        }
    }
}

impl std::io::Read for Random {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.fill(buffer);
        Ok(buffer.len())
    }
}

/// Words out of four thousand, some far more often than others.
struct Words {
    random: Random,
    rest: Vec<u8>,
}

impl Read for Words {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.rest.len() < buffer.len() {
            let value = self.random.next();
            // The lower of two, so that small numbers are frequent.
            let number = (value & 0xfff).min((value >> 12) & 0xfff);
            let word = Random(number).next().to_le_bytes();
            let length = 3 + (number % 6) as usize;
            let letters = word[..length].iter().map(|byte| b'a' + byte % 26);
            self.rest.extend(letters);
            self.rest.push(if value >> 60 == 0 { b'\n' } else { b' ' });
        }
        buffer.copy_from_slice(&self.rest[..buffer.len()]);
        self.rest.drain(..buffer.len());
        Ok(buffer.len())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
