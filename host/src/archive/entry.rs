//! An image that an archive holds, by what its config and manifest say of it.

use crate::bindings::archives::Image;
use crate::bindings::types::Platform;
use keepdocker_terms::reference::Name;

use super::digest::Digest;
use super::documents::{Config, parse};
use super::error::{Error, Fault};

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

impl Entry {
    /// Describes the image of this config, which is the member of that name.
    ///
    /// The ID is the digest of the config's bytes, whatever anything else says.
    pub(crate) fn new(
        member: &str,
        bytes: &[u8],
        layers: Vec<Layer>,
        repo_tags: Vec<String>,
        group: String,
    ) -> Result<Self, Error> {
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

/// Tells whether two texts are one name, however it is spelled.
pub(crate) fn is_same_name(one: &str, other: &str) -> bool {
    Name::parse(one).map_or(one == other, |name| name.is(other))
}
