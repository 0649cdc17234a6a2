//! Which links make an image known, and which of them are missing.

use crate::types::{Link, LinkClass, NewLink, Property};

/// Returns the links that an image needs: for its ID, then for each of its names.
///
/// The hash link comes before the names: a name that leads to a collection of unknown ID would be
/// of no use to other programs. Without `owner` they are for the home project of the user.
pub fn links(
    image: &str,
    names: &[String],
    collection: &str,
    owner: Option<&str>,
    properties: &[Property],
) -> Vec<NewLink> {
    let link = |class, name: &str| NewLink {
        class,
        name: name.into(),
        head: collection.into(),
        owner: owner.map(Into::into),
        properties: properties.to_vec(),
    };
    let mut links = vec![link(LinkClass::ImageHash, image)];
    links.extend(names.iter().map(|name| link(LinkClass::RepoTag, name)));
    links
}

/// Returns which of the wanted links are missing.
///
/// A link counts if it leads to this very collection and belongs to this owner; one that leads
/// elsewhere, or that others may take away, does not.
pub fn missing(wanted: Vec<NewLink>, existing: &[Link], owner: &str) -> Vec<NewLink> {
    let is_there = |new: &NewLink| {
        existing.iter().any(|link| {
            link.class == new.class
                && link.name == new.name
                && link.head == new.head
                && link.owner == owner
        })
    };
    wanted.into_iter().filter(|new| !is_there(new)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{hash_link, repo_tag_link};

    const OWN: &str = "zzzzz-4zz18-1v45jub259sjjgb";
    const OTHER: &str = "zzzzz-4zz18-1g4g0vhpjn9wq7i";
    const AT: &str = "2020-01-01T00:00:00Z";

    fn wanted() -> Vec<NewLink> {
        links("sha256:a", &["a:1".into()], OWN, None, &[])
    }

    #[test]
    fn only_a_link_of_the_owner_to_the_same_collection_counts() {
        let owner = hash_link("", "", AT, None).owner;
        let foreign = Link {
            owner: "zzzzz-j7d0g-someoneelse0000".into(),
            ..hash_link("sha256:a", OWN, AT, None)
        };
        for (existing, expected) in [
            (vec![], vec!["sha256:a", "a:1"]),
            (vec![hash_link("sha256:a", OWN, AT, None)], vec!["a:1"]),
            (
                vec![hash_link("sha256:a", OTHER, AT, None)],
                vec!["sha256:a", "a:1"],
            ),
            (vec![foreign], vec!["sha256:a", "a:1"]),
            (vec![repo_tag_link("a:1", OWN, AT, None)], vec!["sha256:a"]),
            (
                vec![repo_tag_link("sha256:a", OWN, AT, None)],
                vec!["sha256:a", "a:1"],
            ),
            (
                vec![
                    hash_link("sha256:a", OWN, AT, None),
                    repo_tag_link("a:1", OWN, AT, None),
                ],
                vec![],
            ),
        ] {
            let names: Vec<String> = missing(wanted(), &existing, &owner)
                .into_iter()
                .map(|link| link.name)
                .collect();
            assert_eq!(names, expected);
        }
    }
}
