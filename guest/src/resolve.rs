//! What a container request would get for a text, and why.

use crate::bindings::exports::keepdocker::contract::commands::{
    Failure, FormatMismatch, Resolution,
};
use crate::bindings::keepdocker::contract::log::Level;
use crate::capabilities::{cluster, collections, links, log};
use crate::choice::{self, Content, Need, NoChoice, Step};
use crate::reference::Reference;
use crate::resolution::{Formats, NamedTerm};
use crate::{evidence, image, link_heads, name_check, query};

/// How many collections are looked into at a time.
const COLLECTIONS_AT_A_TIME: usize = 50;
/// No name is longer; the server would look for it all the same, and in vain.
const LONGEST_TEXT: usize = 1024;

/// The collection that a text leads to, and how.
pub(crate) struct Found {
    pub(crate) collection: collections::Collection,
    /// One sentence a step.
    pub(crate) reasons: Vec<String>,
    /// The other collections that match, in the server's order.
    others: Vec<String>,
    /// Whether no link has the text for a name, and the beginning of a digest alone led there.
    pub(crate) is_by_beginning: bool,
}

/// Tells what the text leads to.
pub(crate) fn run(text: &str) -> Result<Resolution, Failure> {
    let found = find(text)?;
    warn_of_another_image(text, &found.collection);
    Ok(Resolution {
        collection: found.collection.uuid,
        portable_data_hash: found.collection.portable_data_hash,
        reasons: found.reasons,
        others: found.others,
    })
}

/// Says at once if the text is the ID of another image than the one that the server would run, or only
/// the beginning of an ID.
fn warn_of_another_image(text: &str, found: &collections::Collection) {
    let Ok(Reference::Id(id)) = Reference::parse(text) else {
        return;
    };
    let held = evidence::named_id(found);
    let is_it = id.full().is_some() && held.as_deref().is_some_and(|held| id.matches(held));
    if !is_it {
        let held = held.unwrap_or_else(|| "of another kind".into());
        log::write(
            Level::Warning,
            &format!(
                "`{text}` looks like the ID of an image, but the server does not look for IDs: a container request for it gets image {held}; use a name or a portable data hash"
            ),
        );
    }
}

/// Resolves the text as the API server does for `container_image`.
///
/// The collection comes with its manifest, and holds one file that is named like an image.
pub(crate) fn find(text: &str) -> Result<Found, Failure> {
    if text.len() > LONGEST_TEXT {
        return Err(Failure::Usage(format!(
            "an image name cannot have more than {LONGEST_TEXT} characters"
        )));
    }
    let config = cluster::get()?;
    let formats = Formats::from_config(config.image_formats.as_deref());
    if !formats.v1 && !formats.v2 {
        return Err(Failure::UnsupportedFormat(unsupported(text, &config)));
    }
    let mut resolution = choice::Resolution::of(text, formats, COLLECTIONS_AT_A_TIME);
    let mut reasons = Vec::new();
    match resolution.term() {
        Some(term) => warn_of_traps(text, term, &mut reasons),
        None => reasons.push(format!(
            "`{text}` has the form of a portable data hash, so that no link is looked at."
        )),
    }
    let collection = settle(&mut resolution)?.map_err(|none| match none {
        NoChoice::NoSuchImage => Failure::NoSuchImage(text.into()),
        NoChoice::UnsupportedFormat => Failure::UnsupportedFormat(unsupported(text, &config)),
    })?;
    explain(&resolution, &config, &mut reasons);
    Ok(Found {
        collection,
        reasons,
        others: resolution.others(),
        is_by_beginning: resolution.is_by_beginning(),
    })
}

/// Asks the cluster for what the choice needs, and returns the collection that is chosen.
pub(crate) fn settle(
    resolution: &mut choice::Resolution,
) -> Result<Result<collections::Collection, NoChoice>, Failure> {
    let mut known: Vec<collections::Collection> = Vec::new();
    let mut readable = link_heads::Readable::none();
    loop {
        match resolution.need() {
            Err(none) => return Ok(Err(none)),
            Ok(None) => break,
            Ok(Some(Need::Named(name))) => {
                let names = links::Names::Exactly(vec![name]);
                let links = query::links(&[links::Class::RepoTag], names)?;
                readable = link_heads::Readable::of(&links, None)?;
                resolution.links(&links);
            }
            Ok(Some(Need::Hashed(beginning))) => {
                let names = links::Names::StartingWith(beginning);
                let links = query::links(&[links::Class::ImageHash], names)?;
                readable = link_heads::Readable::of(&links, None)?;
                resolution.links(&links);
            }
            Ok(Some(Need::Migrations)) => {
                let links = query::links(&[links::Class::Migration], links::Names::All)?;
                resolution.links(&links);
            }
            Ok(Some(Need::Readable)) => resolution.readable(|uuid| readable.contains(uuid)),
            Ok(Some(Need::Collections(uuids))) => {
                // Of those before, none is chosen.
                known = query::manifests(collections::Which::Uuids(uuids))?;
                resolution.collections(&contents(&known));
            }
            Ok(Some(Need::Content(content))) => {
                let found = query::manifests(collections::Which::PortableDataHash(content))?;
                resolution.collections(&contents(&found));
                known.extend(found);
            }
        }
    }
    let chosen = resolution.chosen().unwrap_or_default();
    let place = known
        .iter()
        .position(|collection| collection.uuid == chosen);
    Ok(place.map_or(Err(NoChoice::NoSuchImage), |place| {
        Ok(known.swap_remove(place))
    }))
}

fn contents(collections: &[collections::Collection]) -> Vec<Content<'_>> {
    let contents = collections.iter().map(|collection| Content {
        uuid: &collection.uuid,
        portable_data_hash: &collection.portable_data_hash,
        manifest: collection.manifest.as_deref().unwrap_or_default(),
    });
    contents.collect()
}

/// Says where the server's reading differs from what the text looks like.
fn warn_of_traps(text: &str, term: &NamedTerm, reasons: &mut Vec<String>) {
    match Reference::parse(text) {
        Ok(Reference::Id(id)) if text.starts_with("sha256:") => reasons.push(format!(
            "The server splits `{text}` at its colon and, unless a name is just that, takes every image whose ID begins with `sha256`: use a name or the portable data hash instead of `{id}`."
        )),
        Ok(Reference::Name(name)) if name.registered() != term.repo_tag => {
            let registered = name.registered();
            if text != registered {
                reasons.push(format!("The server looks for the name `{}`, but uploads are registered as `{registered}`.", term.repo_tag));
            }
        }
        _ => {}
    }
    let begins = term.beginning();
    if begins.len() + 1 < term.pattern.len() {
        reasons.push(format!(
            "In `{text}` the server takes `%` and `_` for patterns when it compares image IDs."
        ));
    }
}

/// Says in one sentence a step how the choice was made.
fn explain(resolution: &choice::Resolution, config: &cluster::Config, reasons: &mut Vec<String>) {
    for step in resolution.steps() {
        reasons.push(match step {
            Step::Matching(class, count) => {
                let what = match (class, resolution.term()) {
                    (links::Class::RepoTag, Some(term)) => format!("the name `{}`", term.repo_tag),
                    (_, Some(term)) => format!("an image ID like `{}`", term.pattern),
                    (_, None) => continue,
                };
                match count {
                    0 => format!("No readable collection of {} has {what}.", config.id),
                    1 => format!("1 readable collection has {what}."),
                    _ => format!("{count} readable collections have {what}."),
                }
            }
            Step::PassedOver(uuid) => format!("{uuid} comes before, but is passed over: it does not hold exactly one file of an image that the cluster runs."),
            Step::Migrated(from, to) => format!(
                "{from} is of a format that the cluster does not run; a migration link leads to {to}."
            ),
        });
    }
    let (Some(chosen), Some(first)) = (resolution.chosen(), resolution.first()) else {
        return;
    };
    let others = resolution.others();
    let second = others.first().and_then(|uuid| resolution.candidate(uuid));
    reasons.push(match second {
        Some(second) => format!(
            "{chosen} comes before {}: {}.",
            second.collection,
            name_check::reason(first, second)
        ),
        None => "No other collection of a format that the cluster runs matches.".into(),
    });
    let left = resolution.left();
    if left > 0 {
        reasons.push(format!(
            "{left} more collections match and were not looked at, as they come later."
        ));
    }
}

fn unsupported(text: &str, config: &cluster::Config) -> FormatMismatch {
    let format = match Reference::parse(text) {
        Ok(Reference::Id(id)) => image::format(&id.to_string()),
        _ => "unknown",
    };
    FormatMismatch {
        format: format.into(),
        supported: config.image_formats.clone().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests;
