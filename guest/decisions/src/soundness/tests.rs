use super::*;
use crate::testing::{PROJECT, USER, hash_link, repo_tag_link};

const X: &str = "zzzzz-4zz18-xxxxxxxxxxxxxxx";
const Y: &str = "zzzzz-4zz18-yyyyyyyyyyyyyyy";
const EARLY: &str = "2020-01-01T00:00:00Z";
const LATE: &str = "2021-01-01T00:00:00Z";
const V2: Formats = Formats {
    v1: false,
    v2: true,
};

fn id(letter: char) -> String {
    format!("sha256:{}", letter.to_string().repeat(64))
}

fn manifest_of(file: &str) -> String {
    format!(". d41d8cd98f00b204e9800998ecf8427e+5 0:5:{file}\n")
}

fn archive_of(letter: char) -> String {
    manifest_of(&format!("{}.tar", id(letter)))
}

/// A collection of the user; its hash is its manifest, so that equal content is equal.
fn held<'a>(uuid: &'a str, manifest: &'a str) -> Held<'a> {
    Held {
        uuid,
        owner: USER,
        portable_data_hash: manifest,
        manifest: Some(manifest),
        replicas: None,
        names: &[],
    }
}

fn look(links: &[Link], collections: &[Held<'_>]) -> Vec<(Defect, String, Option<String>)> {
    let ground = Ground {
        links,
        collections,
        formats: V2,
        owner: None,
    };
    let told = |found: Finding| (found.defect, found.collection, found.name);
    findings(&ground).into_iter().map(told).collect()
}

/// An image as it should be, under one name.
fn sound(letter: char, head: &str, name: &str, made: &str) -> [Link; 2] {
    let built = format!("\"{made}\"");
    [
        hash_link(&id(letter), head, made, Some(&built)),
        repo_tag_link(name, head, made, Some(&built)),
    ]
}

#[test]
fn nothing_is_amiss_with_images_as_uploads_make_them() {
    let (a, b) = (archive_of('a'), archive_of('b'));
    // A name that went on to a later build, and one that has a port and no tag of its own.
    let links = [
        sound('a', X, "lab/tool:1", EARLY),
        sound('b', Y, "lab/tool:1", LATE),
        sound('b', Y, "host:5000/tool:latest", LATE),
    ];
    let links: Vec<Link> = links.into_iter().flatten().collect();
    // The second hash link of one image is the only thing that repeats.
    let links: Vec<Link> = [&links[..5], &links[5..]].concat();
    let collections = [held(X, &a), held(Y, &b)];
    let told = look(&links, &collections);
    assert_eq!(told, [(Defect::RepeatedLink, Y.into(), Some(id('b')))]);
    let once: Vec<Link> = [&links[..4], &links[5..]].concat();
    assert_eq!(look(&once, &collections), []);
}

#[test]
fn what_a_collection_lacks_or_has_too_much_is_told() {
    let good = archive_of('a');
    let links = sound('a', X, "lab/tool:1", EARLY);
    let several = ". d41d8cd98f00b204e9800998ecf8427e+5 0:2:a.tar 2:3:b.tar\n";
    for (manifest, expected) in [
        (manifest_of("image.tar"), Defect::MisnamedFile),
        (several.to_owned(), Defect::ExtraFiles),
        (String::new(), Defect::NoFile),
        (good.replace("0:5:", "0:9:"), Defect::BrokenManifest),
    ] {
        let told = look(&links, &[held(X, &manifest)]);
        let name = Some("lab/tool:1".to_owned());
        assert_eq!(
            told,
            [
                (expected, X.into(), None),
                (Defect::RunsNowhere, X.into(), name)
            ],
            "{manifest}"
        );
    }
    let mut one = held(X, &good);
    one.replicas = Some(0);
    assert_eq!(
        look(&links, &[one.clone()]),
        [(Defect::NoReplicas, X.into(), None)]
    );
    one.replicas = Some(1);
    let told = ["lab/tool:1", "lab/tool:2", "$(touch x)", "lab/tool:1;true"];
    let told = told.map(str::to_owned);
    one.names = &told;
    let name = Some("lab/tool:2".to_owned());
    assert_eq!(
        look(&links, &[one]),
        [(Defect::MissingName, X.into(), name)]
    );
    assert_eq!(
        look(&links[1..], &[held(X, &good)]),
        [(Defect::MissingHash, X.into(), None)]
    );
    let both = [&links[..], &[hash_link(&id('b'), X, LATE, None)]].concat();
    assert_eq!(
        look(&both, &[held(X, &good)]),
        [(Defect::WrongHash, X.into(), None)]
    );
}

#[test]
fn links_that_lead_nowhere_are_told_once_for_each_place() {
    let links = [
        sound('a', X, "lab/tool:1", EARLY),
        sound('b', Y, "lab/other:1", EARLY),
    ]
    .concat();
    let told = look(&links[..3], &[]);
    assert_eq!(
        told,
        [
            (Defect::OrphanName, X.into(), None),
            (Defect::OrphanHash, Y.into(), None)
        ]
    );
    let stray = repo_tag_link("lab/tool:1", PROJECT, EARLY, None);
    assert_eq!(
        look(&[stray], &[]),
        [(Defect::StrayLink, PROJECT.into(), None)]
    );
    // What can be read and was not looked into is no orphan, and nothing is said of its names.
    let ground = Ground {
        links: &links,
        collections: &[X, Y].map(|uuid| Held {
            manifest: None,
            ..held(uuid, "")
        }),
        formats: V2,
        owner: None,
    };
    assert_eq!(findings(&ground), []);
}

#[test]
fn a_name_that_leads_elsewhere_than_it_seems_is_told_with_what_wins() {
    let (a, b) = (archive_of('a'), archive_of('b'));
    let collections = [held(X, &a), held(Y, &b)];
    let name = || Some("lab/tool:1".to_owned());
    // An older build that got the name later.
    let mut links = [
        sound('a', X, "lab/tool:1", LATE),
        sound('b', Y, "lab/tool:1", EARLY),
    ]
    .concat();
    links[2].created_at = "2022-01-01T00:00:00Z".into();
    links[3].created_at = "2022-01-01T00:00:00Z".into();
    let ground = Ground {
        links: &links,
        collections: &collections,
        formats: V2,
        owner: None,
    };
    let found = findings(&ground);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].defect, Defect::OverruledName);
    assert_eq!((found[0].collection.as_str(), &found[0].name), (Y, &name()));
    assert_eq!(found[0].others, [X]);

    // A newer build whose name link does not tell when it was built.
    let mut links = [
        sound('a', X, "lab/tool:1", EARLY),
        sound('b', Y, "lab/tool:1", LATE),
    ]
    .concat();
    links[3].properties.clear();
    assert_eq!(
        look(&links, &collections),
        [(Defect::NewestBuildLoses, Y.into(), name())]
    );
    // The same content by another collection is no other image.
    let same = [held(X, &a), held(Y, &a)];
    links[2].name = id('a');
    assert_eq!(look(&links, &same), [(Defect::Duplicate, X.into(), None)]);
}

#[test]
fn what_one_owner_has_twice_is_told_by_how_much_alike_it_is() {
    let (a, other) = (archive_of('a'), archive_of('a').replace("+5 0:5", "+6 0:6"));
    let mut links = [
        sound('a', X, "lab/tool:1", EARLY),
        sound('a', Y, "lab/tool:2", EARLY),
    ]
    .concat();
    let told = look(&links, &[held(X, &a), held(Y, &a)]);
    assert_eq!(told, [(Defect::Duplicate, X.into(), None)]);
    let told = look(&links, &[held(X, &a), held(Y, &other)]);
    assert_eq!(told, [(Defect::StoredTwice, X.into(), None)]);
    // Another's copy is no double.
    let mut theirs = held(Y, &a);
    theirs.owner = PROJECT;
    assert_eq!(look(&links, &[held(X, &a), theirs.clone()]), []);
    // Only what is asked for: the links of the project.
    links[0].name = id('f');
    links[2].owner = PROJECT.into();
    links[3].owner = PROJECT.into();
    let ground = Ground {
        links: &links,
        collections: &[held(X, &a), theirs],
        formats: V2,
        owner: Some(PROJECT),
    };
    assert_eq!(findings(&ground), []);
}

#[test]
fn a_name_that_no_request_can_have_is_told() {
    let good = archive_of('a');
    for name in ["untagged", "UPPER:1", "a b:1", "host:5000/untagged"] {
        let mut links = sound('a', X, "lab/tool:1", EARLY).to_vec();
        links.push(repo_tag_link(name, X, EARLY, None));
        let told = look(&links, &[held(X, &good)]);
        let expected = (Defect::UnusableName, X.into(), Some(name.to_owned()));
        assert_eq!(told, [expected]);
    }
}
