//! Keep, which takes every block.

use super::archives::{Archive, Error as ArchiveError, Image};
pub(crate) use super::real::keep::{
    Depth, Destination, Error, Extent, Fetched, Options, Progress, Stored, StoredArchive,
    StoredLayer, Target,
};

/// The signature of a block that was not sent.
pub(super) const REUSED: &str = "A1111111111111111111111111111111111111111@6fffffff";

/// Returns a locator that the image alone determines, with the user's signature.
pub(crate) fn locator(image: &Image) -> String {
    format!(
        "{}+1000+A0123456789abcdef0123456789abcdef01234567@6fffffff",
        &image.id["sha256:".len()..][..32]
    )
}

pub(crate) fn store(archive: &Archive, options: &Options) -> Result<Progress, Error> {
    super::with(|world| {
        let chosen = options.image.as_ref();
        let image = chosen.map_or("none yet", |chosen| &chosen.image);
        world.calls.push(format!("keep.store {image}"));
        let Some(chosen) = chosen else {
            archive.is_stream.set(false);
            return match archive.images {
                Some(_) => Ok(Progress { stored: None }),
                None => Err(Error::Archive(ArchiveError::Unsound("cut short".into()))),
            };
        };
        world.stores.push(options.clone());
        if world.fault().is_some() {
            return Err(Error::Other("Keep is down".into()));
        }
        let mut images = archive.images.iter().flatten();
        let is_chosen =
            |image: &&Image| image.id == chosen.image && image.manifest == chosen.manifest;
        let Some(image) = images.find(is_chosen).cloned() else {
            return Err(Error::Archive(ArchiveError::NoSuchImage("".into())));
        };
        let mut image = world.stored_as.clone().unwrap_or(image);
        if image.manifest.is_none() {
            image.manifest.clone_from(&world.manifest_once_stored);
        }
        let own = locator(&image);
        let has_it = |collection: &super::real::collections::Collection| {
            let manifest = collection.manifest.as_deref().unwrap_or_default();
            options.reuse.contains(&collection.uuid) && manifest.contains(&own[..32])
        };
        let reused = if world.collections.iter().any(has_it) {
            1000
        } else {
            0
        };
        if reused == 0 && world.heals {
            world.contents.retain(|(block, _)| *block != own[..32]);
        }
        let stored = Some(Stored {
            blocks: vec![match reused {
                0 => own,
                _ => format!("{}+1000+{REUSED}", &own[..32]),
            }],
            loaded_as: world.loaded_as.clone(),
            layers: layers(&image),
            image,
            size: 1000,
            sent: 1000 - reused,
            reused,
        });
        Ok(Progress { stored })
    })
}

/// Returns the layers of an image, each of 2 MiB.
fn layers(image: &Image) -> Vec<StoredLayer> {
    let layers = image.diff_ids.iter();
    layers
        .map(|diff_id| StoredLayer {
            diff_id: diff_id.clone(),
            size: 2 << 20,
            read: true,
        })
        .collect()
}

/// Finds in the archive what its name promises.
pub(crate) fn fetch(
    archive: &StoredArchive,
    target: Target,
    present: bool,
    name: Option<&str>,
) -> Result<Fetched, Error> {
    super::with(|world| {
        world.named_on_arrival = name.map(Into::into);
        if present {
            world
                .calls
                .push(format!("keep.fetch {} present", archive.image));
            return Ok(Fetched {
                image: held(world, archive)?,
                size: 0,
            });
        }
        world
            .calls
            .push(format!("keep.fetch {} {target:?}", archive.image));
        world.fetched.extend(archive.extents.iter().cloned());
        Ok(Fetched {
            image: held(world, archive)?,
            size: archive
                .extents
                .iter()
                .map(|extent| u64::from(extent.length))
                .sum(),
        })
    })
}

/// Tells what the archive's first block holds.
pub(crate) fn examine(archive: &StoredArchive, depth: Depth) -> Result<Image, Error> {
    super::with(|world| {
        world
            .calls
            .push(format!("keep.examine {} {depth:?}", archive.image));
        if let Some(error) = &world.examine_error {
            return Err(error.clone());
        }
        held(world, archive)
    })
}

/// Returns what a test says that the block holds, else what the archive's name promises.
fn held(world: &super::World, archive: &StoredArchive) -> Result<Image, Error> {
    let first = archive.extents.first().map(|extent| &extent.block[..32]);
    if let Some((_, content)) = world
        .contents
        .iter()
        .find(|(block, _)| Some(block.as_str()) == first)
    {
        return content
            .clone()
            .ok_or_else(|| Error::Archive(ArchiveError::Unsound("it is torn".into())));
    }
    let known = world.engine.iter().flatten().map(|(_, image)| image);
    let given = world.given.iter().flat_map(|given| &given.images);
    if let Some(image) = known
        .chain(given)
        .find(|image| image.id == archive.image || world.loaded_as.as_ref() == Some(&archive.image))
    {
        let mut image = image.clone();
        if world.loaded_as.is_some() {
            image.manifest.clone_from(&world.loaded_as);
        }
        return Ok(image);
    }
    Ok(Image {
        id: archive.image.clone(),
        manifest: None,
        repo_tags: Vec::new(),
        config: "{}".into(),
        diff_ids: Vec::new(),
        platform: crate::types::Platform {
            os: "linux".into(),
            architecture: "amd64".into(),
            variant: String::new(),
        },
    })
}
