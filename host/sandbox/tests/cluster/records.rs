//! Records: versions, permissions, limits and speed.

use std::time::{Duration, Instant};

use keepdocker_sandbox::seed::Image;
use keepdocker_sandbox::{Options, Sandbox};
use serde_json::{Value, json};

use crate::{api, escape, value};

#[tokio::test(flavor = "multi_thread")]
async fn an_oversized_request_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        max_request_size: 1000,
        ..Options::default()
    };
    let sandbox = Sandbox::start(dir.path(), options).await.unwrap();
    let answer = api(
        &sandbox,
        "POST",
        "links",
        Some(json!({"name": "x".repeat(2000)})),
    )
    .await;
    assert_eq!(answer.status, 400);
    assert_eq!(value(&answer)["errors"][0], "http: request body too large");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preserved_version_stays() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(dir.path(), Options::default())
        .await
        .unwrap();
    let made = api(
        &sandbox,
        "POST",
        "collections",
        Some(json!({"collection": {"name": "one"}})),
    )
    .await;
    let uuid = value(&made)["uuid"].as_str().unwrap().to_owned();
    let target = format!("collections/{uuid}");
    for (attributes, version) in [
        (json!({"name": "two"}), 1),
        (json!({"preserve_version": true}), 1),
        (json!({"name": "three"}), 2),
    ] {
        let answer = api(
            &sandbox,
            "PUT",
            &target,
            Some(json!({"collection": attributes})),
        )
        .await;
        assert_eq!(value(&answer)["version"], version, "{attributes}");
    }
    let current = value(&api(&sandbox, "GET", "collections", None).await);
    assert_eq!(current["items_available"], 1);
    let all = value(
        &api(
            &sandbox,
            "GET",
            "collections?include_old_versions=true&order=version",
            None,
        )
        .await,
    );
    assert_eq!(all["items_available"], 2);
    assert_eq!(all["items"][0]["name"], "two");
    assert_eq!(all["items"][0]["current_version_uuid"], uuid.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn permission_follows_owners_and_links() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(dir.path(), Options::default())
        .await
        .unwrap();
    let seed = sandbox.seed();
    let (other, _) = seed.user(None, "other", false).unwrap();
    let project = seed.project(None, &other, "shared").unwrap();
    let inner = seed.project(None, &project, "inner").unwrap();
    let target = format!("groups/{inner}");
    assert_eq!(api(&sandbox, "GET", &target, None).await.status, 404);
    let create = || {
        api(
            &sandbox,
            "POST",
            "collections",
            Some(json!({"collection": {"owner_uuid": inner}})),
        )
    };
    assert_eq!(create().await.status, 422);
    seed.share(&sandbox.user_uuid(), "can_read", &project)
        .unwrap();
    assert_eq!(api(&sandbox, "GET", &target, None).await.status, 200);
    assert_eq!(create().await.status, 403);
    seed.share(&sandbox.user_uuid(), "can_write", &project)
        .unwrap();
    assert_eq!(create().await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn links_of_other_clusters_make_a_query_federated() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(dir.path(), Options::default())
        .await
        .unwrap();
    let filters = json!([[
        "uuid",
        "in",
        ["kdbox-4zz18-000000000000001", "qqqqq-4zz18-000000000000001"]
    ]]);
    let target = format!(
        "collections?count=none&order={}&filters={}",
        escape("[\"uuid\"]"),
        escape(&filters.to_string())
    );
    let answer = api(&sandbox, "GET", &target, None).await;
    assert_eq!(answer.status, 400);
    assert!(
        value(&answer)["errors"][0]
            .as_str()
            .unwrap()
            .starts_with("cannot execute federated list query")
    );
}

/// Lists 20,000 links as the Python client does: by class, in creation order, 1000 at a time.
#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_images_are_listed_quickly() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(dir.path(), Options::default())
        .await
        .unwrap();
    let images: Vec<Image> = (0..10_000)
        .map(|number| Image {
            name: Some(format!("repository/{number}:latest")),
            hash: format!("{number:064x}"),
            timestamp: Some("2024-05-06T07:08:09.123456789Z".to_owned()),
            owner_uuid: sandbox.user_uuid(),
        })
        .collect();
    let started = Instant::now();
    let seed = sandbox.seed();
    tokio::task::spawn_blocking(move || seed.images(&images))
        .await
        .unwrap()
        .unwrap();
    println!("10,000 images registered in {:?}", started.elapsed());
    let started = Instant::now();
    let mut found = 0;
    for class in ["docker_image_hash", "docker_image_repo+tag"] {
        let mut filters = vec![json!(["link_class", "=", class])];
        loop {
            let target = format!(
                "links?limit=1000&count=none&order={}&filters={}",
                escape("[\"created_at asc\",\"uuid asc\"]"),
                escape(&Value::from(filters.clone()).to_string())
            );
            let page = value(&api(&sandbox, "GET", &target, None).await);
            let items = page["items"].as_array().unwrap();
            let Some(last) = items.last() else { break };
            found += items.len();
            filters.truncate(1);
            filters.push(json!(["created_at", ">=", last["created_at"]]));
            filters.push(json!(["uuid", "!=", last["uuid"]]));
        }
    }
    println!("{found} links listed in {:?}", started.elapsed());
    assert_eq!(found, 20_000);
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
}
