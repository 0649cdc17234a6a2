//! The download: the image that a container request would get, or that has an ID, fetched from Keep.

use crate::bindings::exports::keepdocker::contract::commands::{
    DownloadRequest, Downloaded, Failure,
};
use crate::bindings::keepdocker::contract::archives::Error as ArchiveError;
use crate::capabilities::{collections, keep};
use crate::evidence::{self, Identity};
use crate::lookup::{self, Known};
use crate::reference::Reference;
use crate::{image, manifest, presence, resolve};
use std::collections::HashSet;

/// Finds the image, and has its archive fetched.
pub(crate) fn run(request: &DownloadRequest) -> Result<Downloaded, Failure> {
    let (collection, reasons) = find(&request.image)?;
    let unsound = |reason: String| {
        Failure::Archive(ArchiveError::Unsound(format!(
            "collection {}: {reason}",
            collection.uuid
        )))
    };
    let text = collection.manifest.as_deref().unwrap_or_default();
    let id = manifest::only_file(text)
        .and_then(|(path, _)| image::id_of_file(file_name(&path)).map(str::to_owned))
        .ok_or_else(|| unsound("it does not hold exactly one image".into()))?;
    if image::format(&id) != "v2" {
        return Err(Failure::Archive(ArchiveError::Unsupported(format!(
            "image {id} has the format v1, in which the ID does not tell the content, so it cannot be verified; `arv-get {}/` fetches the file as it is",
            collection.uuid
        ))));
    }
    let archive = evidence::stored(text, &id).map_err(unsound)?;
    let blocks: HashSet<&str> = archive
        .extents
        .iter()
        .map(|extent| extent.block.as_str())
        .collect();
    let blocks = u32::try_from(blocks.len()).unwrap_or(u32::MAX);
    let fetched = keep::fetch(&archive, request.target).map_err(|error| match error {
        keep::Error::Archive(ArchiveError::Unsound(text)) => unsound(format!(
            "its file is named as image {id} and cannot be that: {text}"
        )),
        error => error.into(),
    })?;
    Ok(Downloaded {
        collection: collection.uuid,
        portable_data_hash: collection.portable_data_hash,
        image: fetched.image.id,
        size: fetched.size,
        blocks,
        reasons,
    })
}

/// Finds the collection that is meant, and says why it is this one.
///
/// A name leads where a container request that has it would lead. An ID means the image with that
/// ID, though the server reads it otherwise.
fn find(text: &str) -> Result<(collections::Collection, Vec<String>), Failure> {
    let reference = Reference::parse(text);
    let Ok(reference @ Reference::Id(_)) = reference else {
        let found = match (resolve::find(text), reference) {
            // The server knows no spellings; a person who types another one means the same image.
            (Err(Failure::NoSuchImage(_)), Ok(Reference::Name(name)))
                if name.registered() != text =>
            {
                resolve::find(&name.registered())?
            }
            (found, _) => found?,
        };
        return Ok((found.collection, found.reasons));
    };
    match lookup::in_cluster(&reference)? {
        // The digits turned out to be a name.
        Some(Known { name: Some(_), .. }) => {
            let found = resolve::find(text)?;
            Ok((found.collection, found.reasons))
        }
        Some(Known { image, .. }) => match holder(&image)? {
            Some(collection) => {
                let reason = format!(
                    "`{text}` is the ID of an image; {} holds it.",
                    collection.uuid
                );
                Ok((collection, vec![reason]))
            }
            None => Err(Failure::NoSuchImage(text.into())),
        },
        None => Err(Failure::NoSuchImage(text.into())),
    }
}

/// Returns the collection to fetch the image from: the user's own, else the first of others that holds
/// it.
///
/// Where there is a choice, somebody's lie must not keep the user from what another has, so that each
/// is read before it is taken.
fn holder(image: &str) -> Result<Option<collections::Collection>, Failure> {
    let (own, others) = presence::claimants(image)?;
    let count = own.len() + others.len();
    for (claimants, depth) in [(own, keep::Depth::Config), (others, keep::Depth::Content)] {
        for collection in claimants {
            // Of one alone, the fetch itself will tell.
            let is_it = count == 1
                || evidence::image_of(&collection, image, Identity::Config, false, depth)?
                    .is_some();
            if is_it {
                return Ok(Some(collection));
            }
        }
    }
    Ok(None)
}

/// Returns the last part of a path: the server looks at that alone.
fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::world::{self, World};
    use crate::testing::{USER, repo_tag_link};

    const X: &str = "zzzzz-4zz18-xxxxxxxxxxxxxxx";
    const DIGITS: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const SIGNED: &str =
        "acbd18db4cc2f85cedef654fccc4a4d8+3+A0123456789abcdef0123456789abcdef01234567@6fffffff";

    fn fetch(image: &str) -> Result<Downloaded, Failure> {
        run(&DownloadRequest {
            image: image.into(),
            target: keep::Target::Engine,
        })
    }

    fn holding(file: &str) {
        let manifest = format!(". {SIGNED} {SIGNED} 0:6:{file}\n");
        world::with(|world| {
            *world = World::new();
            world.formats = Some(vec!["v1".into(), "v2".into()]);
            world.collections = vec![collections::Collection {
                uuid: X.into(),
                owner: USER.into(),
                name: String::new(),
                portable_data_hash: manifest::portable_data_hash(&manifest),
                created_at: "2020-01-01T00:00:00Z".into(),
                properties: Vec::new(),
                manifest: Some(manifest),
            }];
            world.links = vec![repo_tag_link("lab/tool:1", X, "2020-01-01T00:00:00Z", None)];
        });
    }

    #[test]
    fn the_image_that_a_container_request_gets_is_fetched_with_signed_locators() {
        holding(&format!("sha256:{DIGITS}.tar"));
        let downloaded = fetch("lab/tool:1").unwrap();
        assert_eq!(downloaded.collection, X);
        assert_eq!(downloaded.image, format!("sha256:{DIGITS}"));
        assert_eq!((downloaded.size, downloaded.blocks), (6, 1));
        world::with(|world| {
            assert_eq!(world.fetched.len(), 2);
            assert!(world.fetched.iter().all(|extent| extent.block == SIGNED));
            let call = format!("keep.fetch sha256:{DIGITS} Target::Engine");
            assert_eq!(world.calls.last(), Some(&call));
        });
    }

    #[test]
    fn what_cannot_be_verified_is_not_fetched() {
        holding(&format!("{DIGITS}.tar"));
        let failure = fetch("lab/tool:1").unwrap_err();
        assert!(
            matches!(&failure, Failure::Archive(ArchiveError::Unsupported(text)) if text.contains("v1")),
            "{failure:?}"
        );
        world::with(|world| assert!(world.fetched.is_empty()));
    }

    #[test]
    fn a_name_that_leads_nowhere_fetches_nothing() {
        holding(&format!("sha256:{DIGITS}.tar"));
        assert_eq!(
            fetch("lab/tool:2").unwrap_err(),
            Failure::NoSuchImage("lab/tool:2".into())
        );
        world::with(|world| {
            assert!(
                !world
                    .calls
                    .iter()
                    .any(|call| call.starts_with("keep.fetch"))
            )
        });
    }
}
