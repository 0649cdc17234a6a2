//! In which ways it is said that a collection holds the genuine image.

use serde_json::json;

use super::{Attacker, LATER, NAME};
use crate::support::Made;

/// A claim, and what makes it.
pub(super) struct Claim {
    pub(super) name: &'static str,
    /// Makes the claim, and returns the collection that it is about.
    pub(super) make: fn(&Attacker<'_>) -> String,
    /// Whether the cluster prefers that collection for the victim's name. Then a person must be told.
    pub(super) outranks: bool,
}

/// Every claim; the collection never holds the genuine image.
pub(super) const CLAIMS: &[Claim] = &[
    Claim {
        name: "a property with the ID as the manifest's digest",
        make: |attacker| {
            attacker.plant_evil(json!({"arv:docker-manifest-digest": attacker.genuine.id()}))
        },
        outranks: false,
    },
    Claim {
        name: "a property with the manifest's digest",
        make: |attacker| {
            let digest = attacker.genuine.manifest_digest();
            attacker.plant_evil(json!({"arv:docker-manifest-digest": digest}))
        },
        outranks: false,
    },
    Claim {
        name: "a property with the ID as the config's digest",
        make: |attacker| {
            let file = (attacker.genuine.file(), attacker.evil.saved(&[]));
            let told = json!({"arv:docker-config-digest": attacker.genuine.id()});
            attacker.plant(&[file], told)
        },
        outranks: false,
    },
    Claim {
        name: "properties that all say the genuine image, on the other one",
        make: |attacker| {
            let genuine = &attacker.genuine;
            attacker.plant_evil(json!({
                "arv:docker-config-digest": genuine.id(),
                "arv:docker-manifest-digest": genuine.manifest_digest(),
                "arv:docker-source-reference": NAME,
                "arv:docker-image-timestamp": Made::BUILT,
                "arv:docker-base-layer": genuine.diff_ids()[0],
                "docker-image-repo-tag": NAME,
            }))
        },
        outranks: false,
    },
    Claim {
        name: "a property that leads in a circle",
        make: |attacker| {
            let genuine = &attacker.genuine;
            let first = attacker.plant_evil(json!({
                "arv:docker-manifest-digest": genuine.id(),
                "arv:docker-config-digest": genuine.id(),
            }));
            attacker.link_id(&first, LATER);
            first
        },
        outranks: false,
    },
    Claim {
        name: "a link for the ID, built later",
        make: |attacker| {
            let collection = lie(attacker);
            attacker.link_id(&collection, LATER);
            collection
        },
        outranks: false,
    },
    Claim {
        name: "a link for the ID, built before everything",
        make: |attacker| {
            let collection = lie(attacker);
            attacker.link_id(&collection, "1970-01-01T00:00:00Z");
            collection
        },
        outranks: false,
    },
    Claim {
        name: "a link for the ID to the image under its own name",
        make: |attacker| {
            let collection = attacker.plant_evil(json!({}));
            attacker.link_id(&collection, LATER);
            collection
        },
        outranks: false,
    },
    Claim {
        name: "a link for the ID, and one for the name that counts for more",
        make: |attacker| {
            let collection = lie(attacker);
            attacker.link_id(&collection, LATER);
            attacker.link_name(&collection, LATER);
            collection
        },
        outranks: true,
    },
    Claim {
        name: "a link for the name that counts for more",
        make: |attacker| {
            let collection = attacker.plant_evil(json!({}));
            attacker.link_name(&collection, LATER);
            collection
        },
        outranks: true,
    },
    Claim {
        name: "a link for the name that counts for less",
        make: |attacker| {
            let collection = attacker.plant_evil(json!({}));
            attacker.link_name(&collection, "2001-01-01T00:00:00Z");
            collection
        },
        outranks: false,
    },
    Claim {
        name: "a hundred links for the ID",
        make: |attacker| {
            let collections: Vec<String> = (0..5).map(|_| lie(attacker)).collect();
            for number in 0..100 {
                attacker.link_id(&collections[number % 5], LATER);
            }
            collections[0].clone()
        },
        outranks: false,
    },
    Claim {
        name: "links for the ID to more collections than anybody looks into",
        make: |attacker| {
            let file = attacker.genuine.file();
            // Contents that differ, so that none of them stands for another.
            let collections: Vec<String> = (0..30)
                .map(|number| {
                    let other = Made::of(&[(1000 + number, 500)]);
                    let collection = attacker.plant(&[(file.clone(), other.saved(&[]))], json!({}));
                    attacker.link_id(&collection, LATER);
                    collection
                })
                .collect();
            collections[0].clone()
        },
        outranks: false,
    },
    Claim {
        name: "a link for the ID to what is in the trash",
        make: |attacker| {
            let collection = honest(attacker);
            attacker.link_id(&collection, LATER);
            let path = format!("collections/{collection}/trash");
            attacker.account.done("POST", &path, None);
            collection
        },
        outranks: false,
    },
    Claim {
        name: "an honest collection that was changed after it was linked",
        make: |attacker| {
            let collection = honest(attacker);
            attacker.link_id(&collection, LATER);
            let other = lie(attacker);
            let other = attacker
                .account
                .done("GET", &format!("collections/{other}"), None);
            let text = json!({"collection": {"manifest_text": other["manifest_text"]}});
            let path = format!("collections/{collection}");
            attacker.account.done("PUT", &path, Some(text));
            collection
        },
        outranks: false,
    },
    Claim {
        name: "the other image, whose file was renamed to the ID",
        make: |attacker| {
            let collection = attacker.plant_evil(json!({}));
            let path = format!("collections/{collection}");
            let text = attacker.account.done("GET", &path, None)["manifest_text"].clone();
            let (old, new) = (attacker.evil.digits(), attacker.genuine.digits());
            let text = text.as_str().unwrap().replace(&old, &new);
            let change = json!({"collection": {"manifest_text": text, "properties": {}}});
            attacker.account.done("PUT", &path, Some(change));
            attacker.link_id(&collection, LATER);
            collection
        },
        outranks: false,
    },
    Claim {
        name: "a collection that is named as an upload names its own",
        make: |attacker| {
            let collection = lie(attacker);
            let name = format!("Docker image lab tool:1 {}", attacker.genuine.id());
            let change = json!({"collection": {"name": name}});
            let path = format!("collections/{collection}");
            attacker.account.done("PUT", &path, Some(change));
            attacker.link_id(&collection, LATER);
            collection
        },
        outranks: false,
    },
    Claim {
        name: "a migration from the genuine content to the other",
        make: |attacker| {
            let (honest, collection) = (honest(attacker), lie(attacker));
            let hash = |uuid: &str| {
                let path = format!("collections/{uuid}");
                let found = attacker.account.done("GET", &path, None);
                found["portable_data_hash"].clone()
            };
            let link = json!({
                "owner_uuid": attacker.project, "link_class": "docker_image_migration",
                "name": "migrate_1.9_1.10", "tail_uuid": hash(&honest), "head_uuid": hash(&collection),
            });
            attacker.account.make("links", link);
            collection
        },
        outranks: false,
    },
    Claim {
        name: "a link for the ID with spaces, and in capitals",
        make: |attacker| {
            let collection = lie(attacker);
            let id = attacker.genuine.id();
            for name in [format!(" {id}"), format!("{id} "), id.to_uppercase()] {
                attacker.link("docker_image_hash", &name, &collection, LATER);
            }
            collection
        },
        outranks: false,
    },
    Claim {
        name: "a block for each block of the image, and others behind them",
        make: |attacker| {
            // What an upload looks at for blocks: the same repository, the same base.
            let base = attacker.genuine.diff_ids()[0].clone();
            let collection = attacker.plant_evil(json!({"arv:docker-base-layer": base}));
            attacker.link("docker_image_repo+tag", "lab/tool:0", &collection, LATER);
            collection
        },
        outranks: false,
    },
];

/// Makes a collection that holds the other image under the genuine one's name.
pub(super) fn lie(attacker: &Attacker<'_>) -> String {
    attacker.plant(
        &[(attacker.genuine.file(), attacker.evil.saved(&[]))],
        json!({}),
    )
}

/// Makes a collection that holds the genuine image.
pub(super) fn honest(attacker: &Attacker<'_>) -> String {
    attacker.plant(
        &[(attacker.genuine.file(), attacker.genuine.saved(&[]))],
        json!({"arv:docker-config-digest": attacker.genuine.id()}),
    )
}
