//! Which images an archive holds, by its own account.
//!
//! `manifest.json` is the account of `docker save` and of all that write for `docker load`.
//! `index.json` is that of an OCI image layout, and may lead through further indexes to images
//! for several platforms, not all of which need be there.

use crate::bindings::archives::Image;
use crate::bindings::types::Platform;

use super::digest::Digest;
use super::documents::{
    Config, Descriptor, DockerImage, Documents, OciIndex, OciManifest, blob_name, parse,
};
use super::error::{Error, Fault};

/// The most images and indexes looked at.
const MOST: usize = 256;

/// How deep indexes may lie in each other.
const DEEPEST: usize = 4;

/// The annotation by which an OCI layout refers to an image.
const REFERENCE: &str = "org.opencontainers.image.ref.name";

/// The most bytes of all configs together. A config of many layers has some 50 kB.
const MOST_CONFIG_BYTES: usize = 16 << 20;

/// The most layers of an image. Engines stop at 127.
const MOST_LAYERS: usize = 1024;

/// An image of an archive, and where its parts are.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) image: Image,
    pub(crate) id: Digest,
    pub(crate) diff_ids: Vec<Digest>,
    /// One for each diff ID.
    pub(crate) layers: Vec<Layer>,
    /// Other digests by which engines know the image: those of the indexes above it.
    pub(crate) indexes: Vec<Digest>,
    /// The names by which an OCI layout itself refers to the image; often a tag alone.
    pub(crate) references: Vec<String>,
    /// Images of one group are the same image for different platforms.
    pub(crate) group: String,
    /// Where it stands in the archive's own list, counted from 0.
    pub(crate) position: usize,
}

/// Where a layer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layer {
    /// The name of its member.
    pub(crate) member: String,
    /// What its manifest promises of the member's bytes, where there is a manifest.
    pub(crate) blob: Option<Blob>,
}

/// What a manifest promises of a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Blob {
    pub(crate) digest: Digest,
    pub(crate) size: u64,
}

/// Returns the images of the archive, in the order in which it names them.
///
/// Their configs are verified; of their layers only the number is.
pub(crate) fn read(documents: &mut dyn Documents) -> Result<Vec<Entry>, Error> {
    let account = documents.document("manifest.json")?;
    let index = documents.document("index.json")?;
    let mut oci = Oci {
        documents,
        entries: Vec::new(),
        seen: 0,
        configs: ConfigBytes::default(),
    };
    if let Some(index) = &index {
        let index: OciIndex = parse("index.json", index)?;
        // Beside a `manifest.json` the index is read for the manifests' digests only.
        let read = oci.index(&index, &Above::default());
        if account.is_none() {
            read?;
        }
    }
    let Oci { entries: found, .. } = oci;
    match account {
        Some(account) => docker(documents, &account, &found),
        None if index.is_some() => Ok(found),
        None if documents.document("repositories")?.is_some() => Err(Error::Unsupported(
            "the archive is of the form before Docker 1.10, without `manifest.json`; load it into an engine and save it again".into(),
        )),
        None => Err(Error::archive(Fault::NotAnImage)),
    }
}

/// Reads the account of a docker-archive.
fn docker(
    documents: &mut dyn Documents,
    account: &[u8],
    oci: &[Entry],
) -> Result<Vec<Entry>, Error> {
    let images: Vec<DockerImage> = parse("manifest.json", account)?;
    if images.len() > MOST {
        return Err(too_many());
    }
    let mut entries = Vec::with_capacity(images.len());
    let mut configs = ConfigBytes::default();
    for (position, image) in images.into_iter().enumerate() {
        let config = documents
            .document(&image.config)?
            .ok_or_else(|| missing(&image.config, "manifest.json"))?;
        configs.add(&config)?;
        let id = Digest::of(&config);
        // The name is a digest in every tool's archives, under prefixes that differ.
        let stem = image.config.strip_suffix(".json").unwrap_or(&image.config);
        let stem = stem.rsplit(['/', ':']).next().unwrap_or(stem);
        if let Some(promised) = Digest::from_hex(stem).filter(|promised| *promised != id) {
            return Err(Error::member(
                image.config,
                Fault::WrongDigest {
                    found: id,
                    promised,
                    by: "its name",
                },
            ));
        }
        let layers = image
            .layers
            .unwrap_or_default()
            .into_iter()
            .map(|member| Layer { member, blob: None })
            .collect();
        // Tools differ in whether they write what Docker leaves out.
        let names: Vec<String> = image
            .repo_tags
            .unwrap_or_default()
            .iter()
            .map(|name| familiar(name).to_owned())
            .collect();
        let group = match names.join(" ") {
            none if none.is_empty() => format!("#{position}"),
            names => names,
        };
        let same = oci.iter().find(|entry| entry.id == id);
        let mut entry = entry(&image.config, &config, layers, names, group)?;
        if let Some(same) = same {
            entry.image.manifest.clone_from(&same.image.manifest);
            entry.indexes.clone_from(&same.indexes);
            entry.references.clone_from(&same.references);
        }
        entry.position = position;
        entries.push(entry);
    }
    Ok(entries)
}

/// What is known of an image from the indexes above it.
#[derive(Debug, Clone, Default)]
struct Above {
    names: Vec<String>,
    references: Vec<String>,
    indexes: Vec<Digest>,
    depth: usize,
    group: String,
    position: usize,
}

/// The walk through an OCI image layout.
struct Oci<'a> {
    documents: &'a mut dyn Documents,
    entries: Vec<Entry>,
    seen: usize,
    configs: ConfigBytes,
}

impl Oci<'_> {
    fn index(&mut self, index: &OciIndex, above: &Above) -> Result<(), Error> {
        for (position, descriptor) in index.manifests.iter().enumerate() {
            self.seen += 1;
            if self.seen > MOST {
                return Err(too_many());
            }
            let mut here = above.clone();
            here.depth += 1;
            if above.depth == 0 {
                here.group = format!("#{position}");
                here.position = position;
            }
            if let Some(name) = name(descriptor) {
                here.names.push(name.to_owned());
            }
            let annotations = descriptor.annotations.iter();
            let reference = annotations.filter_map(|all| all.get(REFERENCE)).next();
            here.references.extend(reference.cloned());
            self.descriptor(descriptor, here)?;
        }
        Ok(())
    }

    fn descriptor(&mut self, descriptor: &Descriptor, mut above: Above) -> Result<(), Error> {
        let is_attestation = descriptor
            .annotations
            .as_ref()
            .is_some_and(|annotations| annotations.contains_key("vnd.docker.reference.type"));
        if is_attestation {
            return Ok(());
        }
        let digest = digest_of(descriptor)?;
        let member = blob_name(&digest);
        // An engine that holds one platform of several still writes the index of all.
        let Some(bytes) = self.documents.document(&member)? else {
            return Ok(());
        };
        verify(&member, &bytes, descriptor, digest)?;
        match descriptor.media_type.as_str() {
            "application/vnd.oci.image.index.v1+json"
            | "application/vnd.docker.distribution.manifest.list.v2+json" => {
                if above.depth > DEEPEST {
                    return Err(Error::member(
                        member,
                        Fault::TooMuch {
                            what: "is an index that lies too deep",
                            limit: DEEPEST as u64,
                        },
                    ));
                }
                above.indexes.push(digest);
                let index: OciIndex = parse(&member, &bytes)?;
                self.index(&index, &above)
            }
            "application/vnd.oci.image.manifest.v1+json"
            | "application/vnd.docker.distribution.manifest.v2+json"
            | "" => {
                let manifest: OciManifest = parse(&member, &bytes)?;
                self.manifest(digest, &manifest, above)
            }
            _ => Ok(()),
        }
    }

    fn manifest(
        &mut self,
        digest: Digest,
        manifest: &OciManifest,
        above: Above,
    ) -> Result<(), Error> {
        // Other things than images are kept in OCI layouts too.
        if !matches!(
            manifest.config.media_type.as_str(),
            "application/vnd.oci.image.config.v1+json"
                | "application/vnd.docker.container.image.v1+json"
        ) {
            return Ok(());
        }
        let config_digest = digest_of(&manifest.config)?;
        let config_member = blob_name(&config_digest);
        let config = self
            .documents
            .document(&config_member)?
            .ok_or_else(|| missing(&config_member, "the image's manifest"))?;
        verify(&config_member, &config, &manifest.config, config_digest)?;
        self.configs.add(&config)?;
        let layers = manifest
            .layers
            .iter()
            .map(|layer| {
                let digest = digest_of(layer)?;
                Ok(Layer {
                    member: blob_name(&digest),
                    blob: Some(Blob {
                        digest,
                        size: layer.size,
                    }),
                })
            })
            .collect::<Result<_, Error>>()?;
        let mut entry = entry(&config_member, &config, layers, above.names, above.group)?;
        entry.image.manifest = Some(digest.to_string());
        entry.indexes = above.indexes;
        entry.references = above.references;
        entry.position = above.position;
        self.entries.push(entry);
        Ok(())
    }
}

/// How much the configs of an archive hold together; one may be named again and again.
#[derive(Default)]
struct ConfigBytes(usize);

impl ConfigBytes {
    fn add(&mut self, config: &[u8]) -> Result<(), Error> {
        self.0 += config.len();
        if self.0 > MOST_CONFIG_BYTES {
            return Err(Error::archive(Fault::TooMuch {
                what: "has more than any images need in the configs that it names",
                limit: MOST_CONFIG_BYTES as u64,
            }));
        }
        Ok(())
    }
}

fn entry(
    member: &str,
    bytes: &[u8],
    layers: Vec<Layer>,
    repo_tags: Vec<String>,
    group: String,
) -> Result<Entry, Error> {
    let config: Config = parse(member, bytes)?;
    let text = str::from_utf8(bytes).expect("what parsed as JSON is UTF-8");
    let names = config.rootfs.diff_ids.unwrap_or_default();
    if names.len() != layers.len() {
        return Err(Error::member(
            member,
            Fault::Refused("names another number of layers than its manifest"),
        ));
    }
    if names.len() > MOST_LAYERS {
        return Err(Error::member(
            member,
            Fault::TooMuch {
                what: "names too many layers",
                limit: MOST_LAYERS as u64,
            },
        ));
    }
    let diff_ids = names
        .iter()
        .map(|name| {
            Digest::parse(name).ok_or_else(|| {
                Error::member(
                    member,
                    Fault::Refused("names a layer by something else than a SHA-256 digest"),
                )
            })
        })
        .collect::<Result<Vec<_>, Error>>()?;
    let id = Digest::of(bytes);
    Ok(Entry {
        image: Image {
            id: id.to_string(),
            manifest: None,
            repo_tags,
            config: text.to_owned(),
            diff_ids: names,
            platform: Platform {
                os: config.os,
                architecture: config.architecture,
                variant: config.variant,
            },
        },
        id,
        diff_ids,
        layers,
        indexes: Vec::new(),
        references: Vec::new(),
        group,
        position: 0,
    })
}

/// Returns the name that an index gives an image.
fn name(descriptor: &Descriptor) -> Option<&str> {
    let annotations = descriptor.annotations.as_ref()?;
    // Engines write the full name; the OCI's own annotation often holds the tag alone.
    let name = annotations
        .get("io.containerd.image.name")
        .or_else(|| annotations.get(REFERENCE).filter(|name| name.contains(':')))?;
    Some(familiar(name))
}

/// Returns a name without the parts that Docker leaves out.
pub(crate) fn familiar(name: &str) -> &str {
    name.strip_prefix("docker.io/library/")
        .or_else(|| name.strip_prefix("docker.io/"))
        .unwrap_or(name)
}

fn digest_of(descriptor: &Descriptor) -> Result<Digest, Error> {
    Digest::parse(&descriptor.digest).ok_or_else(|| {
        Error::member(
            descriptor.digest.clone(),
            Fault::Refused("is named by something else than a SHA-256 digest"),
        )
    })
}

fn verify(
    member: &str,
    bytes: &[u8],
    descriptor: &Descriptor,
    promised: Digest,
) -> Result<(), Error> {
    let found = Digest::of(bytes);
    if found != promised {
        return Err(Error::member(
            member,
            Fault::WrongDigest {
                found,
                promised,
                by: "its name",
            },
        ));
    }
    if bytes.len() as u64 != descriptor.size {
        return Err(Error::member(
            member,
            Fault::WrongSize {
                found: bytes.len() as u64,
                promised: descriptor.size,
            },
        ));
    }
    Ok(())
}

fn missing(member: &str, by: &str) -> Error {
    Error::member(member, Fault::Missing(by.to_owned()))
}

fn too_many() -> Error {
    Error::archive(Fault::TooMuch {
        what: "names too many images",
        limit: MOST as u64,
    })
}
