//! Which images an OCI image layout holds: the way from its index to their configs.

use super::digest::Digest;
use super::documents::{Descriptor, Documents, OciIndex, OciManifest, blob_name, parse};
use super::entry::{Blob, ConfigBytes, Entry, Layer, familiar};
use super::error::{Error, Fault};

/// The most images and indexes looked at.
pub(crate) const MOST: usize = 256;

/// How deep indexes may lie in each other.
const DEEPEST: usize = 4;

/// The annotation by which an OCI layout refers to an image.
const REFERENCE: &str = "org.opencontainers.image.ref.name";

/// Returns the images below `index`, the bytes of `index.json`, with what stopped the walk there, if
/// anything did.
pub(crate) fn read(
    documents: &mut dyn Documents,
    index: &[u8],
) -> Result<(Vec<Entry>, Result<(), Error>), Error> {
    let index: OciIndex = parse("index.json", index)?;
    let mut walk = Walk {
        documents,
        entries: Vec::new(),
        seen: 0,
        configs: ConfigBytes::default(),
    };
    let walked = walk.index(&index, &Above::default());
    Ok((walk.entries, walked))
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
struct Walk<'a> {
    documents: &'a mut dyn Documents,
    entries: Vec<Entry>,
    seen: usize,
    configs: ConfigBytes,
}

impl Walk<'_> {
    fn index(&mut self, index: &OciIndex, above: &Above) -> Result<(), Error> {
        for (position, descriptor) in index.manifests.iter().enumerate() {
            self.seen += 1;
            if self.seen > MOST {
                return Err(Error::too_many_images(MOST));
            }
            let mut here = above.clone();
            here.depth += 1;
            if above.depth == 0 {
                here.group = format!("#{position}");
                here.position = position;
            }
            if let Some(name) = name(descriptor) {
                here.names.push(name);
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
            .ok_or_else(|| Error::missing(&config_member, "the image's manifest"))?;
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
        let mut entry = Entry::new(&config_member, &config, layers, above.names, above.group)?;
        entry.image.manifest = Some(digest.to_string());
        entry.indexes = above.indexes;
        entry.references = above.references;
        entry.position = above.position;
        self.entries.push(entry);
        Ok(())
    }
}

/// Returns the name that an index gives an image.
fn name(descriptor: &Descriptor) -> Option<String> {
    let annotations = descriptor.annotations.as_ref()?;
    // Engines write the full name; the OCI's own annotation often holds the tag alone.
    let name = annotations
        .get("io.containerd.image.name")
        .or_else(|| annotations.get(REFERENCE).filter(|name| name.contains(':')))?;
    Some(familiar(name))
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
