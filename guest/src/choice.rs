//! Which image of a given archive is meant, and under which names it is registered.

use crate::bindings::exports::keepdocker::contract::commands::Failure;
use crate::bindings::keepdocker::contract::archives::Error as ArchiveError;
use crate::bindings::keepdocker::contract::log::Level;
use crate::capabilities::{archives, log};
use crate::reference::{Id, Name, Reference};

/// How many names of an archive are registered at most.
const MOST_NAMES: usize = 100;

/// Selects from an archive that can be read only once.
pub(crate) fn streamed(
    selection: Option<&Reference>,
    reference: Option<&Reference>,
) -> archives::Selection {
    let by_id = |id: &Id| archives::Selection::Id(id.full().unwrap_or_else(|| id.to_string()));
    match (selection, reference) {
        (Some(Reference::Name(name)), _) => archives::Selection::Name(name.registered()),
        (Some(Reference::Id(id)), _) | (None, Some(Reference::Id(id))) => by_id(id),
        (None, _) => archives::Selection::Only,
    }
}

/// Chooses the image that is meant: by the selection, else by its name, else the only one.
pub(crate) fn choose(
    mut images: Vec<archives::Image>,
    selection: Option<&Reference>,
    reference: Option<&Reference>,
) -> Result<archives::Image, Failure> {
    images.sort_by(|a, b| a.id.cmp(&b.id));
    images.dedup_by(|a, b| a.id == b.id);
    let held: Vec<String> = images
        .iter()
        .map(|image| match image.repo_tags.first() {
            Some(name) => format!("{name} ({})", image.id),
            None => image.id.clone(),
        })
        .collect();
    let held = held.join(", ");
    let is_meant = |reference: &Reference, image: &archives::Image| match reference {
        Reference::Name(name) => has_name(image, name),
        Reference::Id(id) => {
            id.matches(&image.id)
                || image
                    .manifest
                    .as_deref()
                    .is_some_and(|manifest| id.matches(manifest))
        }
    };
    if let Some(asked) = selection {
        images.retain(|image| is_meant(asked, image));
    } else if let Some(asked) = reference {
        // A name that the archive does not know is a new name for what it holds.
        if matches!(asked, Reference::Id(_)) || images.iter().any(|image| is_meant(asked, image)) {
            images.retain(|image| is_meant(asked, image));
        }
    }
    match images.len() {
        0 if held.is_empty() => {
            Err(ArchiveError::NoSuchImage("the archive holds no image at all".into()).into())
        }
        0 => {
            let text = format!("the archive holds no image that was asked for; it holds {held}");
            Err(ArchiveError::NoSuchImage(text).into())
        }
        1 => Ok(images.remove(0)),
        _ => {
            let text =
                format!("the archive holds several images: {held}; name the one that is meant");
            Err(ArchiveError::Ambiguous(text).into())
        }
    }
}

fn has_name(image: &archives::Image, name: &Name) -> bool {
    image.repo_tags.iter().any(|tag| name.is(tag))
}

/// Returns the names under which an image of a given archive is registered: the one asked for,
/// else the archive's own.
pub(crate) fn names(reference: Option<&Reference>, image: &archives::Image) -> Vec<Name> {
    match reference {
        Some(Reference::Name(name)) => vec![name.clone()],
        Some(Reference::Id(_)) => Vec::new(),
        None => {
            let mut names: Vec<Name> = Vec::new();
            for tag in image.repo_tags.iter().take(MOST_NAMES) {
                match Reference::parse(tag) {
                    Ok(Reference::Name(_)) if names.iter().any(|name| name.is(tag)) => {}
                    Ok(Reference::Name(name)) => names.push(name),
                    Ok(Reference::Id(_)) => {}
                    Err(error) => log::write(
                        Level::Warning,
                        &format!("a name that the archive gives the image is left out: {error}"),
                    ),
                }
            }
            names
        }
    }
}
