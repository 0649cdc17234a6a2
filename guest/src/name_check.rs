//! Whether a new name takes effect: which collection a container request gets afterwards.
//!
//! The server prefers the latest build to the latest upload. An older build under a name that a
//! later one has, or an image that claims to be built in 1970, is stored and named without any
//! effect. The person who did it should learn that at once.

use crate::bindings::exports::keepdocker::contract::commands::Failure;
use crate::bindings::keepdocker::contract::log::Level;
use crate::capabilities::{collections, links, log};
use crate::choice::Resolution;
use crate::failure::words;
use crate::resolution::{Candidate, Formats, candidates};
use crate::resolve;

/// How many collections that come before the new one are looked into at most.
const MOST_COLLECTIONS: usize = 20;

/// Warns for each name that still leads to another content than the collection's.
///
/// `links` are all links with these names. The image is registered by now, so that a failure to
/// look is only reported.
pub(crate) fn warn(
    names: &[String],
    ours: &collections::Collection,
    links: &[links::Link],
    formats: Formats,
) {
    for name in names {
        match winner(name, ours, links, formats) {
            Ok(None) => {}
            Ok(Some(text)) => log::write(Level::Warning, &text),
            Err(Failure::Api(error)) => log::write(
                Level::Warning,
                &format!("cannot tell what `{name}` leads to now: {}", words(&error)),
            ),
            Err(_) => log::write(
                Level::Warning,
                &format!("cannot tell what `{name}` leads to now"),
            ),
        }
    }
}

/// Returns the sentence about the collection that wins against ours, if one does.
fn winner(
    name: &str,
    ours: &collections::Collection,
    links: &[links::Link],
    formats: Formats,
) -> Result<Option<String>, Failure> {
    let named: Vec<&links::Link> = links
        .iter()
        .filter(|link| link.class == links::Class::RepoTag && link.name == name)
        .collect();
    let order = candidates(&named);
    let Some(position) = order
        .iter()
        .position(|candidate| candidate.collection == ours.uuid)
    else {
        return Ok(None);
    };
    let own = &order[position];
    let before: Vec<Candidate> = order[..position]
        .iter()
        .take(MOST_COLLECTIONS)
        .cloned()
        .collect();
    if before.is_empty() {
        return Ok(None);
    }
    let mut resolution = Resolution::among(before, formats);
    let (Ok(other), Some(first)) = (resolve::settle(&mut resolution)?, resolution.first()) else {
        return Ok(None);
    };
    // What a container gets is the content; which copy of it does not matter.
    Ok(
        (other.portable_data_hash != ours.portable_data_hash).then(|| {
            format!(
                "a container request for `{name}` still gets {} and not {}: {}",
                other.uuid,
                ours.uuid,
                reason(first, own)
            )
        }),
    )
}

/// Says why the first of two candidates comes before the second.
pub(crate) fn reason(first: &Candidate, second: &Candidate) -> String {
    let oldest = |candidate: &Candidate| match candidate.links {
        1 => "",
        _ => " (the oldest of its links counts)",
    };
    if first.built != second.built {
        format!(
            "the server prefers the later build, and that one was built {}{}, this one {}{}",
            built(first),
            oldest(first),
            built(second),
            oldest(second)
        )
    } else if first.made == second.made {
        format!(
            "both have the same build time for the server, and links of the same second, {}, so that it may take either",
            time(first.made)
        )
    } else {
        format!(
            "both have the same build time for the server, and that one's link was made {}{}, this one's {}{}",
            time(first.made),
            oldest(first),
            time(second.made),
            oldest(second)
        )
    }
}

/// Returns the build time as the server sees it.
pub(crate) fn built(candidate: &Candidate) -> String {
    match candidate.built {
        0 => "at a time that the server takes for none".into(),
        seconds => time(seconds),
    }
}

fn time(seconds: i64) -> String {
    crate::timestamp::Timestamp::from_seconds(seconds).text()
}
