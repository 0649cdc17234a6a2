//! The rules of keepdocker as a component without any import.
//!
//! Other programs load it to read a name, to order links or to learn what the API server would
//! choose, and get what `keepdocker` itself decides: both are built on `keepdocker_decisions`.
//! This package only takes arguments apart and puts results together.

#[expect(missing_docs, reason = "generated; the documentation is in wit/")]
mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "planner",
        pub_export_macro: true,
    });
}

mod convert;

pub use bindings::exports::keepdocker::contract::{planning, types};

use convert::{from_finding, from_link, from_new_link, to_link};

use keepdocker_decisions::choice::{self, Content, NoChoice};
use keepdocker_decisions::resolution::Formats;
use keepdocker_decisions::soundness::{self, Ground, Held};
use keepdocker_decisions::{catalog, image, plan, reference};
use planning::{
    Choice, Collection, Guest, HeldCollection, Id, ListedImage, Name, NoChoice as Refusal,
    Reference, Registration,
};
use types::{Finding, Link, NewLink};

struct Component;

impl Guest for Component {
    fn parse_reference(text: String, tag: Option<String>) -> Result<Reference, String> {
        match reference::Reference::with_tag(&text, tag.as_deref()) {
            Ok(reference::Reference::Name(name)) => Ok(Reference::Name(Name {
                repository: name.repository(),
                tag: name.tag().map(Into::into),
                digest: name.digest().map(Into::into),
                registered: name.registered(),
            })),
            Ok(reference::Reference::Id(id)) => Ok(Reference::Id(Id {
                full: id.full(),
                beginnings: id.beginnings(),
            })),
            Err(error) => Err(error.to_string()),
        }
    }

    fn sort_links(links: Vec<Link>) -> Vec<Link> {
        let links = to_links(links);
        let mut sorted: Vec<&keepdocker_decisions::types::Link> = links.iter().collect();
        catalog::sort(&mut sorted);
        sorted.into_iter().cloned().map(from_link).collect()
    }

    fn list_images(links: Vec<Link>) -> Vec<ListedImage> {
        let listed = |row: catalog::Row| ListedImage {
            repository: row.repository,
            tag: row.tag,
            image: row.image,
            collection: row.collection,
            timestamp: row.timestamp.text(),
        };
        catalog::rows(&to_links(links))
            .into_iter()
            .map(listed)
            .collect()
    }

    fn choose(
        image: String,
        links: Vec<Link>,
        collections: Vec<Collection>,
        formats: Option<Vec<String>>,
    ) -> Result<Choice, Refusal> {
        let collections: Vec<Content> = collections
            .iter()
            .map(|collection| Content {
                uuid: &collection.uuid,
                portable_data_hash: &collection.portable_data_hash,
                manifest: &collection.manifest,
            })
            .collect();
        let formats = Formats::from_config(formats.as_deref());
        match choice::choose(&image, &to_links(links), &collections, formats) {
            Ok(mut fitting) => Ok(Choice {
                collection: fitting.remove(0),
                others: fitting,
            }),
            Err(NoChoice::NoSuchImage) => Err(Refusal::NoSuchImage),
            Err(NoChoice::UnsupportedFormat) => Err(Refusal::UnsupportedFormat),
        }
    }

    fn collection_name(repo_tag: Option<String>, image: String) -> String {
        image::collection_name(repo_tag.as_deref(), &image)
    }

    fn plan_links(registration: Registration, existing: Vec<Link>) -> Vec<NewLink> {
        let built = registration.build_time.as_deref();
        let built = built.map(|built| image::text_property(image::IMAGE_TIMESTAMP, built));
        let wanted = plan::links(
            &registration.image,
            &registration.names,
            &registration.collection,
            Some(&registration.owner),
            built.as_slice(),
        );
        plan::missing(wanted, &to_links(existing), &registration.owner)
            .into_iter()
            .map(from_new_link)
            .collect()
    }

    fn defects(
        links: Vec<Link>,
        collections: Vec<HeldCollection>,
        formats: Option<Vec<String>>,
        owner: Option<String>,
    ) -> Vec<Finding> {
        let held = collections.iter().map(|held| Held {
            uuid: &held.uuid,
            owner: &held.owner,
            portable_data_hash: &held.portable_data_hash,
            manifest: held.manifest.as_deref(),
            replicas: held.replicas,
            names: &held.names,
        });
        let held: Vec<Held<'_>> = held.collect();
        let findings = soundness::findings(&Ground {
            links: &to_links(links),
            collections: &held,
            formats: Formats::from_config(formats.as_deref()),
            owner: owner.as_deref(),
        });
        findings.into_iter().map(from_finding).collect()
    }
}

fn to_links(links: Vec<Link>) -> Vec<keepdocker_decisions::types::Link> {
    links.into_iter().map(to_link).collect()
}

#[cfg(target_family = "wasm")]
#[expect(
    unsafe_code,
    unreachable_pub,
    reason = "generated; the exports of a component"
)]
mod export {
    use super::{Component, bindings};

    bindings::export!(Component with_types_in bindings);
}
