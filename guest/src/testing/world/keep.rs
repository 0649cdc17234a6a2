//! Keep, which takes every block.

use super::archives::{Archive, Error as ArchiveError, Image, Selection};
pub(crate) use super::real::keep::{
    Error, Extent, Fetched, Options, Stored, StoredArchive, Target,
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

pub(crate) fn store(archive: &Archive, options: &Options) -> Result<Stored, Error> {
    super::with(|world| {
        world
            .calls
            .push(format!("keep.store {:?}", options.selection));
        world.stores.push(options.clone());
        if world.fault().is_some() {
            return Err(Error::Other("Keep is down".into()));
        }
        let Some(images) = &archive.images else {
            return Err(Error::Archive(ArchiveError::Unsound("cut short".into())));
        };
        let is_meant = |image: &&Image| match &options.selection {
            Selection::Only => true,
            Selection::Id(id) => image.id == *id || image.manifest.as_ref() == Some(id),
            Selection::Name(name) => image.repo_tags.contains(name),
        };
        let meant: Vec<&Image> = images.iter().filter(is_meant).collect();
        let image = match meant.as_slice() {
            [image] => (*image).clone(),
            [] => return Err(Error::Archive(ArchiveError::NoSuchImage("".into()))),
            _ => return Err(Error::Archive(ArchiveError::Ambiguous("".into()))),
        };
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
        Ok(Stored {
            blocks: vec![match reused {
                0 => own,
                _ => format!("{}+1000+{REUSED}", &own[..32]),
            }],
            image,
            size: 1000,
            sent: 1000 - reused,
            reused,
        })
    })
}

/// Finds in the archive what its name promises.
pub(crate) fn fetch(archive: &StoredArchive, target: Target) -> Result<Fetched, Error> {
    super::with(|world| {
        world
            .calls
            .push(format!("keep.fetch {} {target:?}", archive.image));
        world.fetched.extend(archive.extents.iter().cloned());
        Ok(Fetched {
            image: Image {
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
            },
            size: archive
                .extents
                .iter()
                .map(|extent| u64::from(extent.length))
                .sum(),
        })
    })
}
