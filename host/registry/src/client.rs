//! What is asked of registries: what a name means, and what an image is made of.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use keepdocker_archive::oci::{Descriptor, LONGEST, PlatformFields};
use keepdocker_archive::{Digest, Platform};
use keepdocker_arvados::http::{Attempts, Retry};
use serde_json::json;

use crate::documents::check_size;
use crate::error::Error;
use crate::logins::LoginSource;
use crate::machine::layers::Layers;
use crate::manifests::{Candidate, Manifest, inline};
use crate::mirrors::Mirrors;
use crate::place::{Place, Target};
use crate::program::Program;
use crate::requests::Requests;
use crate::transport::{Timing, Transport};
use crate::wire::Wire;

/// The most layers of an image. Engines stop at 127.
const MOST_LAYERS: usize = 1024;

/// Where the machine has what goes for registries, and how long to go on.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// How often and when to try again.
    pub retry: Retry,
    /// How long things may take.
    pub timing: Timing,
    /// Where logins are kept, the most important first. They are read when a registry wants one.
    pub logins: Vec<LoginSource>,
    /// Where else images may be had.
    pub mirrors: Mirrors,
}

/// Reads images from registries. Nothing is kept but in memory.
#[derive(Clone)]
pub struct Client {
    pub(crate) requests: Arc<Requests>,
    mirrors: Arc<Mirrors>,
}

/// What a name means at this moment.
#[derive(Clone)]
pub struct Resolved {
    /// The digest of what the name means: an index, or the manifest of an image.
    pub digest: Digest,
    /// The images that it may be; without what is no image.
    pub candidates: Vec<Candidate>,
    pub(crate) top: Manifest,
    /// The image, where there is only one.
    only: Option<Image>,
    pub(crate) places: Arc<[Place]>,
}

/// What an image is made of.
#[derive(Clone)]
pub struct Image {
    /// The digest of its manifest.
    pub manifest: Digest,
    /// The type and the bytes of its manifest.
    pub media_type: String,
    /// The bytes of its manifest and config, by their digests.
    pub documents: HashMap<Digest, Vec<u8>>,
    /// Its layers, lowest first; one may occur several times.
    pub layers: Vec<Layer>,
    pub(crate) places: Arc<[Place]>,
}

/// A layer, as a manifest names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// The digest of its bytes as they come, mostly compressed.
    pub digest: Digest,
    /// The number of these bytes.
    pub size: u64,
    /// Where else it may be had.
    pub(crate) urls: Vec<String>,
}

/// Asks one place after the other, until one has what is wanted; gives that, and which place it was.
macro_rules! first {
    ($client:ident, $places:expr, |$place:ident, $attempts:ident| $asked:expr) => {{
        let mut found = None;
        for (at, $place) in $places.iter().enumerate() {
            let $attempts = &mut $client.attempts($places, at);
            match $asked.await {
                Ok(it) => {
                    found = Some((at, it));
                    break;
                }
                Err(error) => $client.go_on($places, at, error)?,
            }
        }
        found.ok_or_else(|| Error::Unsupported("no place has the image".into()))
    }};
}

impl Client {
    /// Makes a client whose requests `wire` carries. Nothing is read or sent yet.
    #[must_use]
    pub fn new(settings: Settings, program: Arc<dyn Program>, wire: Arc<dyn Wire>) -> Self {
        let logins = (settings.logins, settings.mirrors.helpers().clone());
        let transport = Transport::new(program, wire, settings.timing);
        Self {
            requests: Arc::new(Requests::new(transport, settings.retry, logins)),
            mirrors: Arc::new(settings.mirrors),
        }
    }

    /// Asks what a name means.
    ///
    /// # Errors
    /// If no place has it, or what is there is no image.
    pub async fn resolve(&self, target: &Target) -> Result<Resolved, Error> {
        let places: Arc<[Place]> = self.mirrors.places(target)?.into();
        let reference = target.reference();
        let (at, top) = first!(self, &places, |place, attempts| self
            .requests
            .manifest(place, reference, attempts))?;
        // A mirror may be behind; what comes next is asked by digest, so that any place will do. The one that
        // answered comes first.
        let mut order = places.to_vec();
        order.rotate_left(at);
        let places: Arc<[Place]> = order.into();
        let (_, candidates) = first!(self, &places, |place, attempts| self
            .requests
            .candidates(place, &top, attempts))?;
        let mut resolved = Resolved {
            digest: top.digest,
            candidates,
            top,
            only: None,
            places,
        };
        if resolved.top.is_image() {
            // No index tells the platform, so its config has to.
            let image = self.image(&resolved, &resolved.digest).await?;
            for candidate in &mut resolved.candidates {
                candidate.platform = image.platform();
            }
            resolved.only = Some(image);
        }
        Ok(resolved)
    }

    /// Fetches what says how one of the images is made: its manifest and its config.
    ///
    /// # Errors
    /// If no place has them, or they are not what they should be.
    pub async fn image(&self, resolved: &Resolved, manifest: &Digest) -> Result<Image, Error> {
        let image = self.image_of(resolved, manifest).await;
        image.map_err(Error::of_part)
    }

    async fn image_of(&self, resolved: &Resolved, manifest: &Digest) -> Result<Image, Error> {
        if let Some(only) = resolved
            .only
            .as_ref()
            .filter(|only| only.manifest == *manifest)
        {
            return Ok(only.clone());
        }
        let places = &resolved.places;
        let manifest = if resolved.digest == *manifest {
            resolved.top.clone()
        } else {
            let reference = manifest.to_string();
            let entries = || {
                let entries = resolved.candidates.iter();
                entries.filter(|candidate| candidate.manifest == *manifest)
            };
            let inlined = entries().find_map(|candidate| {
                let entry = &candidate.entry;
                Some((inline(entry, manifest)?, entry.media_type.clone()))
            });
            let found = match inlined {
                Some((bytes, kind)) => Manifest::read(&reference, bytes, &kind)?,
                None => {
                    let fetched = first!(self, places, |place, attempts| self
                        .requests
                        .manifest(place, &reference, attempts))?;
                    fetched.1
                }
            };
            for candidate in entries() {
                let what = format!("manifest {manifest}, by what its index says");
                check_size(&what, &candidate.entry, &found.bytes)?;
            }
            found
        };
        let what = format!("manifest {}", manifest.digest);
        let unsound = |fault: &str| Error::Unsound {
            what: what.clone(),
            fault: fault.to_owned(),
        };
        if !manifest.is_image() {
            return Err(unsound("is an index where an image was expected"));
        }
        let document = &manifest.document;
        if document.layers.len() > MOST_LAYERS {
            return Err(unsound("names more layers than any image has"));
        }
        let digest = |entry: &Descriptor| {
            Digest::parse(&entry.digest)
                .ok_or_else(|| unsound("names something by another digest than SHA-256"))
        };
        let layers: Vec<Layer> = document
            .layers
            .iter()
            .map(|layer| {
                Ok(Layer {
                    digest: digest(layer)?,
                    size: layer
                        .size
                        .ok_or_else(|| unsound("does not say how long its layers are"))?,
                    urls: layer.urls.clone(),
                })
            })
            .collect::<Result<_, Error>>()?;
        let config = document.config.clone().unwrap_or_default();
        let id = digest(&config)?;
        let wanted = (&config, &id);
        let limit = LONGEST as usize;
        let (_, bytes) = first!(self, places, |place, attempts| self
            .requests
            .small_blob(place, wanted, "config", limit, attempts))?;
        let documents = HashMap::from([(manifest.digest, manifest.bytes), (id, bytes)]);
        Ok(Image {
            manifest: manifest.digest,
            media_type: manifest.media_type,
            documents,
            layers,
            places: places.clone(),
        })
    }

    /// Makes the layers of an image readable, in order. Must be called on the runtime; they are read on a thread
    /// that may wait.
    #[must_use]
    pub fn layers(&self, image: &Image) -> Layers {
        Layers::new(self.requests.clone(), image)
    }

    /// Returns how often a place is asked: one of several that are left only once more.
    pub(crate) fn attempts(&self, places: &[Place], at: usize) -> Attempts {
        let mut retry = self.requests.retry;
        if at + 1 < places.len() {
            retry.retries = retry.retries.min(1);
        }
        retry.attempts()
    }

    /// Goes on to the next place after one failed, if there is one.
    fn go_on(&self, places: &[Place], at: usize, error: Error) -> Result<(), Error> {
        let Some(next) = places.get(at + 1).filter(|_| error.is_of_place()) else {
            return Err(error);
        };
        let text = format!("{error}; asking {} next", next.name());
        self.requests.transport.program.notify(&text);
        Ok(())
    }
}

impl Image {
    /// Returns the platform that its config names; empty where it says nothing, or is none that can be read.
    #[must_use]
    pub fn platform(&self) -> Platform {
        let config = self
            .documents
            .iter()
            .find(|(digest, _)| **digest != self.manifest);
        let text = config.map(|(_, bytes)| String::from_utf8_lossy(bytes));
        let said: PlatformFields = text
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default();
        Platform {
            os: said.os,
            architecture: said.architecture,
            variant: said.variant,
        }
    }

    /// Returns an index that leads to it alone, and says it is for this platform.
    #[must_use]
    pub fn index(&self, platform: &Platform) -> Vec<u8> {
        let length = self.documents.get(&self.manifest).map_or(0, Vec::len);
        let index = json!({
            "schemaVersion": 2,
            "manifests": [{
                "mediaType": self.media_type,
                "digest": self.manifest.to_string(),
                "size": length,
                "platform": {
                    "os": platform.os, "architecture": platform.architecture, "variant": platform.variant,
                },
            }],
        });
        index.to_string().into_bytes()
    }

    /// Returns how many bytes its layers have as they come, each counted once.
    #[must_use]
    pub fn size(&self) -> u64 {
        let sizes = self.layers.iter().map(|layer| (layer.digest, layer.size));
        let sizes: HashMap<Digest, u64> = sizes.collect();
        sizes
            .values()
            .fold(0, |sum, size| sum.saturating_add(*size))
    }
}

/// Leaves out what is inside.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

impl fmt::Debug for Resolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolved")
            .field("digest", &self.digest)
            .field("candidates", &self.candidates)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Image")
            .field("manifest", &self.manifest)
            .field("layers", &self.layers)
            .finish_non_exhaustive()
    }
}
