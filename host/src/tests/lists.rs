//! Lists of links and collections, however long.

use keepdocker_arvados::api::links::{self, Names};
use serde_json::json;

use super::Setup;
use super::api::{every_link, images, new_collection, new_link, uuids};

#[tokio::test]
async fn lists_are_whole_however_the_server_cuts_them() {
    let setup = Setup::new().await;
    let collections = images(&setup, 60).await;
    let api = setup.api();
    for limit in [0, 1, 7, 50] {
        setup.sandbox.faults().cut_pages(limit);
        let listed = api.list_links(&every_link()).await.unwrap();
        assert_eq!(listed.len(), 120, "pages of {limit}");
        let listed = api.list_collections(&uuids(&collections)).await.unwrap();
        assert_eq!(listed.len(), 60, "pages of {limit}");
    }
}

#[tokio::test]
async fn links_of_one_moment_are_all_read() {
    let setup = Setup::new().await;
    let seeder = setup.sandbox.seed();
    let owner = setup.sandbox.user_uuid();
    let links: Vec<_> = (0..50)
        .map(|i| {
            json!({
                "owner_uuid": owner, "link_class": "docker_image_repo+tag",
                "name": format!("app:{i}"), "head_uuid": "kdbox-4zz18-000000000000000",
                "properties": {}, "created_at": "2026-01-01T00:00:00.000000000Z",
            })
        })
        .collect();
    tokio::task::spawn_blocking(move || seeder.links(&links).unwrap())
        .await
        .unwrap();
    setup.sandbox.faults().cut_pages(9);
    let listed = setup.api().list_links(&every_link()).await.unwrap();
    assert_eq!(listed.len(), 50);
}

#[tokio::test]
async fn names_are_matched_letter_by_letter() {
    let setup = Setup::new().await;
    let api = setup.api();
    let head = api
        .create_collection(&new_collection("c"))
        .await
        .unwrap()
        .uuid;
    for name in ["a_b:1", "axb:1", "a%b:1", "A_b:1", "a\\b:1"] {
        api.create_link(&new_link(name, &head)).await.unwrap();
    }
    for (names, expected) in [
        (Names::StartingWith("a_b".into()), vec!["a_b:1"]),
        (Names::StartingWith("a%".into()), vec!["a%b:1"]),
        (Names::StartingWith("a\\".into()), vec!["a\\b:1"]),
        (Names::StartingWith("A".into()), vec!["A_b:1"]),
        (
            Names::Exactly(vec!["axb:1".into(), "a_b:1".into(), "none".into()]),
            vec!["a_b:1", "axb:1"],
        ),
    ] {
        let query = links::Query {
            names,
            ..every_link()
        };
        let found = api.list_links(&query).await.unwrap();
        let found: Vec<&str> = found.iter().map(|link| link.name.as_str()).collect();
        assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn brief_links_hold_what_a_listing_shows_and_nothing_else() {
    let setup = Setup::new().await;
    images(&setup, 2).await;
    let api = setup.api();

    let full = api.list_links(&every_link()).await.unwrap();
    let query = links::Query {
        detail: links::Detail::Brief,
        ..every_link()
    };
    let brief = api.list_links(&query).await.unwrap();

    assert_eq!(brief.len(), 4);
    for (brief, full) in brief.iter().zip(&full) {
        assert_eq!(
            (brief.class, &brief.name, &brief.head, &brief.created_at),
            (full.class, &full.name, &full.head, &full.created_at)
        );
        assert_eq!(brief.properties.len(), 1);
        assert!(!full.owner.is_empty() && !full.uuid.is_empty());
        assert_eq!((&*brief.uuid, &*brief.owner, &*brief.tail), ("", "", ""));
    }
}

#[tokio::test]
async fn long_queries_are_sent_as_forms_and_in_parts() {
    let setup = Setup::new().await;
    let collections = images(&setup, 1500).await;
    let api = setup.api();
    api.cluster().await.unwrap();
    setup.sandbox.log().clear();

    let listed = api.list_collections(&uuids(&collections)).await.unwrap();

    assert_eq!(listed.len(), 1500);
    // Each part is answered whole, and that is known without asking for another page.
    assert_eq!(setup.sandbox.log().count("POST", "/collections"), 2);
    assert_eq!(setup.sandbox.log().api_requests(), 2);

    let query = links::Query {
        heads: Some(collections),
        ..every_link()
    };
    assert_eq!(api.list_links(&query).await.unwrap().len(), 3000);
}

#[tokio::test]
async fn uuids_of_other_clusters_match_nothing() {
    let setup = Setup::new().await;
    let mut heads = images(&setup, 2).await;
    heads.push("other-4zz18-000000000000000".into());
    heads.push("d41d8cd98f00b204e9800998ecf8427e+0".into());
    let listed = setup.api().list_collections(&uuids(&heads)).await.unwrap();
    assert_eq!(listed.len(), 2);
}
