//! Manifests and indexes: what is asked for, what it leads to.

use base64::Engine as _;
use keepdocker_archive::oci::{Descriptor, LONGEST, OciDocument};
use keepdocker_archive::{Digest, Platform};
use keepdocker_arvados::http::Attempts;
use keepdocker_wording::harmless::one_line;
use keepdocker_wording::json_fault;

use crate::documents::Whole;
use crate::error::Error;
use crate::place::Place;
use crate::requests::{Ask, Requests};

/// What is asked for. Schema 1 is left out: some registries would turn an image into it.
const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json";

/// The media types of what leads to several images, and of one image.
const INDEXES: [&str; 2] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];
const IMAGES: [&str; 2] = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];
/// The media types of the form before Docker 1.10.
const SCHEMA_1: [&str; 2] = [
    "application/vnd.docker.distribution.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
];
/// The media types of the configs of images.
const CONFIGS: [&str; 3] = [
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
    "",
];

/// How deep indexes may lie in each other.
const DEEPEST: usize = 4;
/// The most entries of indexes that are looked at.
const MOST_ENTRIES: usize = 1000;
/// The most bytes that are taken from an index in place of a request.
const MOST_DATA: usize = 64 << 10;

/// A manifest or an index, whose digest was computed from its bytes.
#[derive(Clone)]
pub(crate) struct Manifest {
    pub(crate) digest: Digest,
    pub(crate) bytes: Vec<u8>,
    pub(crate) media_type: String,
    pub(crate) document: OciDocument,
}

/// An image that a name may mean: one of an index, or the only one.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The digest of its manifest.
    pub manifest: Digest,
    /// The platform that the index says it is for; all empty where nothing is said.
    pub platform: Platform,
    /// What else the index says of it.
    pub(crate) entry: Descriptor,
}

impl Requests {
    /// Fetches a manifest or an index by a tag or a digest.
    pub(crate) async fn manifest(
        &self,
        place: &Place,
        reference: &str,
        attempts: &mut Attempts,
    ) -> Result<Manifest, Error> {
        let what = match reference.contains(':') {
            true => format!("manifest `{reference}` in `{}`", place.path),
            false => format!("`{}:{reference}`", place.path),
        };
        let ask = Ask {
            place,
            path: format!("manifests/{reference}"),
            accept: Some(ACCEPT),
            range: None,
            what: what.clone(),
        };
        let whole = self.whole(&ask, LONGEST as usize, attempts).await?;
        let Whole { bytes, said, .. } = whole;
        let manifest = Manifest::read(&what, bytes, &said)?;
        match Digest::parse(reference) {
            Some(promised) if promised != manifest.digest => Err(wrong(&what, &manifest.digest)),
            _ => Ok(manifest),
        }
    }

    /// Returns the images that a manifest or an index leads to, without those that are none: signatures,
    /// attestations, other artifacts.
    pub(crate) async fn candidates(
        &self,
        place: &Place,
        top: &Manifest,
        attempts: &mut Attempts,
    ) -> Result<Vec<Candidate>, Error> {
        if top.is_image() {
            return Ok(vec![Candidate {
                manifest: top.digest,
                platform: Platform::default(),
                entry: Descriptor::default(),
            }]);
        }
        let mut found = Vec::new();
        let mut left: Vec<(Descriptor, usize)> = Vec::new();
        left.extend(
            top.document
                .manifests
                .iter()
                .rev()
                .map(|entry| (entry.clone(), 1)),
        );
        let mut looked_at = 0;
        while let Some((entry, depth)) = left.pop() {
            looked_at += 1;
            if looked_at > MOST_ENTRIES || depth > DEEPEST {
                return Err(unsound("the index", "names more than any image needs"));
            }
            if is_no_image(&entry) {
                continue;
            }
            let Some(digest) = Digest::parse(&entry.digest) else {
                return Err(unsound(
                    "the index",
                    "names something by another digest than SHA-256",
                ));
            };
            if INDEXES.contains(&entry.media_type.as_str()) {
                let nested = match inline(&entry, &digest) {
                    Some(bytes) => Manifest::read("the index", bytes, &entry.media_type)?,
                    None => self.manifest(place, &entry.digest, attempts).await?,
                };
                let entries = nested.document.manifests.iter().rev();
                left.extend(entries.map(|entry| (entry.clone(), depth + 1)));
                continue;
            }
            found.push(Candidate {
                manifest: digest,
                platform: platform(&entry),
                entry,
            });
        }
        Ok(found)
    }
}

impl Manifest {
    /// Reads what came, of which its sender says that it is of this type.
    pub(crate) fn read(what: &str, bytes: Vec<u8>, said: &str) -> Result<Self, Error> {
        let fault = |fault: &str| unsound(what, fault);
        let document: OciDocument = serde_json::from_str(&String::from_utf8_lossy(&bytes))
            .map_err(|error| {
                fault(&format!(
                    "is not the JSON of a manifest: {}",
                    json_fault(&error)
                ))
            })?;
        let own = document.media_type.as_str();
        let is_known = |text: &str| INDEXES.contains(&text) || IMAGES.contains(&text);
        if is_known(own) && is_known(said) && own != said {
            return Err(fault("is said to be of another type than it says itself"));
        }
        let media_type = if own.is_empty() { said } else { own };
        if SCHEMA_1.contains(&media_type) {
            return Err(Error::Unsupported(format!(
                "{what} is of the form before Docker 1.10 (schema 1); push it once more with a newer Docker"
            )));
        }
        let leads_on = !document.manifests.is_empty();
        let is_image = document.config.is_some() || !document.layers.is_empty();
        // Readers would take it for one or the other.
        if leads_on && is_image {
            return Err(fault("is an index and the manifest of an image at once"));
        }
        let media_type = match media_type {
            known if is_known(known) => {
                if INDEXES.contains(&known) && is_image || IMAGES.contains(&known) && leads_on {
                    return Err(fault("does not hold what its type says"));
                }
                known
            }
            _ if leads_on => INDEXES[0],
            _ if is_image => IMAGES[0],
            other => return Err(Error::Unsupported(no_image(what, other))),
        };
        let media_type = media_type.to_owned();
        let manifest = Self {
            digest: Digest::of(&bytes),
            bytes,
            media_type,
            document,
        };
        manifest.check_kind(what)?;
        Ok(manifest)
    }

    /// Tells whether it is the manifest of one image.
    pub(crate) fn is_image(&self) -> bool {
        !INDEXES.contains(&self.media_type.as_str())
    }

    /// Makes sure that it is not of an artifact that is no image.
    fn check_kind(&self, what: &str) -> Result<(), Error> {
        if !self.is_image() {
            return Ok(());
        }
        let document = &self.document;
        let Some(config) = &document.config else {
            return Err(unsound(what, "names no config"));
        };
        let is_layer = |layer: &Descriptor| {
            let kind = layer.media_type.trim_end_matches("+encrypted");
            kind.is_empty() || kind.contains(".tar") || kind.contains("diff")
        };
        let kind = match document.artifact_type.as_str() {
            "" => config.media_type.as_str(),
            artifact => artifact,
        };
        // Registries have given the configs of images other types, too.
        let has_layers = !document.layers.is_empty() && document.layers.iter().all(is_layer);
        if !CONFIGS.contains(&kind) && !has_layers {
            return Err(Error::Unsupported(no_image(what, kind)));
        }
        Ok(())
    }
}

/// Refuses a body that was encoded although that was not asked for: its digest would be another one.
pub(crate) fn check_encoding(host: &str, encoding: Option<&str>) -> Result<(), Error> {
    match encoding {
        None | Some("" | "identity") => Ok(()),
        Some(other) => Err(Error::Nonsense {
            host: host.to_owned(),
            what: format!(
                "in the encoding `{}`, which was not asked for",
                one_line(other, 40)
            ),
        }),
    }
}

/// Returns the bytes of a document that stand in its descriptor, if they are those.
pub(crate) fn inline(entry: &Descriptor, digest: &Digest) -> Option<Vec<u8>> {
    if entry.data.is_empty() || entry.data.len() > MOST_DATA {
        return None;
    }
    let bytes = base64::prelude::BASE64_STANDARD.decode(&entry.data).ok()?;
    let is_it =
        Digest::of(&bytes) == *digest && entry.size.is_none_or(|size| size == bytes.len() as u64);
    is_it.then_some(bytes)
}

/// Tells whether an index says of an entry that it is no image.
fn is_no_image(entry: &Descriptor) -> bool {
    let kind = entry.media_type.as_str();
    let is_known = kind.is_empty() || INDEXES.contains(&kind) || IMAGES.contains(&kind);
    let is_artifact = !CONFIGS.contains(&entry.artifact_type.as_str());
    !is_known
        || is_artifact
        || platform(entry).is_unknown()
        || entry.annotations.contains_key("vnd.docker.reference.type")
}

fn platform(entry: &Descriptor) -> Platform {
    Platform {
        os: entry.platform.os.clone(),
        architecture: entry.platform.architecture.clone(),
        variant: entry.platform.variant.clone(),
    }
}

fn no_image(what: &str, kind: &str) -> String {
    match one_line(kind, 120) {
        none if none.is_empty() => format!("{what} is no container image"),
        kind => format!("{what} is no container image but `{kind}`"),
    }
}

fn unsound(what: &str, fault: &str) -> Error {
    Error::Unsound {
        what: what.to_owned(),
        fault: fault.to_owned(),
    }
}

/// Says that something is not what was asked for.
pub(crate) fn wrong(what: &str, found: &Digest) -> Error {
    unsound(
        what,
        &format!(
            "what came has the digest {found}; the registry or something on the way is at fault"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, said: &str) -> Result<Manifest, Error> {
        Manifest::read("it", text.as_bytes().to_vec(), said)
    }

    const CONFIG: &str = r#""config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:00","size":1}"#;

    #[test]
    fn the_body_tells_what_it_is_before_its_sender_does() {
        for (text, said, is_image) in [
            (
                format!("{{{CONFIG},\"layers\":null}}"),
                "application/json",
                true,
            ),
            (format!("{{{CONFIG}}}"), "text/plain", true),
            (r#"{"manifests":[{}]}"#.to_owned(), "", false),
            (r#"{"manifests":null}"#.to_owned(), INDEXES[0], false),
            (
                format!("{{\"mediaType\":\"{}\",\"manifests\":[]}}", INDEXES[1]),
                "application/json",
                false,
            ),
        ] {
            assert_eq!(read(&text, said).unwrap().is_image(), is_image, "{text}");
        }
    }

    #[test]
    fn what_is_no_image_is_refused_by_name() {
        for (text, said, words) in [
            ("nonsense".to_owned(), "", "is not the JSON of a manifest"),
            ("{}".to_owned(), "application/json", "is no container image but `application/json`"),
            (format!("{{{CONFIG},\"manifests\":[{{}}]}}"), "", "at once"),
            (format!("{{\"mediaType\":\"{}\",{CONFIG}}}", INDEXES[0]), "", "does not hold"),
            (format!("{{\"mediaType\":\"{}\",{CONFIG}}}", IMAGES[0]), IMAGES[1], "another type"),
            (r#"{"schemaVersion":1}"#.to_owned(), SCHEMA_1[1], "schema 1"),
            (
                r#"{"config":{"mediaType":"application/vnd.cncf.helm.config.v1+json"},"layers":[{"mediaType":"application/vnd.cncf.helm.chart.content.v1"}]}"#.to_owned(),
                IMAGES[0],
                "vnd.cncf.helm.config",
            ),
            (r#"{"config":{"mediaType":"application/vnd.oci.empty.v1+json"},"artifactType":"a/b"}"#.to_owned(), "", "`a/b`"),
        ] {
            let error = read(&text, said).err().unwrap().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
