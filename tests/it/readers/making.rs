//! What archives are made of.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::{Noise, hex};

/// An archive, and how it is named.
pub(super) struct Case {
    pub(super) name: String,
    pub(super) transport: &'static str,
    /// What follows the path and a colon, or nothing.
    pub(super) reference: String,
    pub(super) content: Content,
}

/// The bytes of an archive.
pub(super) enum Content {
    Tar(Vec<u8>),
    Folder(Vec<(String, Vec<u8>)>),
}

/// Members by name, in order.
pub(super) type Members = Vec<(String, Vec<u8>)>;

/// How bytes are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Gzip,
    Zstd,
    Xz,
    Bzip2,
}

pub(super) const COMPRESSIONS: [Compression; 5] = [
    Compression::None,
    Compression::Gzip,
    Compression::Zstd,
    Compression::Xz,
    Compression::Bzip2,
];

impl Compression {
    pub(super) fn compress(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Compression::None => bytes.to_vec(),
            Compression::Gzip => {
                let level = flate2::Compression::fast();
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap()
            }
            Compression::Zstd => zstd::encode_all(bytes, 1).unwrap(),
            Compression::Xz => filtered("xz", bytes),
            Compression::Bzip2 => filtered("bzip2", bytes),
        }
    }

    /// The end of a layer's media type in a layout.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Compression::None => "",
            Compression::Gzip => "+gzip",
            Compression::Zstd => "+zstd",
            Compression::Xz => "+xz",
            Compression::Bzip2 => "+bzip2",
        }
    }
}

/// Runs bytes through a program.
fn filtered(program: &str, bytes: &[u8]) -> Vec<u8> {
    let mut child = Command::new(program)
        .arg("-1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let bytes = bytes.to_vec();
    let writer = std::thread::spawn(move || input.write_all(&bytes).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    output.stdout
}

pub(super) fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

pub(super) fn blob_name(bytes: &[u8]) -> String {
    format!("blobs/sha256/{}", digest(bytes))
}

/// An image that is made up.
#[derive(Clone)]
pub(super) struct Image {
    pub(super) config: Vec<u8>,
    pub(super) layers: Vec<Vec<u8>>,
}

impl Image {
    /// Makes an image of two layers, which differ by `seed`.
    pub(super) fn new(seed: u64, architecture: &str) -> Image {
        let layer =
            |seed: u64, length: usize| tar(&[("etc/file".to_owned(), Noise::bytes(seed, length))]);
        Image::of(
            vec![layer(seed, 20_000), layer(seed + 1000, 300)],
            architecture,
        )
    }

    pub(super) fn of(layers: Vec<Vec<u8>>, architecture: &str) -> Image {
        let diff_ids = layers
            .iter()
            .map(|layer| format!("sha256:{}", digest(layer)));
        let config = json!({
            "architecture": architecture,
            "os": "linux",
            "config": {"Cmd": ["/bin/true"]},
            "rootfs": {"type": "layers", "diff_ids": diff_ids.collect::<Vec<_>>()},
        });
        Image {
            config: config.to_string().into_bytes(),
            layers,
        }
    }
}

/// How a docker-archive names its members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// A folder for each layer, as the classic engines do.
    Folders,
    /// All at the top, with the digest of the compressed layer, as go-containerregistry does.
    Flat,
    /// As blobs of a layout, as Docker 25 and later do.
    Blobs,
}

pub(super) const STYLES: [Style; 3] = [Style::Folders, Style::Flat, Style::Blobs];

/// Returns the members of a docker-archive, the account last.
pub(super) fn docker(images: &[(&Image, &[&str])], style: Style, how: Compression) -> Members {
    let mut members = Members::new();
    let mut add = |name: String, bytes: Vec<u8>| {
        if !members.iter().any(|(held, _)| *held == name) {
            members.push((name.clone(), bytes));
        }
        name
    };
    let mut account = Vec::new();
    for (image, names) in images {
        let config = match style {
            Style::Folders => format!("{}.json", digest(&image.config)),
            Style::Flat => format!("sha256:{}", digest(&image.config)),
            Style::Blobs => blob_name(&image.config),
        };
        let config = add(config, image.config.clone());
        let layers = image.layers.iter().map(|layer| {
            let bytes = how.compress(layer);
            let name = match style {
                Style::Folders => format!("{}/layer.tar", digest(layer)),
                Style::Flat => format!("{}.tar.gz", digest(&bytes)),
                Style::Blobs => blob_name(&bytes),
            };
            add(name, bytes)
        });
        let layers: Vec<String> = layers.collect();
        account.push(json!({"Config": config, "RepoTags": names, "Layers": layers}));
    }
    let account = Value::from(account).to_string();
    members.push(("manifest.json".to_owned(), account.into_bytes()));
    members
}

/// A layout under construction.
#[derive(Default)]
pub(super) struct Layout {
    pub(super) members: Members,
    pub(super) manifests: Vec<Value>,
}

pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(super) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(super) const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

impl Layout {
    pub(super) fn blob(&mut self, kind: &str, bytes: impl Into<Vec<u8>>) -> Value {
        let bytes = bytes.into();
        let (name, length) = (blob_name(&bytes), bytes.len());
        let digest = format!("sha256:{}", digest(&bytes));
        if !self.members.iter().any(|(held, _)| *held == name) {
            self.members.push((name, bytes));
        }
        json!({"mediaType": kind, "digest": digest, "size": length})
    }

    /// Adds an image, and returns what leads to its manifest.
    pub(super) fn image(
        &mut self,
        image: &Image,
        how: Compression,
        change: impl FnOnce(&mut Value),
    ) -> Value {
        let config = self.blob(CONFIG, image.config.clone());
        let kind = format!("application/vnd.oci.image.layer.v1.tar{}", how.suffix());
        let layers = image.layers.iter();
        let layers: Vec<Value> = layers
            .map(|layer| self.blob(&kind, how.compress(layer)))
            .collect();
        let mut manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers,
        });
        change(&mut manifest);
        self.blob(MANIFEST, manifest.to_string())
    }

    /// Adds an entry of `index.json`, with a name unless that is empty.
    pub(super) fn entry(&mut self, mut descriptor: Value, name: &str) {
        if !name.is_empty() {
            descriptor["annotations"]["org.opencontainers.image.ref.name"] = name.into();
        }
        self.manifests.push(descriptor);
    }

    /// Returns all members.
    pub(super) fn finish(mut self) -> Members {
        let index = json!({"schemaVersion": 2, "manifests": self.manifests});
        let version = r#"{"imageLayoutVersion":"1.0.0"}"#;
        self.members.push(("oci-layout".to_owned(), version.into()));
        self.members
            .push(("index.json".to_owned(), index.to_string().into_bytes()));
        self.members
    }
}

/// Returns the members of the form `dir:`.
pub(super) fn directory(image: &Image, how: Compression) -> Members {
    let mut layout = Layout::default();
    let manifest = layout.image(image, how, |_| {});
    let manifest = manifest["digest"].as_str().unwrap().replace("sha256:", "");
    let mut members = Members::new();
    for (name, bytes) in layout.members {
        let name = name.replace("blobs/sha256/", "");
        let name = match name == manifest {
            true => "manifest.json".to_owned(),
            false => name,
        };
        members.push((name, bytes));
    }
    members.push((
        "version".to_owned(),
        b"Directory Transport Version: 1.1\n".to_vec(),
    ));
    members
}

/// Returns the header of a member.
fn header(name: &[u8], kind: tar::EntryType, size: usize) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(size as u64);
    header.set_cksum();
    header
}

/// Returns one member with its header and padding.
pub(super) fn member(name: &[u8], kind: tar::EntryType, bytes: &[u8]) -> Vec<u8> {
    let mut member = header(name, kind, bytes.len()).as_bytes().to_vec();
    member.extend_from_slice(bytes);
    member.resize(member.len().next_multiple_of(512), 0);
    member
}

/// Returns a tar without its end mark.
fn open_tar(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let members = members.iter();
    members
        .flat_map(|(name, bytes)| member(name.as_bytes(), tar::EntryType::Regular, bytes))
        .collect()
}

/// Returns a whole tar.
pub(super) fn tar(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    [open_tar(members), vec![0; 1024]].concat()
}
