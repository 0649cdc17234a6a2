//! Which images an OCI image layout leads to: the way from its index to their manifests.
//!
//! A layout may hold much else: images that are not there whole, for other platforms, signatures,
//! other artifacts, blobs by digests that are not SHA-256. All that is passed over, and told only if it
//! is what was asked for.

use keepdocker_terms::called::Called;
use keepdocker_terms::platform::Platform;

use super::documents::{Descriptor, Documents, OciDocument, PlatformFields, blob_name, parse};
use super::entry::{ConfigBytes, Entry, Layer, digest_of, familiar};
use super::error::{Error, Fault, quoted};
use super::search::{self, Names, Search};
use keepdocker_terms::digest::Digest;

/// The most images among which one can be chosen.
pub(crate) const MOST: usize = 256;

/// The most entries of indexes that are looked at.
const MOST_STEPS: usize = 100_000;

/// The most bytes of indexes and manifests together that are looked at.
const MOST_BYTES: usize = 64 << 20;

/// How deep indexes may lie in each other.
const DEEPEST: usize = 4;

/// The annotation by which an OCI layout refers to an image.
const REFERENCE: &str = "org.opencontainers.image.ref.name";

/// Where something stands in a layout: all that it can be called by.
#[derive(Debug, Clone, Default)]
pub(crate) struct Place {
    pub(crate) names: Vec<String>,
    pub(crate) references: Vec<String>,
    /// The digests of the indexes above it.
    pub(crate) indexes: Vec<Digest>,
    /// Its own, and that of its config, as far as they are known.
    digests: Vec<Digest>,
    platform: PlatformFields,
    group: String,
    position: usize,
    depth: usize,
}

/// An image's manifest that the index leads to.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) place: Place,
    pub(crate) manifest: Digest,
    pub(crate) config: Digest,
}

/// Something that is no image that can be read.
#[derive(Debug)]
struct Passed {
    place: Place,
    why: Error,
}

/// What an index leads to.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    candidates: Vec<Candidate>,
    passed: Vec<Passed>,
}

impl Place {
    /// Returns what stands here can be called by.
    fn called(&self) -> Names<'_> {
        Names {
            position: self.position,
            names: &self.names,
            references: &self.references,
            digests: &self.digests,
            indexes: &self.indexes,
        }
    }
}

/// Returns where the index, the bytes of `index.json`, leads.
pub(crate) fn read(documents: &mut dyn Documents, index: &[u8]) -> Result<Layout, Error> {
    let index: OciDocument = parse("index.json", index)?;
    let mut walk = Walk {
        documents,
        found: Layout::default(),
        steps: 0,
        bytes: 0,
    };
    walk.index("index.json", &index, &Place::default())?;
    Ok(walk.found)
}

/// The walk through an OCI image layout.
struct Walk<'a> {
    documents: &'a mut dyn Documents,
    found: Layout,
    steps: usize,
    bytes: usize,
}

impl Walk<'_> {
    fn index(&mut self, name: &str, index: &OciDocument, above: &Place) -> Result<(), Error> {
        for (position, descriptor) in index.manifests.iter().enumerate() {
            self.steps += 1;
            if self.steps > MOST_STEPS {
                return Err(too_much("names more than any indexes need", MOST_STEPS));
            }
            let mut here = above.clone();
            here.depth += 1;
            here.names.extend(name_of(descriptor));
            let reference = descriptor.annotation(REFERENCE);
            here.references.extend(reference.map(str::to_owned));
            here.digests = Vec::from_iter(Digest::parse(&descriptor.digest));
            here.platform = descriptor.platform.clone();
            if above.depth == 0 {
                here.position = position;
                here.group = group(&here);
            }
            match self.descriptor(name, descriptor, &mut here) {
                // Only that entry is at fault, and another one may be meant.
                Err(why) if why.is_of_member() => {
                    self.found.passed.push(Passed { place: here, why });
                }
                done => done?,
            }
        }
        Ok(())
    }

    fn descriptor(
        &mut self,
        index: &str,
        descriptor: &Descriptor,
        here: &mut Place,
    ) -> Result<(), Error> {
        let digest = digest_of(descriptor)?;
        let member = blob_name(&digest);
        if descriptor
            .annotations
            .contains_key("vnd.docker.reference.type")
        {
            return Err(Error::member(member, NO_IMAGE));
        }
        // An engine that holds one platform of several still writes the index of all.
        let Some(bytes) = self.documents.document(&member)? else {
            return Err(Error::missing(&member, index));
        };
        self.bytes += bytes.len();
        if self.bytes > MOST_BYTES {
            return Err(too_much("has too much in its indexes", MOST_BYTES));
        }
        verify(&member, &bytes, descriptor, digest)?;
        let document: OciDocument = match descriptor.media_type.as_str() {
            "application/vnd.oci.image.index.v1+json"
            | "application/vnd.docker.distribution.manifest.list.v2+json"
            | "application/vnd.oci.image.manifest.v1+json"
            | "application/vnd.docker.distribution.manifest.v2+json"
            | "" => parse(&member, &bytes)?,
            "application/vnd.docker.distribution.manifest.v1+json"
            | "application/vnd.docker.distribution.manifest.v1+prettyjws" => {
                return Err(Error::member(
                    member,
                    Fault::Refused(
                        "is a manifest of the form before Docker 1.10; pull or push the image again",
                    ),
                ));
            }
            _ => return Err(Error::member(member, NO_IMAGE)),
        };
        let Some(config) = &document.config else {
            if here.depth > DEEPEST {
                return Err(Error::member(
                    member,
                    Fault::TooMuch {
                        what: "is an index that lies too deep",
                        limit: DEEPEST as u64,
                    },
                ));
            }
            here.indexes.push(digest);
            return self.index(&member, &document, here);
        };
        if document.layers.iter().any(is_no_layer) {
            return Err(Error::member(member, NO_IMAGE));
        }
        let config = digest_of(config)?;
        here.digests.push(config);
        self.found.candidates.push(Candidate {
            place: here.clone(),
            manifest: digest,
            config,
        });
        Ok(())
    }
}

impl Candidate {
    /// Tells whether this image is called so, but for its place in a list, which is another one here.
    pub(crate) fn is_called(&self, called: Called<'_>) -> bool {
        let place = &self.place;
        called.is_name(&place.names)
            || called.is_reference(&place.references)
            || search::is_called(called, place.digests.iter().chain(&place.indexes))
    }

    /// Returns the platform that its index says it is for.
    pub(crate) fn platform(&self) -> &PlatformFields {
        &self.place.platform
    }
}

impl Layout {
    /// Returns what leads to the image of this config.
    pub(crate) fn of_config(&self, config: &Digest) -> Option<&Candidate> {
        self.candidates
            .iter()
            .find(|candidate| candidate.config == *config)
    }

    /// Makes sure that the index leads to the image of this config, and to nothing else that a reader
    /// could take for one.
    ///
    /// # Errors
    /// If it leads elsewhere, or cannot be followed to its end. What is not there, and what is no image,
    /// leads nowhere.
    pub(crate) fn leads_only_to(self, config: &Digest) -> Result<(), Error> {
        let is_end = |it: &Passed| it.why.is(&NO_IMAGE) || it.why.is_missing();
        if let Some(stop) = self.passed.into_iter().find(|it| !is_end(it)) {
            return Err(stop.why);
        }
        if self.candidates.iter().all(|it| it.config == *config) {
            return Ok(());
        }
        Err(Error::member(
            "index.json",
            Fault::Refused("leads to another image than `manifest.json`"),
        ))
    }

    /// Returns the images that the search is for.
    ///
    /// # Errors
    /// If there is none for a reason that is known, one is damaged, or there are too many.
    pub(crate) fn entries(
        mut self,
        documents: &mut dyn Documents,
        search: Search<'_>,
    ) -> Result<Vec<Entry>, Error> {
        let is_meant = |place: &Place| search.concerns(&place.called());
        let mut entries = Vec::new();
        let mut nowhere = Vec::new();
        let mut configs = ConfigBytes::default();
        for candidate in std::mem::take(&mut self.candidates) {
            if !is_meant(&candidate.place) {
                continue;
            }
            match entry(documents, &candidate, &mut configs) {
                Ok(entry) => {
                    if entries.len() + nowhere.len() == MOST {
                        return Err(Error::too_many_images(MOST));
                    }
                    match entry.image.platform.is_unknown() || is_unknown_there(&candidate.place) {
                        true => nowhere.push(entry),
                        false => entries.push(entry),
                    }
                }
                Err(why) if why.is_of_member() => self.passed.push(Passed {
                    place: candidate.place,
                    why,
                }),
                Err(error) => return Err(error),
            }
        }
        // Builders write that platform for what runs nowhere; alone it may still be an image.
        if entries.is_empty() {
            entries = nowhere;
        }
        let mut meant = self.passed;
        meant.retain(|it| is_meant(&it.place));
        let is_damage =
            |it: &Passed| it.why.is_damage() && search.cares_for(&of_fields(&it.place.platform));
        let is_odd = |it: &Passed| entries.is_empty() && !it.why.is(&NO_IMAGE);
        let is_other = |_: &Passed| entries.is_empty();
        let stops = [&is_damage as &dyn Fn(&Passed) -> bool, &is_odd, &is_other];
        let stops = stops.iter().find_map(|stops| meant.iter().position(stops));
        match stops.map(|at| meant.swap_remove(at)) {
            None => Ok(entries),
            Some(passed) if passed.why.is(&NO_IMAGE) => Err(Error::NoSuchImage {
                wanted: match search {
                    Search::Any(_) => "at all".into(),
                    Search::Called(called, _) => format!("`{}`", quoted(called.0)),
                    Search::Exactly(chosen) => format!("`{}`", quoted(&chosen.image)),
                },
                held: format!("something else: {}", passed.why),
            }),
            Some(passed) => Err(passed.why),
        }
    }
}

/// Reads what a candidate's manifest and config say.
fn entry(
    documents: &mut dyn Documents,
    candidate: &Candidate,
    configs: &mut ConfigBytes,
) -> Result<Entry, Error> {
    let member = blob_name(&candidate.manifest);
    let gone = || Error::missing(&member, "index.json");
    let bytes = documents.document(&member)?.ok_or_else(gone)?;
    // A folder may change between two looks.
    if Digest::of(&bytes) != candidate.manifest {
        return Err(gone());
    }
    let manifest: OciDocument = parse(&member, &bytes)?;
    let place = &candidate.place;
    let (names, platform) = (place.names.clone(), &place.platform);
    let mut entry = of_manifest(documents, &manifest, blob_name, names, platform, configs)
        .map_err(|error| match &manifest.config {
            // What has a config of another type may be anything.
            Some(config)
                if error.is_of_member() && !error.is_damage() && !is_image_config(config) =>
            {
                Error::member(member, NO_IMAGE)
            }
            _ => error,
        })?;
    entry.image.manifest = Some(candidate.manifest.to_string());
    entry.indexes.clone_from(&place.indexes);
    entry.references.clone_from(&place.references);
    entry.group.clone_from(&place.group);
    entry.position = place.position;
    Ok(entry)
}

/// Describes the image of a manifest, whose blobs have the names that `name` makes of their digests.
pub(crate) fn of_manifest(
    documents: &mut dyn Documents,
    manifest: &OciDocument,
    name: impl Fn(&Digest) -> String,
    names: Vec<String>,
    platform: &PlatformFields,
    configs: &mut ConfigBytes,
) -> Result<Entry, Error> {
    let descriptor = manifest.config.clone().unwrap_or_default();
    let digest = digest_of(&descriptor)?;
    let member = name(&digest);
    let config = documents
        .document(&member)?
        .ok_or_else(|| Error::missing(&member, "the image's manifest"))?;
    verify(&member, &config, &descriptor, digest)?;
    configs.add(&config)?;
    let layers = manifest.layers.iter();
    let layers = layers
        .map(|layer| Layer::blob(layer, &name))
        .collect::<Result<_, Error>>()?;
    Entry::new(&member, config, layers, names, platform)
}

const NO_IMAGE: Fault =
    Fault::Refused("is not an image but a signature, an attestation or another artifact");

/// Tells whether this is said to be the config of an image. Registries have given those other types
/// too, so that only the config itself tells what it is.
fn is_image_config(config: &Descriptor) -> bool {
    matches!(
        config.media_type.as_str(),
        "application/vnd.oci.image.config.v1+json"
            | "application/vnd.docker.container.image.v1+json"
            | ""
    )
}

/// Tells whether a layer is a document, as those of signatures and attestations are.
fn is_no_layer(layer: &Descriptor) -> bool {
    let kind = layer.media_type.trim_end_matches("+encrypted");
    kind.ends_with("json") || kind.ends_with("xml")
}

/// Returns what images share that are one image for several platforms.
fn group(place: &Place) -> String {
    let called = match place.names.join(" ") {
        none if none.is_empty() => place.references.join(" "),
        names => names,
    };
    match called.is_empty() {
        false => format!("={called}"),
        // Some tools write the platforms of one image into `index.json` itself.
        true if !place.platform.architecture.is_empty() => "platforms".to_owned(),
        true => format!("#{}", place.position),
    }
}

/// Tells whether that is what builders write for what runs nowhere.
fn is_unknown_there(place: &Place) -> bool {
    of_fields(&place.platform).is_unknown()
}

fn of_fields(fields: &PlatformFields) -> Platform {
    Platform {
        os: fields.os.clone(),
        architecture: fields.architecture.clone(),
        variant: fields.variant.clone(),
    }
}

/// Returns the name that an index gives an image.
fn name_of(descriptor: &Descriptor) -> Option<String> {
    // Engines write the full name; the OCI's own annotation often holds the tag alone.
    let name = descriptor
        .annotation("io.containerd.image.name")
        .or_else(|| {
            descriptor
                .annotation(REFERENCE)
                .filter(|name| name.contains(':'))
        })?;
    Some(familiar(name))
}

fn too_much(what: &'static str, limit: usize) -> Error {
    Error::archive(Fault::TooMuch {
        what,
        limit: limit as u64,
    })
}

/// Compares a document with what is promised of it.
pub(crate) fn verify(
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
    match descriptor.size {
        Some(size) if bytes.len() as u64 != size => Err(Error::member(
            member,
            Fault::WrongSize {
                found: bytes.len() as u64,
                promised: size,
            },
        )),
        _ => Ok(()),
    }
}
