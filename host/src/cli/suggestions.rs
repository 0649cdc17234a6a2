//! Which image may have been meant by a name that nothing has.

use crate::bindings::commands::{ImagesRequest, ListedImage};
use crate::harmless::escape;
use crate::output::{Exit, Report};
use crate::run::Surroundings;
use keepdocker_terms::reference::Reference;

/// How many names are suggested at most.
const MOST: usize = 3;

/// From this likeness on, of 0 to 1, a name may have been meant.
const LIKELY: f64 = 0.85;

/// Adds to a report of an image that the cluster does not have what may have been meant.
///
/// It takes a listing to know that, which nobody waits for but those whose command has failed.
pub(super) async fn suggest(report: Report, surroundings: &Surroundings, asked: &str) -> Report {
    // What is no name of an image, such as one with a login in it, looks like none.
    if report.exit != Exit::NoSuchImage || Reference::parse(asked).is_err() {
        return report;
    }
    let names = like(surroundings, asked).await;
    // Whoever asked for what is there lacks something else.
    let is_there = names.contains(&format!("`{}`", escape(asked)));
    match names.is_empty() || is_there {
        true => report,
        false => report.advise(format!(
            "did you mean {}? `keepdocker images` lists what the cluster has",
            names.join(", ")
        )),
    }
}

/// Returns the names in quotes that the cluster has and that are most like this one, the likeliest first.
pub(super) async fn like(surroundings: &Surroundings, asked: &str) -> Vec<String> {
    let everything = ImagesRequest {
        project: None,
        image: None,
        tag: None,
        exact_name: None,
    };
    // What cannot be listed is no failure of its own.
    let listed = surroundings.ask(&everything).await.unwrap_or_default();
    let names = nearest(asked, &listed).into_iter();
    names.map(|name| format!("`{}`", escape(&name))).collect()
}

/// Returns the names that are most like this one: those of the same repository, else those that look alike.
fn nearest(asked: &str, listed: &[ListedImage]) -> Vec<String> {
    let repository = match asked.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => asked,
    };
    let mut found: Vec<(f64, String)> = Vec::new();
    for image in listed {
        let (Some(known), Some(tag)) = (&image.repository, &image.tag) else {
            continue;
        };
        let name = format!("{known}:{tag}");
        let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        let likeness = if known == repository {
            // Whatever else looks alike, and newer ones first.
            2.0
        } else if last(known) == last(repository) {
            1.0
        } else {
            strsim::jaro_winkler(known, repository).max(strsim::jaro_winkler(&name, asked))
        };
        if likeness >= LIKELY && found.iter().all(|(_, other)| *other != name) {
            found.push((likeness, name));
        }
    }
    let best = found.iter().map(|(likeness, _)| *likeness);
    if best.fold(0.0, f64::max) >= 2.0 {
        found.retain(|(likeness, _)| *likeness >= 2.0);
    }
    // Those that are as likely stay in the order of the listing.
    found.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    found.truncate(MOST);
    found.into_iter().map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_repository_come_first_and_others_only_if_they_look_alike() {
        let listed: Vec<ListedImage> = [
            "lab/big:2",
            "lab/big:1",
            "lab/bug:1",
            "hello-world:latest",
            "other/tool:1",
        ]
        .iter()
        .map(|name| {
            let (repository, tag) = name.split_once(':').unwrap();
            ListedImage {
                repository: Some(repository.into()),
                tag: Some(tag.into()),
                image: None,
                collection: String::new(),
                timestamp: String::new(),
            }
        })
        .collect();
        for (asked, expected) in [
            ("lab/big", &["lab/big:2", "lab/big:1"][..]),
            ("lab/big:3", &["lab/big:2", "lab/big:1"]),
            ("helo-world", &["hello-world:latest"]),
            ("tool:1", &["other/tool:1"]),
            ("quite/another:1", &[]),
            ("aaaaaaaaaaaa", &[]),
        ] {
            assert_eq!(nearest(asked, &listed), expected, "{asked}");
        }
    }
}
