//! What a container request would get for a text, and why.

use crate::bindings::exports::keepdocker::contract::commands::{
    Failure, FormatMismatch, Resolution,
};
use crate::bindings::keepdocker::contract::log::Level;
use crate::capabilities::{cluster, collections, links, log};
use crate::reference::Reference;
use crate::resolution::{Candidate, Formats, NamedTerm, Term, candidates, migrated};
use crate::{effect, evidence};
use crate::{heads, image, manifest, query};
use std::collections::HashMap;

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
    let mut reasons = Vec::new();
    match Term::parse(text) {
        Term::Content(content) => by_content(text, &content, formats, reasons),
        Term::Named(term) => {
            warn_of_traps(text, &term, &mut reasons);
            by_name(text, &term, &config, formats, reasons)
        }
    }
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

fn by_content(
    text: &str,
    content: &str,
    formats: Formats,
    mut reasons: Vec<String>,
) -> Result<Found, Failure> {
    reasons.push(format!(
        "`{text}` has the form of a portable data hash, so that no link is looked at."
    ));
    // Without a size it is the hash of no collection.
    if !manifest::is_portable_data_hash(content) {
        return Err(Failure::NoSuchImage(text.into()));
    }
    let found = query::manifests(collections::Which::PortableDataHash(content.into()))?;
    let Some(first) = found.first() else {
        return Err(Failure::NoSuchImage(text.into()));
    };
    let fitting = Fitting::of(&found[..1], formats)?;
    let Some(chosen) = fitting.of_collection(first) else {
        return Err(Failure::NoSuchImage(text.into()));
    };
    explain(chosen, first, &mut reasons);
    Ok(Found {
        collection: chosen.clone(),
        reasons,
        others: found
            .iter()
            .map(|collection| collection.uuid.clone())
            .filter(|uuid| *uuid != chosen.uuid)
            .collect(),
    })
}

fn by_name(
    text: &str,
    term: &NamedTerm,
    config: &cluster::Config,
    formats: Formats,
    mut reasons: Vec<String>,
) -> Result<Found, Failure> {
    let order = match in_order(term, config, &mut reasons)? {
        Some(order) => order,
        None => return Err(Failure::NoSuchImage(text.into())),
    };
    let mut chosen: Option<(Candidate, collections::Collection)> = None;
    let mut others = Vec::new();
    let mut looked_at = 0;
    for some in order.chunks(COLLECTIONS_AT_A_TIME) {
        let found = query::manifests(collections::Which::Uuids(
            some.iter()
                .map(|candidate| candidate.collection.clone())
                .collect(),
        ))?;
        let fitting = Fitting::of(&found, formats)?;
        for candidate in some {
            let Some(collection) = found
                .iter()
                .find(|collection| collection.uuid == candidate.collection)
            else {
                continue;
            };
            let Some(fit) = fitting.of_collection(collection) else {
                if chosen.is_none() {
                    reasons.push(format!("{} comes before, but is passed over: it does not hold exactly one file of an image that the cluster runs.", collection.uuid));
                }
                continue;
            };
            match &chosen {
                Some(_) => others.push(fit.uuid.clone()),
                None => {
                    explain(fit, collection, &mut reasons);
                    chosen = Some((candidate.clone(), fit.clone()));
                }
            }
        }
        looked_at += some.len();
        if chosen.is_some() {
            break;
        }
    }
    let Some((first, collection)) = chosen else {
        return Err(Failure::UnsupportedFormat(unsupported(text, config)));
    };
    let second = order
        .iter()
        .find(|candidate| others.first() == Some(&candidate.collection));
    reasons.push(match second {
        Some(second) => format!(
            "{} comes before {}: {}.",
            collection.uuid,
            second.collection,
            effect::reason(&first, second)
        ),
        None => "No other collection of a format that the cluster runs matches.".into(),
    });
    if looked_at < order.len() {
        reasons.push(format!(
            "{} more collections match and were not looked at, as they come later.",
            order.len() - looked_at
        ));
    }
    Ok(Found {
        collection,
        reasons,
        others,
    })
}

/// Returns the collections that the server would consider, in its order, or none if no link
/// leads to one that can be read.
fn in_order(
    term: &NamedTerm,
    config: &cluster::Config,
    reasons: &mut Vec<String>,
) -> Result<Option<Vec<Candidate>>, Failure> {
    let steps = [
        (
            links::Class::RepoTag,
            links::Names::Exactly(vec![term.repo_tag.clone()]),
        ),
        (
            links::Class::ImageHash,
            links::Names::StartingWith(term.beginning().into()),
        ),
    ];
    for (class, names) in steps {
        let links = query::links(&[class], names)?;
        let readable = heads::Readable::of(&links, None)?;
        let mut order = candidates(&term.matching(&links));
        order.retain(|candidate| readable.contains(&candidate.collection));
        let what = match class {
            links::Class::RepoTag => format!("the name `{}`", term.repo_tag),
            _ => format!("an image ID like `{}`", term.pattern),
        };
        if order.is_empty() {
            reasons.push(format!(
                "No readable collection of {} has {what}.",
                config.id
            ));
            continue;
        }
        let count = order.len();
        reasons.push(format!(
            "{count} readable collection{} {} {what}.",
            if count == 1 { "" } else { "s" },
            if count == 1 { "has" } else { "have" }
        ));
        return Ok(Some(order));
    }
    Ok(None)
}

fn explain(
    chosen: &collections::Collection,
    matched: &collections::Collection,
    reasons: &mut Vec<String>,
) {
    if chosen.uuid != matched.uuid {
        reasons.push(format!(
            "{} is of a format that the cluster does not run; a migration link leads to {}.",
            matched.uuid, chosen.uuid
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

/// Which of some collections hold an image that the cluster runs, or lead to one that does.
struct Fitting {
    formats: Formats,
    migrations: Vec<links::Link>,
    /// The collections to which migration links lead, by portable data hash.
    migrated: HashMap<String, collections::Collection>,
}

impl Fitting {
    /// Looks for migration links, unless all of the collections fit as they are.
    fn of(found: &[collections::Collection], formats: Formats) -> Result<Self, Failure> {
        let mut fitting = Self {
            formats,
            migrations: Vec::new(),
            migrated: HashMap::new(),
        };
        if found.iter().all(|collection| fitting.fits(collection)) {
            return Ok(fitting);
        }
        let links = query::links(&[links::Class::Migration], links::Names::All)?;
        fitting.migrations = links;
        for collection in found {
            if let Some(target) = migrated(&fitting.migrations, &collection.portable_data_hash)
                && !fitting.migrated.contains_key(target)
                && let Some(found) =
                    query::manifests(collections::Which::PortableDataHash(target.into()))?
                        .into_iter()
                        .next()
            {
                fitting.migrated.insert(target.into(), found);
            }
        }
        Ok(fitting)
    }

    fn fits(&self, collection: &collections::Collection) -> bool {
        collection
            .manifest
            .as_deref()
            .is_some_and(|manifest| self.formats.accept(manifest))
    }

    /// Returns the collection itself, or the one to which a migration link leads, or none.
    fn of_collection<'a>(
        &'a self,
        collection: &'a collections::Collection,
    ) -> Option<&'a collections::Collection> {
        if self.fits(collection) {
            return Some(collection);
        }
        let target = migrated(&self.migrations, &collection.portable_data_hash)?;
        self.migrated.get(target).filter(|found| self.fits(found))
    }
}

#[cfg(test)]
mod tests;
