use super::*;
use crate::capabilities::{archives, collections};
use crate::testing::world::{self, World};
use crate::testing::{PROJECT, USER, hash_link, repo_tag_link};

const X: &str = "zzzzz-4zz18-xxxxxxxxxxxxxxx";
const Y: &str = "zzzzz-4zz18-yyyyyyyyyyyyyyy";
const Z: &str = "zzzzz-4zz18-zzzzzzzzzzzzzzz";
const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const B: &str = "aaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

fn collection(uuid: &str, owner: &str) -> collections::Collection {
    collections::Collection {
        owner: owner.into(),
        portable_data_hash: "d41d8cd98f00b204e9800998ecf8427e+0".into(),
        manifest: Some(String::new()),
        ..crate::testing::collection(uuid)
    }
}

/// Sets up `a:1` and `a:2` on X, `b:1` on Y of the project, and an unnamed image on Z.
fn three_images() {
    let at = |day: u32| format!("2020-01-{day:02}T00:00:00Z");
    let of_project = |link: links::Link| links::Link {
        owner: PROJECT.into(),
        ..link
    };
    world::with(|world| {
        *world = World::new();
        world.collections = vec![
            collection(X, USER),
            collection(Y, PROJECT),
            collection(Z, USER),
        ];
        world.links = vec![
            hash_link(&format!("sha256:{A}"), X, &at(1), None),
            repo_tag_link("a:1", X, &at(2), None),
            repo_tag_link("a:2", X, &at(3), None),
            of_project(hash_link(&format!("sha256:{B}"), Y, &at(4), None)),
            of_project(repo_tag_link("b:1", Y, &at(5), None)),
            hash_link(B, Z, &at(6), None),
        ];
    });
}

fn request(image: Option<&str>, tag: Option<&str>, project: Option<&str>) -> ImagesRequest {
    ImagesRequest {
        project: project.map(Into::into),
        image: image.map(Into::into),
        tag: tag.map(Into::into),
        exact_name: None,
    }
}

fn listed(request: &ImagesRequest) -> Vec<String> {
    let line = |image: ListedImage| {
        format!(
            "{}:{} {}",
            image.repository.unwrap_or_default(),
            image.tag.unwrap_or_default(),
            &image.collection[12..13]
        )
    };
    run(request).unwrap().into_iter().map(line).collect()
}

#[test]
fn all_images_are_listed_newest_first() {
    three_images();
    assert_eq!(
        listed(&request(None, None, None)),
        [": z", "b:1 y", "a:2 x", "a:1 x"]
    );
}

#[test]
fn a_project_lists_what_it_owns() {
    three_images();
    assert_eq!(listed(&request(None, None, Some(PROJECT))), ["b:1 y"]);
    assert_eq!(listed(&request(Some("a:1"), None, Some(PROJECT))), [""; 0]);
}

#[test]
fn a_name_is_found_exactly_and_a_repository_with_all_its_tags() {
    three_images();
    for (image, tag, expected) in [
        ("a:1", None, vec!["a:1 x"]),
        ("a", Some("2"), vec!["a:2 x"]),
        ("a", None, vec!["a:2 x", "a:1 x"]),
        ("docker.io/library/a", None, vec!["a:2 x", "a:1 x"]),
        ("a:latest", None, vec![]),
        ("s", None, vec![]),
        ("sha256", None, vec![]),
    ] {
        assert_eq!(
            listed(&request(Some(image), tag, None)),
            expected,
            "{image}"
        );
    }
}

#[test]
fn a_name_outside_the_grammar_is_found_letter_by_letter() {
    three_images();
    let odd = ["Lab/Tool:1.0 ", "localhost:5000/lab/tool", "a"];
    world::with(|world| {
        for name in odd {
            world
                .links
                .push(repo_tag_link(name, Y, "2020-02-01T00:00:00Z", None));
        }
    });
    let exactly = |name: &str| {
        listed(&ImagesRequest {
            exact_name: Some(name.into()),
            ..request(None, None, None)
        })
    };
    for name in odd {
        assert_eq!(exactly(name).len(), 1, "{name}");
    }
    assert_eq!(exactly("a:1"), ["a:1 x"]);
    for name in ["Lab/Tool:1.0", "lab/tool:1.0 ", "a:%", "a:_", "", A] {
        assert_eq!(exactly(name), [""; 0], "{name}");
    }
    // A repository has tags, and a registry a port.
    for (asked, count) in [("localhost:5000/lab/tool", 0), ("localhost", 0), ("a", 2)] {
        assert_eq!(
            listed(&request(Some(asked), None, None)).len(),
            count,
            "{asked}"
        );
    }
    // The halves of a name that was split at the colon of its registry are put together again.
    let halves = request(Some("localhost"), Some("5000/lab/tool"), None);
    assert_eq!(listed(&halves), ["localhost:5000/lab/tool y"]);
}

#[test]
fn an_id_finds_all_names_of_its_collections_and_nothing_else() {
    three_images();
    for (image, expected) in [
        (A.to_owned(), vec!["a:2 x", "a:1 x"]),
        (format!("sha256:{A}"), vec!["a:2 x", "a:1 x"]),
        (B.to_owned(), vec![": z", "b:1 y"]),
        (format!("sha256:{B}"), vec!["b:1 y"]),
        (A[..14].to_uppercase(), vec!["a:2 x", "a:1 x"]),
    ] {
        assert_eq!(
            listed(&request(Some(&image), None, None)),
            expected,
            "{image}"
        );
    }
    let absent = format!("sha256:{}", "f".repeat(64));
    assert_eq!(
        run(&request(Some(&absent), None, None)).unwrap_err(),
        Failure::NoSuchImage(absent)
    );
    let several = run(&request(Some(&A[..13]), None, None));
    assert!(matches!(several, Err(Failure::AmbiguousImage(_))));
}

#[test]
fn what_cannot_be_read_and_what_is_no_collection_of_this_cluster_is_left_out() {
    three_images();
    world::with(|world| {
        world.hidden.push(Y.into());
        for head in [
            "yyyyy-4zz18-000000000000000",
            "d41d8cd98f00b204e9800998ecf8427e+0",
            "",
            "'; drop table links",
        ] {
            world.links.push(repo_tag_link(
                "foreign:1",
                head,
                "2021-01-01T00:00:00Z",
                None,
            ));
        }
    });
    assert_eq!(
        listed(&request(None, None, None)),
        [": z", "a:2 x", "a:1 x"]
    );
}

#[test]
fn an_image_is_found_by_the_digest_of_its_manifest() {
    three_images();
    let manifest = format!("sha256:{}", "c".repeat(64));
    world::with(|world| {
        let properties = &mut world.collections[0].properties;
        properties.push(crate::image::text_property(
            crate::image::MANIFEST_DIGEST,
            &manifest,
        ));
        properties.push(crate::image::text_property(
            crate::image::CONFIG_DIGEST,
            &format!("sha256:{A}"),
        ));
        let block = "acbd18db4cc2f85cedef654fccc4a4d8";
        world.collections[0].manifest = Some(format!(". {block}+3 0:3:sha256\\072{A}.tar\n"));
        world.contents = vec![(
            block.into(),
            Some(archives::Image {
                id: format!("sha256:{A}"),
                manifest: Some(manifest.clone()),
                repo_tags: Vec::new(),
                config: "{}".into(),
                diff_ids: Vec::new(),
                platform: crate::types::Platform {
                    os: "linux".into(),
                    architecture: "amd64".into(),
                    variant: String::new(),
                },
            }),
        )];
    });
    assert_eq!(
        listed(&request(Some(&manifest), None, None)),
        ["a:2 x", "a:1 x"]
    );
    // The property alone tells nothing.
    world::with(|world| {
        let (_, image) = &mut world.contents[0];
        image.as_mut().unwrap().manifest = None;
    });
    let failure = run(&request(Some(&manifest), None, None)).unwrap_err();
    assert_eq!(failure, Failure::NoSuchImage(manifest));
}

#[test]
fn an_empty_cluster_is_asked_once() {
    world::with(|world| *world = World::new());
    assert_eq!(listed(&request(None, None, None)), [""; 0]);
    assert_eq!(world::with(|world| world.calls.clone()), ["links.list"]);
}
