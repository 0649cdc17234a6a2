//! An image that an archive holds, by what its config and manifest say of it.

use crate::image::Image;
use keepdocker_terms::platform::Platform;
use keepdocker_terms::reference::Name;

use super::documents::{Config, Descriptor, PlatformFields, parse};
use super::error::{Error, Fault};
use keepdocker_terms::digest::Digest;

/// The most bytes of all configs together. A config of many layers has some 50 kB.
const MOST_CONFIG_BYTES: usize = 16 << 20;

/// The most layers of an image. Engines stop at 127.
const MOST_LAYERS: usize = 1024;

/// An image of an archive, and where its parts are.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) image: Image,
    /// The config's own bytes. The text in `image` has replacement characters for what is no UTF-8.
    pub(crate) config: Vec<u8>,
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
    /// Whether only the holder of a key can read it.
    pub(crate) is_encrypted: bool,
    /// Where else it may be had.
    pub(crate) urls: Vec<String>,
}

/// What a manifest promises of a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Blob {
    pub(crate) digest: Digest,
    pub(crate) size: Option<u64>,
}

impl Layer {
    /// Describes a layer that nothing is said of but the name of its member.
    pub(crate) fn member(member: String) -> Self {
        Layer {
            member,
            blob: None,
            is_encrypted: false,
            urls: Vec::new(),
        }
    }

    /// Describes a layer of a manifest, whose member has the name that `name` makes of its digest.
    pub(crate) fn blob(
        descriptor: &Descriptor,
        name: impl Fn(&Digest) -> String,
    ) -> Result<Self, Error> {
        let digest = digest_of(descriptor)?;
        Ok(Layer {
            member: name(&digest),
            blob: Some(Blob {
                digest,
                size: descriptor.size,
            }),
            is_encrypted: descriptor.media_type.ends_with("+encrypted"),
            urls: descriptor.urls.clone(),
        })
    }

    /// Says that its member is not there.
    pub(crate) fn missing(&self) -> Error {
        match self.urls.first() {
            None => Error::missing(&self.member, "the manifest"),
            Some(url) => Error::member(&self.member, Fault::Elsewhere(url.clone())),
        }
    }
}

/// Returns the digest that a descriptor names something by.
pub(crate) fn digest_of(descriptor: &Descriptor) -> Result<Digest, Error> {
    Digest::parse(&descriptor.digest).ok_or_else(|| {
        Error::member(
            descriptor.digest.clone(),
            Fault::Refused("is named by something else than a SHA-256 digest"),
        )
    })
}

impl Entry {
    /// Describes the image of this config, which is the member of that name.
    ///
    /// The ID is the digest of the config's bytes, whatever anything else says. `platform` is what an
    /// index says; it counts where the config says nothing.
    pub(crate) fn new(
        member: &str,
        bytes: Vec<u8>,
        layers: Vec<Layer>,
        repo_tags: Vec<String>,
        platform: &PlatformFields,
    ) -> Result<Self, Error> {
        let config: Config = parse(member, &bytes)?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let names = config.rootfs.diff_ids;
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
        let id = Digest::of(&bytes);
        let platform = match config.os.is_empty() && config.architecture.is_empty() {
            true => platform.clone(),
            false => PlatformFields {
                os: or(config.os, &platform.os),
                architecture: or(config.architecture, &platform.architecture),
                variant: config.variant,
            },
        };
        Ok(Entry {
            image: Image {
                id: id.to_string(),
                manifest: None,
                repo_tags,
                config: text,
                diff_ids: names,
                platform: Platform {
                    os: platform.os,
                    architecture: platform.architecture,
                    variant: platform.variant,
                },
            },
            config: bytes,
            id,
            diff_ids,
            layers,
            indexes: Vec::new(),
            references: Vec::new(),
            group: String::new(),
            position: 0,
        })
    }
}

/// Returns what the config says, or else what the index does.
fn or(config: String, index: &str) -> String {
    match config.is_empty() {
        true => index.to_owned(),
        false => config,
    }
}

/// How much the configs of an archive hold together; one may be named again and again.
#[derive(Default)]
pub(crate) struct ConfigBytes(usize);

impl ConfigBytes {
    /// Counts one more.
    pub(crate) fn add(&mut self, config: &[u8]) -> Result<(), Error> {
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

/// Returns a name without the parts that Docker leaves out.
///
/// What is no name stays as it is, for the component to say so.
pub(crate) fn familiar(name: &str) -> String {
    Name::parse(name).map_or_else(|_| name.to_owned(), |name| name.familiar())
}
