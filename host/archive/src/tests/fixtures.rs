//! What the tests read archives with, and make them of.

use std::fmt;
use std::io::{self, Cursor, Read, Write as _};
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};

use flate2::write::GzEncoder;

use crate::cutting::Cutting;
use keepdocker_decisions::selection::{self, Asked, NoSelection};
use keepdocker_decisions::types::{self, HeldImage};
use keepdocker_terms::platform::Platform;

use crate::image::{BlockLayout, Form};
use crate::search::Search;
use crate::taken_in::TakenIn;
use crate::{
    Archive, BlockSink, Chosen, Digest, Error, Held, Location, Opener, Progress, Reading,
    SinkClosed, Wanted,
};

/// Small sizes, so that small archives have many blocks.
pub(crate) const SMALL: Cutting = Cutting {
    block: 4096,
    large: 1536,
};

/// Keeps blocks in memory, and counts the buffers that are out.
pub(crate) struct MemorySink {
    pub(crate) blocks: Vec<Vec<u8>>,
    pub(super) out: usize,
    pub(super) most_out: usize,
    pub(super) limit: usize,
}

impl MemorySink {
    pub(crate) fn new() -> Self {
        MemorySink {
            blocks: Vec::new(),
            out: 0,
            most_out: 0,
            limit: usize::MAX,
        }
    }

    /// Returns the archive that the blocks are.
    pub(super) fn stored(&self, reading: &Reading) -> Vec<u8> {
        let parts: Vec<&[u8]> = reading
            .order
            .iter()
            .map(|at| &self.blocks[*at][..])
            .collect();
        parts.concat()
    }
}

impl BlockSink for MemorySink {
    fn buffer(&mut self) -> Result<Vec<u8>, SinkClosed> {
        self.out += 1;
        self.most_out = self.most_out.max(self.out);
        Ok(Vec::new())
    }

    fn submit(&mut self, block: Vec<u8>) -> Result<usize, SinkClosed> {
        if self.blocks.len() == self.limit {
            return Err(SinkClosed);
        }
        assert!(!block.is_empty(), "no block is empty");
        self.out -= 1;
        self.blocks.push(block);
        Ok(self.blocks.len() - 1)
    }
}

/// Everything that a reading gives.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) reading: Reading,
    pub(super) bytes: Vec<u8>,
    /// The blocks in order, by the digest of each.
    pub(super) blocks: Vec<Digest>,
}

/// What a test means of an archive, beside what it says of one reading.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Choice {
    /// What stands behind the archive's name.
    pub(super) name: Option<String>,
    pub(super) platform: Option<Platform>,
}

/// Which image of an archive a test reads.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Selection {
    Only,
    Id(String),
    Name(String),
}

/// An archive, and what is meant of it. The component chooses, as it does in the programs.
#[derive(Debug)]
pub(super) struct Opened {
    archive: Archive,
    choice: Choice,
}

impl From<Archive> for Opened {
    fn from(archive: Archive) -> Self {
        Self {
            archive,
            choice: Choice::default(),
        }
    }
}

impl Deref for Opened {
    type Target = Archive;

    fn deref(&self) -> &Archive {
        &self.archive
    }
}

impl DerefMut for Opened {
    fn deref_mut(&mut self) -> &mut Archive {
        &mut self.archive
    }
}

impl Opened {
    /// Reads the image that is meant, as the host does it for the component.
    pub(super) fn read(
        &mut self,
        selection: &Selection,
        form: Form,
        layout: BlockLayout,
        sink: &mut dyn BlockSink,
        progress: Progress<'_>,
    ) -> Result<Reading, Error> {
        let mut taken = self
            .archive
            .begin(form, layout, Box::new(sink), &mut *progress)?;
        let chosen = self.choice.take(selection, &mut taken)?;
        taken.finish(&chosen, progress)
    }
}

impl Choice {
    fn take(&self, selection: &Selection, taken: &mut TakenIn<'_>) -> Result<Chosen, Error> {
        let called = match selection {
            Selection::Only => self.name.as_ref(),
            Selection::Id(text) | Selection::Name(text) => Some(text),
        };
        let wanted = Wanted {
            called: called.cloned(),
            platform: self.platform.clone().unwrap_or_else(Platform::usual),
        };
        let held = crate::catalog::told(taken.images(Search::new(&wanted))?);
        let platform = self.platform.as_ref().map(of_component);
        let asked = Asked {
            called: called.map(String::as_str),
            platform: platform.as_ref(),
            ..Asked::default()
        };
        let images: Vec<HeldImage> = held.iter().map(told).collect();
        match selection::choose(&images, &asked) {
            Ok(image) => Ok(Chosen {
                image: image.id.clone(),
                manifest: image.manifest.clone(),
            }),
            Err(NoSelection::NoSuchImage(text)) => {
                let text = text.strip_prefix("the archive holds no image ").unwrap();
                let (wanted, held) = text.split_once("; it holds ").unwrap();
                Err(Error::NoSuchImage {
                    wanted: wanted.into(),
                    held: held.into(),
                })
            }
            Err(NoSelection::Ambiguous(text)) => {
                let text = text.strip_prefix("the archive holds several images: ");
                Err(Error::Ambiguous {
                    held: text.unwrap().into(),
                })
            }
        }
    }
}

fn told(held: &Held) -> HeldImage {
    HeldImage {
        position: held.position.try_into().unwrap(),
        group: held.group.try_into().unwrap(),
        id: held.image.id.clone(),
        manifest: held.image.manifest.clone(),
        indexes: held.indexes.clone(),
        repo_tags: held.image.repo_tags.clone(),
        references: held.references.clone(),
        base_layer: held.image.diff_ids.first().cloned(),
        platform: of_component(&held.image.platform),
    }
}

fn of_component(platform: &Platform) -> types::Platform {
    types::Platform {
        os: platform.os.clone(),
        architecture: platform.architecture.clone(),
        variant: platform.variant.clone(),
    }
}

pub(super) fn read(mut archive: Opened, selection: &Selection) -> Result<Stored, Error> {
    read_as(
        &mut archive,
        selection,
        Form::Canonical,
        BlockLayout::Layered,
    )
}

pub(super) fn read_as(
    archive: &mut Opened,
    selection: &Selection,
    form: Form,
    layout: BlockLayout,
) -> Result<Stored, Error> {
    let mut sink = MemorySink::new();
    let reading = archive.read(selection, form, layout, &mut sink, &mut |_| {})?;
    let bytes = sink.stored(&reading);
    assert_eq!(bytes.len() as u64, reading.size);
    assert!(sink.most_out <= 2, "two buffers at most are held");
    let blocks = reading
        .order
        .iter()
        .map(|at| Digest::of(&sink.blocks[*at]))
        .collect();
    Ok(Stored {
        reading,
        bytes,
        blocks,
    })
}

/// Makes blocks small, so that little data has many.
pub(super) fn with_cutting(mut archive: Opened, cutting: Cutting) -> Opened {
    archive.cutting = cutting;
    archive
}

/// Sets what is meant of an archive that holds several images.
pub(super) fn with_choice(mut archive: Opened, choice: Choice) -> Opened {
    archive.choice = choice;
    archive
}

pub(super) fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/data")
        .join(name)
}

pub(super) fn open(location: &str) -> Result<Opened, Error> {
    let location: Location = location.parse().expect("a location");
    let archive = Archive::open(&location, &std::env::temp_dir())?;
    let choice = Choice {
        name: location.image().map(Into::into),
        platform: None,
    };
    Ok(Opened { archive, choice })
}

/// Opens a file of the test data.
pub(super) fn open_data(name: &str) -> Opened {
    open(&format!("docker-archive:{}", data(name).display())).expect("test data are sound")
}

/// Opens bytes as a stream that can be read once.
pub(super) fn stream(bytes: Vec<u8>) -> Opened {
    stream_of(Cursor::new(bytes))
}

/// Opens a reader as a stream that can be read once.
pub(super) fn stream_of(reader: impl Read + Send + 'static) -> Opened {
    let opener: Opener = Box::new(move || Ok(Box::new(reader)));
    Archive::stream("a stream", opener, &std::env::temp_dir()).into()
}

/// Opens bytes as a file.
pub(super) fn file(bytes: &[u8]) -> Result<Opened, Error> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    io::Seek::rewind(&mut file).unwrap();
    Ok(Archive::file(file, "a file".into(), &std::env::temp_dir())?.into())
}

/// Gives at most so many bytes at a time, in turn.
pub(super) struct Split {
    pub(super) inner: Cursor<Vec<u8>>,
    pub(super) pieces: Vec<usize>,
    pub(super) turn: usize,
}

impl Read for Split {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let piece = self.pieces[self.turn % self.pieces.len()].min(buffer.len());
        self.turn += 1;
        self.inner.read(&mut buffer[..piece])
    }
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

pub(super) fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A member of an archive that a test makes.
#[derive(Clone, PartialEq)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) kind: tar::EntryType,
    pub(super) data: Vec<u8>,
    pub(super) target: String,
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = &self.data[..self.data.len().min(4)];
        write!(f, "{} ({} {start:?})", self.name, self.data.len())
    }
}

impl Part {
    pub(super) fn file(name: impl Into<String>, data: impl Into<Vec<u8>>) -> Self {
        Part {
            name: name.into(),
            kind: tar::EntryType::Regular,
            data: data.into(),
            target: String::new(),
        }
    }

    pub(super) fn link(kind: tar::EntryType, name: &str, target: &str) -> Self {
        Part {
            name: name.into(),
            kind,
            data: Vec::new(),
            target: target.into(),
        }
    }

    /// Returns the header, whose fields hold just what the part says.
    pub(super) fn header(&self) -> tar::Header {
        let mut header = tar::Header::new_ustar();
        let fields = header.as_old_mut();
        fields.name[..self.name.len()].copy_from_slice(self.name.as_bytes());
        fields.linkname[..self.target.len()].copy_from_slice(self.target.as_bytes());
        header.set_entry_type(self.kind);
        header.set_mode(0o644);
        header.set_size(self.data.len() as u64);
        header.set_mtime(1_700_000_000);
        header.set_cksum();
        header
    }

    pub(super) fn append(&self, tar: &mut Vec<u8>) {
        tar.extend(self.header().as_bytes());
        tar.extend(&self.data);
        tar.resize(tar.len().next_multiple_of(512), 0);
    }
}

pub(super) fn tar(parts: &[Part]) -> Vec<u8> {
    let mut tar = Vec::new();
    for part in parts {
        part.append(&mut tar);
    }
    tar.resize(tar.len() + 1024, 0);
    tar
}

/// An image that a test makes.
#[derive(Clone)]
pub(super) struct Made {
    pub(super) config: Vec<u8>,
    pub(super) layers: Vec<Vec<u8>>,
}

impl fmt::Debug for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lengths: Vec<_> = self.layers.iter().map(Vec::len).collect();
        write!(f, "layers of {lengths:?}")
    }
}

impl Made {
    pub(super) fn new(layers: Vec<Vec<u8>>) -> Self {
        Self::for_platform("amd64", layers)
    }

    pub(super) fn for_platform(architecture: &str, layers: Vec<Vec<u8>>) -> Self {
        let diff_ids: Vec<String> = layers
            .iter()
            .map(|layer| Digest::of(layer).to_string())
            .collect();
        let config = serde_json::json!({
            "architecture": architecture,
            "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        });
        Made {
            config: config.to_string().into_bytes(),
            layers,
        }
    }

    pub(super) fn id(&self) -> Digest {
        Digest::of(&self.config)
    }

    /// Returns the members of a docker-archive, with layers as `compress` makes them.
    pub(super) fn docker_parts(&self, compress: impl Fn(&[u8]) -> Vec<u8>) -> Vec<Part> {
        let config_name = format!("{}.json", self.id().hex());
        let mut parts = vec![Part::file(&config_name, self.config.clone())];
        let mut names = Vec::new();
        for (at, layer) in self.layers.iter().enumerate() {
            let name = format!("layer{at}/layer.tar");
            parts.push(Part::file(&name, compress(layer)));
            names.push(name);
        }
        let manifest = serde_json::json!([{
            "Config": config_name, "RepoTags": ["example/made:1"], "Layers": names,
        }]);
        parts.push(Part::file("manifest.json", manifest.to_string()));
        parts
    }

    /// Returns the blobs of an OCI layout, and the manifest's digest and length.
    pub(super) fn oci_parts(
        &self,
        compress: impl Fn(&[u8]) -> Vec<u8>,
    ) -> (Vec<Part>, Digest, usize) {
        let mut parts: Vec<Part> = Vec::new();
        let mut blob = |bytes: Vec<u8>| {
            let digest = Digest::of(&bytes);
            let name = format!("blobs/sha256/{}", digest.hex());
            let length = bytes.len();
            let part = Part::file(name, bytes);
            // A blob is stored once, as in a folder.
            if !parts.contains(&part) {
                parts.push(part);
            }
            (digest, length)
        };
        let (config, config_length) = blob(self.config.clone());
        let layers: Vec<_> = self
            .layers
            .iter()
            .map(|layer| {
                let (digest, length) = blob(compress(layer));
                serde_json::json!({
                    "mediaType": "application/vnd.oci.image.layer.v1.tar",
                    "digest": digest.to_string(), "size": length,
                })
            })
            .collect();
        let manifest = serde_json::json!({
            "schemaVersion": 2,
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": config.to_string(), "size": config_length,
            },
            "layers": layers,
        });
        let (digest, length) = blob(manifest.to_string().into_bytes());
        (parts, digest, length)
    }
}

/// Returns `index.json` for manifests of these digests, lengths and names.
pub(super) fn oci_index(manifests: &[(Digest, usize, &str)]) -> Part {
    let manifests: Vec<_> = manifests
        .iter()
        .map(|(digest, length, name)| {
            serde_json::json!({
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "digest": digest.to_string(), "size": length,
                "annotations": {"org.opencontainers.image.ref.name": name},
            })
        })
        .collect();
    let index = serde_json::json!({"schemaVersion": 2, "manifests": manifests});
    Part::file("index.json", index.to_string())
}

/// Returns bytes that look like nothing and differ by `seed`.
pub(super) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes.truncate(length);
    // Not the first bytes of anything known.
    if let Some(first) = bytes.first_mut() {
        *first = b'.';
    }
    bytes
}
