//! What makes an image known in a project: decided from what is known of it, before anything is written.

use crate::types::{Link, LinkClass, Property};
use crate::{image, plan};

/// What is to be achieved, whatever image it turns out to be.
#[derive(Debug, Clone, Default)]
pub struct Aim {
    /// The project, or the user if there is none.
    pub owner: String,
    /// The project; none for the home project of the user.
    pub project: Option<String>,
    /// The names to register, the most important first; none for an upload by image ID.
    pub names: Vec<String>,
    /// The collection's name; none for the usual one.
    pub collection_name: Option<String>,
    /// How many replicas of each block; none for the cluster's default.
    pub replicas: Option<u32>,
    /// The storage classes to reach; empty for the cluster's default.
    pub storage_classes: Vec<String>,
}

/// Where the image is.
#[derive(Debug, Clone)]
pub enum Place<'a> {
    /// In a collection of the project.
    Own {
        /// The collection.
        uuid: &'a str,
        /// Its properties, which may tell names of the image.
        properties: &'a [Property],
    },
    /// In Keep, and no collection of the project has it.
    Loose {
        /// The manifest that a collection of it is to have.
        manifest: String,
        /// What such a collection is to tell, names left out.
        properties: Vec<Property>,
    },
}

/// What is known of the image.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// The digest that its file has for a name.
    pub digest: &'a str,
    /// When it was built, as its config or its links tell.
    pub built: Option<&'a str>,
    /// Where it is.
    pub place: Place<'a>,
    /// The links that there are.
    pub links: &'a [Link],
}

/// Something to be done, in the order in which it stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// Create the collection.
    Create(NewCollection),
    /// Create this link to the collection.
    Link {
        /// Its class.
        class: LinkClass,
        /// The digest, or the name.
        name: String,
        /// What it tells.
        properties: Vec<Property>,
    },
    /// Have the collection tell the names that it does not tell yet.
    TellNames,
}

/// A collection that is to be created.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NewCollection {
    /// Its name.
    pub name: String,
    /// Its manifest.
    pub manifest: String,
    /// Its properties.
    pub properties: Vec<Property>,
}

/// Decides what has to be done, so that the project has the image under its names.
///
/// What is there already is not made again. The collection comes before its links, and the hash link before the names:
/// a name that leads to a collection of unknown ID would be of no use to other programs.
pub fn decide(aim: &Aim, facts: Facts<'_>) -> Vec<Act> {
    let mut acts = Vec::new();
    // A collection that is not there yet has no links.
    let mut head = "";
    let mut tells = true;
    match facts.place {
        Place::Own { uuid, properties } => {
            head = uuid;
            // A value that is no names means something to somebody.
            tells = image::told_names(properties)
                .is_none_or(|told| aim.names.iter().all(|name| told.contains(name)));
        }
        Place::Loose {
            manifest,
            mut properties,
        } => {
            let first = aim.names.first().map(String::as_str);
            if first.is_some() {
                properties.push(Property {
                    key: image::REPO_TAG.into(),
                    value: image::names_value(&aim.names),
                });
            }
            acts.push(Act::Create(NewCollection {
                name: match &aim.collection_name {
                    Some(name) => name.clone(),
                    None => image::collection_name(first, facts.digest),
                },
                manifest,
                properties,
            }));
        }
    }
    let built = facts.built.into_iter();
    let built: Vec<Property> = built
        .map(|built| image::text_property(image::IMAGE_TIMESTAMP, built))
        .collect();
    let wanted = plan::links(
        facts.digest,
        &aim.names,
        head,
        aim.project.as_deref(),
        &built,
    );
    let missing = plan::missing(wanted, facts.links, &aim.owner);
    acts.extend(missing.into_iter().map(|link| Act::Link {
        class: link.class,
        name: link.name,
        properties: link.properties,
    }));
    if !tells {
        acts.push(Act::TellNames);
    }
    acts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{USER, hash_link, repo_tag_link};

    const OWN: &str = "zzzzz-4zz18-1v45jub259sjjgb";
    const AT: &str = "2020-01-01T00:00:00Z";
    const ID: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    fn aim(names: &[&str]) -> Aim {
        Aim {
            owner: USER.into(),
            names: names.iter().map(|name| (*name).into()).collect(),
            ..Aim::default()
        }
    }

    /// Returns what is decided, one word for each act.
    fn decided(aim: &Aim, told: &str, links: &[Link]) -> Vec<String> {
        let told = Property {
            key: image::REPO_TAG.into(),
            value: told.into(),
        };
        let properties: &[Property] = match told.value.is_empty() {
            true => &[],
            false => std::slice::from_ref(&told),
        };
        let facts = Facts {
            digest: ID,
            built: None,
            place: Place::Own {
                uuid: OWN,
                properties,
            },
            links,
        };
        words(&decide(aim, facts))
    }

    fn words(acts: &[Act]) -> Vec<String> {
        let words = acts.iter().map(|act| match act {
            Act::Create(new) => format!("create {}", new.name),
            Act::Link { name, .. } if name == ID => "link".into(),
            Act::Link { name, .. } => format!("link {name}"),
            Act::TellNames => "tell".into(),
        });
        words.collect()
    }

    #[test]
    fn only_what_is_missing_is_done() {
        let hash = hash_link(ID, OWN, AT, None);
        let one = repo_tag_link("a:1", OWN, AT, None);
        let both = [hash.clone(), one.clone()];
        for (names, told, links, expected) in [
            (&["a:1"][..], "", &[][..], vec!["link", "link a:1", "tell"]),
            (&["a:1"], "\"a:1\"", &[], vec!["link", "link a:1"]),
            (&["a:1"], "\"a:1\"", &both, vec![]),
            (&["a:1"], "[\"b:1\",\"a:1\"]", &both, vec![]),
            (&["a:1"], "\"b:1\"", &both, vec!["tell"]),
            (&["a:1", "a:2"], "\"a:1\"", &both, vec!["link a:2", "tell"]),
            (&["a:1"], "\"a:1\"", &both[..1], vec!["link a:1"]),
            // What somebody means by it is his affair.
            (&["a:1"], "{\"x\":1}", &both, vec![]),
            (&[], "\"a:1\"", &both, vec![]),
            (&[], "", &[], vec!["link"]),
        ] {
            assert_eq!(
                decided(&aim(names), told, links),
                expected,
                "{names:?} {told}"
            );
        }
        // A link of somebody else can go at any time.
        let foreign = [hash, one].map(|link| Link {
            owner: "zzzzz-tpzed-somebody0000000".into(),
            ..link
        });
        let expected = ["link", "link a:1"];
        assert_eq!(decided(&aim(&["a:1"]), "\"a:1\"", &foreign), expected);
    }

    #[test]
    fn a_new_collection_tells_its_names_from_the_beginning_and_gets_all_links() {
        let elsewhere = [
            hash_link(ID, OWN, AT, None),
            repo_tag_link("a:1", OWN, AT, None),
        ];
        for (names, chosen, expected, told) in [
            (
                &["a:1", "a:2"][..],
                None,
                vec![
                    "create Docker image a:1 sha256:aaaaa",
                    "link",
                    "link a:1",
                    "link a:2",
                ],
                Some("[\"a:1\",\"a:2\"]"),
            ),
            (
                &[],
                None,
                vec!["create Docker image sha256:aaaaa", "link"],
                None,
            ),
            (&[], Some("mine"), vec!["create mine", "link"], None),
        ] {
            let aim = Aim {
                collection_name: chosen.map(Into::into),
                ..aim(names)
            };
            let facts = Facts {
                digest: ID,
                built: Some("2019-01-01T00:00:00Z"),
                place: Place::Loose {
                    manifest: ". m\n".into(),
                    properties: Vec::new(),
                },
                links: &elsewhere,
            };
            let acts = decide(&aim, facts);
            assert_eq!(words(&acts), expected);
            let Act::Create(new) = &acts[0] else {
                panic!("{acts:?}");
            };
            let names = new.properties.first().map(|told| told.value.as_str());
            assert_eq!((names, &*new.manifest), (told, ". m\n"));
            let Act::Link { properties, .. } = &acts[1] else {
                panic!("{acts:?}");
            };
            let built = image::text_of(properties, image::IMAGE_TIMESTAMP);
            assert_eq!(built.as_deref(), Some("2019-01-01T00:00:00Z"));
        }
    }
}
