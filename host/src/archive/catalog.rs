//! Which images an archive holds, by its own account.
//!
//! `manifest.json` is the account of `docker save` and of all that write for `docker load`.
//! `index.json` is that of an OCI image layout, and may lead through further indexes to images
//! for several platforms, not all of which need be there.

use super::digest::Digest;
use super::documents::{DockerImage, Documents, parse};
use super::entry::{ConfigBytes, Entry, Layer, familiar};
use super::error::{Error, Fault};
use super::oci_layout::{self, MOST};

/// Returns the images of the archive, in the order in which it names them.
///
/// Their configs are verified; of their layers only the number is.
pub(crate) fn read(documents: &mut dyn Documents) -> Result<Vec<Entry>, Error> {
    let account = documents.document("manifest.json")?;
    let index = documents.document("index.json")?;
    let mut found = Vec::new();
    if let Some(index) = &index {
        let walked;
        (found, walked) = oci_layout::read(documents, index)?;
        // Beside a `manifest.json` the index is read for the manifests' digests only.
        if account.is_none() {
            walked?;
        }
    }
    match account {
        Some(account) => docker(documents, &account, &found),
        None if index.is_some() => Ok(found),
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
    let Some(index) = documents.document("index.json")? else {
        return Ok(());
    };
    let (found, walked) = oci_layout::read(documents, &index)?;
    walked?;
    if found.iter().all(|entry| entry.id == image.id) {
        return Ok(());
    }
    Err(Error::member(
        "index.json",
        Fault::Refused("leads to another image than `manifest.json`"),
    ))
}

/// Reads the account of a docker-archive.
fn docker(
    documents: &mut dyn Documents,
    account: &[u8],
    oci: &[Entry],
) -> Result<Vec<Entry>, Error> {
    let images: Vec<DockerImage> = parse("manifest.json", account)?;
    if images.len() > MOST {
        return Err(Error::too_many_images(MOST));
    }
    let mut entries = Vec::with_capacity(images.len());
    let mut configs = ConfigBytes::default();
    for (position, image) in images.into_iter().enumerate() {
        let config = documents
            .document(&image.config)?
            .ok_or_else(|| Error::missing(&image.config, "manifest.json"))?;
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
            .map(|name| familiar(name))
            .collect();
        let group = match names.join(" ") {
            none if none.is_empty() => format!("#{position}"),
            names => names,
        };
        let same = oci.iter().find(|entry| entry.id == id);
        let mut entry = Entry::new(&image.config, &config, layers, names, group)?;
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
