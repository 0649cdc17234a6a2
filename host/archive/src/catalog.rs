//! Which images an archive holds, by its own account.
//!
//! `manifest.json` is the account of `docker save` and of all that write for `docker load`.
//! `index.json` is that of an OCI image layout, and may lead through further indexes to images
//! for several platforms, not all of which need be there. In the form `dir:`, `manifest.json` is the
//! manifest of the one image.

use super::documents::{DockerImage, Documents, OciDocument, PlatformFields, parse};
use crate::image::Held;

use super::entry::{ConfigBytes, Entry, Layer, familiar};
use super::error::{Error, Fault, quoted};
use super::oci_layout::{self, Layout, MOST};
use super::search::{Chosen, Search, is_called};
use keepdocker_terms::digest::Digest;

/// Returns the images of the archive that are looked for, in the order in which it names them; all of them
/// where none is called so.
///
/// Their configs are verified; of their layers only the number is.
pub(crate) fn read(documents: &mut dyn Documents, search: Search<'_>) -> Result<Vec<Entry>, Error> {
    let entries = found(documents, search)?;
    match search {
        Search::Called(_, platform) if entries.is_empty() => {
            found(documents, Search::Any(platform))
        }
        _ => Ok(entries),
    }
}

/// Returns the image that was chosen.
///
/// # Errors
/// If it is not there, or only others can read it.
pub(crate) fn exactly(documents: &mut dyn Documents, chosen: &Chosen) -> Result<Entry, Error> {
    pick(found(documents, Search::Exactly(chosen))?, chosen)
}

/// Takes the image that was chosen out of those that are there.
///
/// # Errors
/// If it is not among them, or only others can read it.
pub(crate) fn pick(entries: Vec<Entry>, chosen: &Chosen) -> Result<Entry, Error> {
    let held: Vec<&str> = entries.iter().map(|entry| &*entry.image.id).collect();
    let held = held.join(", ");
    let mut entries = entries.into_iter();
    let entry = entries
        .find(|entry| entry.image.id == chosen.image && entry.image.manifest == chosen.manifest);
    let Some(entry) = entry else {
        return Err(Error::NoSuchImage {
            wanted: format!("`{}`", quoted(&chosen.image)),
            held: match held.is_empty() {
                true => "none".into(),
                false => held,
            },
        });
    };
    match entry.layers.iter().find(|layer| layer.is_encrypted) {
        Some(layer) => Err(Error::member(
            layer.member.clone(),
            Fault::Refused(
                "is an encrypted layer; decrypt the image first, as `skopeo copy --decryption-key` does",
            ),
        )),
        None => Ok(entry),
    }
}

/// Takes the only image out of those that are there.
///
/// # Errors
/// If there is none, there are several, or only others can read it.
pub(crate) fn only(entries: Vec<Entry>) -> Result<Entry, Error> {
    let Some(first) = entries.first() else {
        return Err(Error::NoSuchImage {
            wanted: "at all".into(),
            held: "none".into(),
        });
    };
    if let Some(other) = entries.iter().find(|entry| entry.id != first.id) {
        return Err(Error::Ambiguous {
            held: format!("{}, {}", first.id, other.id),
        });
    }
    let chosen = Chosen {
        image: first.image.id.clone(),
        manifest: first.image.manifest.clone(),
    };
    pick(entries, &chosen)
}

/// Tells of the images, for whoever chooses one.
pub(crate) fn told(entries: Vec<Entry>) -> Vec<Held> {
    let groups: Vec<String> = entries.iter().map(|entry| entry.group.clone()).collect();
    let told = entries.into_iter().enumerate().map(|(at, entry)| Held {
        group: groups
            .iter()
            .position(|group| *group == groups[at])
            .unwrap_or(at),
        position: entry.position,
        references: entry.references,
        indexes: entry.indexes.iter().map(Digest::to_string).collect(),
        image: entry.image,
    });
    told.collect()
}

fn found(documents: &mut dyn Documents, search: Search<'_>) -> Result<Vec<Entry>, Error> {
    let account = documents.document("manifest.json")?;
    let index = documents.document("index.json")?;
    let is_directory = account.as_deref().is_some_and(is_object);
    let layout = match &index {
        None => Layout::default(),
        Some(index) => match oci_layout::read(documents, index) {
            // Beside a `manifest.json` the index is read for the manifests' digests only.
            Err(error) if account.is_some() && error.is_unsound() => Layout::default(),
            read => read?,
        },
    };
    match account {
        Some(account) if !is_directory => docker(documents, &account, &layout, search),
        _ if index.is_some() => layout.entries(documents, search),
        Some(account) => directory(documents, &account),
        None if documents.document("repositories")?.is_some() => Err(Error::Unsupported(
            "the archive is of the form before Docker 1.10, without `manifest.json`; load it into an engine and save it again".into(),
        )),
        None => Err(Error::archive(Fault::NotAnImage)),
    }
}

/// Makes sure that nobody can take the archive for another image than this one: engines with a
/// containerd store go by `index.json`, others by `manifest.json`.
///
/// # Errors
/// If `index.json` stands beside `manifest.json` and leads elsewhere, or cannot be followed to its end.
pub(crate) fn check_index(documents: &mut dyn Documents, image: &Entry) -> Result<(), Error> {
    if documents.document("manifest.json")?.is_none() {
        return Ok(());
    }
    match documents.document("index.json")? {
        None => Ok(()),
        Some(index) => oci_layout::read(documents, &index)?.leads_only_to(&image.id),
    }
}

/// Tells whether a `manifest.json` is the manifest of one image, and no account of several.
pub(crate) fn is_object(account: &[u8]) -> bool {
    account.trim_ascii_start().starts_with(b"{")
}

/// Reads the account of a docker-archive.
fn docker(
    documents: &mut dyn Documents,
    account: &[u8],
    layout: &Layout,
    search: Search<'_>,
) -> Result<Vec<Entry>, Error> {
    let images: Option<Vec<Option<DockerImage>>> = parse("manifest.json", account)?;
    let mut entries = Vec::new();
    let mut configs = ConfigBytes::default();
    for (position, image) in images.unwrap_or_default().into_iter().enumerate() {
        let image = image.filter(|image| !image.config.is_empty());
        let Some(image) = image else {
            let fault = Fault::Refused("names no image where it should name one");
            return Err(Error::member("manifest.json", fault));
        };
        // Tools differ in whether they write what Docker leaves out.
        let names: Vec<String> = image.repo_tags.iter().map(|name| familiar(name)).collect();
        let is_meant = |id: Option<&Digest>| match search {
            Search::Any(_) => true,
            Search::Called(called, _) => {
                called.is_at(position)
                    || called.is_name(&names)
                    || is_called(called, id)
                    || id
                        .and_then(|id| layout.of_config(id))
                        .is_some_and(|it| it.is_called(called))
            }
            Search::Exactly(chosen) => id.is_some_and(|id| chosen.is_of(id)),
        };
        let promised = promised_id(&image.config);
        if promised.is_some() && !is_meant(promised.as_ref()) {
            continue;
        }
        let config = match read_config(documents, &image, promised) {
            // Another image's config is of no interest.
            Err(error) if error.is_of_member() && !is_meant(promised.as_ref()) => continue,
            read => read?,
        };
        configs.add(&config)?;
        let id = Digest::of(&config);
        if !is_meant(Some(&id)) {
            continue;
        }
        if entries.len() == MOST {
            return Err(Error::too_many_images(MOST));
        }
        let group = match names.join(" ") {
            none if none.is_empty() => format!("#{position}"),
            names => names,
        };
        let layers = layers(&image, &config)?;
        let none = PlatformFields::default();
        let same = layout.of_config(&id);
        let platform = same.map_or(&none, |same| same.platform());
        let mut entry = Entry::new(&image.config, config, layers, names, platform)?;
        if let Some(same) = same {
            entry.image.manifest = Some(same.manifest.to_string());
            entry.indexes.clone_from(&same.place.indexes);
            entry.references.clone_from(&same.place.references);
        }
        entry.group = group;
        entry.position = position;
        entries.push(entry);
    }
    Ok(entries)
}

/// Returns the digest that the name of a config's member promises, as it does in every tool's archives,
/// under prefixes that differ.
fn promised_id(member: &str) -> Option<Digest> {
    let stem = member.strip_suffix(".json").unwrap_or(member);
    Digest::from_hex(stem.rsplit(['/', ':']).next().unwrap_or(stem))
}

fn read_config(
    documents: &mut dyn Documents,
    image: &DockerImage,
    promised: Option<Digest>,
) -> Result<Vec<u8>, Error> {
    let config = documents
        .document(&image.config)?
        .ok_or_else(|| Error::missing(&image.config, "manifest.json"))?;
    let found = Digest::of(&config);
    match promised.filter(|promised| *promised != found) {
        None => Ok(config),
        Some(promised) => Err(Error::member(
            &image.config,
            Fault::WrongDigest {
                found,
                promised,
                by: "its name",
            },
        )),
    }
}

/// Returns the layers that the account names, with what it says of where else they may be had.
fn layers(image: &DockerImage, config: &[u8]) -> Result<Vec<Layer>, Error> {
    let mut layers: Vec<Layer> = image.layers.iter().cloned().map(Layer::member).collect();
    if !image.layer_sources.is_empty() {
        let config: super::documents::Config = parse(&image.config, config)?;
        for (layer, diff_id) in layers.iter_mut().zip(&config.rootfs.diff_ids) {
            if let Some(source) = image.layer_sources.get(diff_id) {
                layer.urls.clone_from(&source.urls);
            }
        }
    }
    Ok(layers)
}

/// Reads the manifest of the form `dir:`, beside which the blobs lie by their digests.
fn directory(documents: &mut dyn Documents, manifest: &[u8]) -> Result<Vec<Entry>, Error> {
    let document: OciDocument = parse("manifest.json", manifest)?;
    if document.config.is_none() {
        return Err(Error::member(
            "manifest.json",
            Fault::Refused(
                "is neither a list of images nor the manifest of one; of the form `dir:` with several platforms, `skopeo copy dir:FOLDER oci:OTHER` makes what can be read",
            ),
        ));
    }
    let mut entry = oci_layout::of_manifest(
        documents,
        &document,
        Digest::hex,
        Vec::new(),
        &PlatformFields::default(),
        &mut ConfigBytes::default(),
    )?;
    entry.image.manifest = Some(Digest::of(manifest).to_string());
    Ok(vec![entry])
}
