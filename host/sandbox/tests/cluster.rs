//! What the recorded transcripts do not show: persistence, faults, versions, limits and speed.

#![expect(
    clippy::print_stdout,
    reason = "the measured times are for whoever runs the test"
)]
#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

#[path = "conformance/client.rs"]
mod client;

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use client::Answer;
use keepdocker_sandbox::faults::{Action, Fault};
use keepdocker_sandbox::seed::Image;
use keepdocker_sandbox::{Options, Sandbox};
use serde_json::{Value, json};

/// Sends a JSON request as the default user.
async fn api(sandbox: &Sandbox, method: &str, target: &str, body: Option<Value>) -> Answer {
    let mut headers = vec![(
        "authorization".to_owned(),
        format!("Bearer {}", sandbox.token()),
    )];
    let body = body.map_or_else(Vec::new, |body| body.to_string().into_bytes());
    if !body.is_empty() {
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
        headers.push(("content-length".to_owned(), body.len().to_string()));
    }
    let target = format!("/arvados/v1/{target}");
    let ca = sandbox.ca_certificate();
    client::send(
        &sandbox.api_host(),
        Some(&ca),
        method,
        &target,
        &headers,
        &body,
    )
    .await
}

/// Sends a request to the first Keep service.
async fn keep(sandbox: &Sandbox, method: &str, path: &str, body: &[u8]) -> Answer {
    let mut headers = vec![(
        "authorization".to_owned(),
        format!("Bearer {}", sandbox.token()),
    )];
    if method == "PUT" {
        headers.push(("content-length".to_owned(), body.len().to_string()));
    }
    let url = sandbox.keep_urls().remove(0);
    let address = url["https://".len()..].trim_end_matches('/').to_owned();
    let ca = sandbox.ca_certificate();
    client::send(&address, Some(&ca), method, path, &headers, body).await
}

fn value(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}

fn escape(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

const FOO: &str = "acbd18db4cc2f85cedef654fccc4a4d8";

#[tokio::test]
async fn the_same_folder_gives_the_same_cluster() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("cluster");
    let sandbox = Sandbox::start(&folder, Options::default()).await.unwrap();
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&folder.join("cluster.json")), 0o600);
    assert_eq!(mode(&folder.join("server-key.pem")), 0o600);
    let before = (
        sandbox.environment(),
        sandbox.keep_urls(),
        sandbox.admin_token(),
    );
    let link = api(
        &sandbox,
        "POST",
        "links",
        Some(json!({"link": {"name": "kept"}})),
    )
    .await;
    assert_eq!(link.status, 200);
    // A second program in the same folder moves aside and sees the same records.
    let guest = Sandbox::start(&folder, Options::default()).await.unwrap();
    assert_ne!(guest.api_host(), sandbox.api_host());
    assert_eq!(guest.token(), sandbox.token());
    assert_eq!(
        value(
            &api(
                &guest,
                "GET",
                "links?filters=%5B%5B%22name%22%2C%22=%22%2C%22kept%22%5D%5D",
                None
            )
            .await
        )["items_available"],
        1
    );
    guest.shutdown().await;
    sandbox.shutdown().await;
    let started = Instant::now();
    let sandbox = Sandbox::start(&folder, Options::default()).await.unwrap();
    println!("start on an existing folder: {:?}", started.elapsed());
    assert!(started.elapsed() < Duration::from_millis(500));
    assert_eq!(
        (
            sandbox.environment(),
            sandbox.keep_urls(),
            sandbox.admin_token()
        ),
        before
    );
    assert_eq!(
        value(
            &api(
                &sandbox,
                "GET",
                "links?filters=%5B%5B%22name%22%2C%22=%22%2C%22kept%22%5D%5D",
                None
            )
            .await
        )["items_available"],
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_come_back_as_they_were_stored() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(dir.path(), Options::default())
        .await
        .unwrap();
    let stored = keep(&sandbox, "PUT", &format!("/{FOO}"), b"foo").await;
    assert_eq!(stored.status, 200);
    assert_eq!(stored.header("x-keep-replicas-stored"), Some("2"));
    let locator = String::from_utf8(stored.body).unwrap();
    assert!(locator.starts_with(&format!("{FOO}+3+A")), "{locator}");
    let read = keep(&sandbox, "GET", &format!("/{locator}"), b"").await;
    assert_eq!((read.status, read.body.as_slice()), (200, &b"foo"[..]));
    assert_eq!(sandbox.inspect().blocks().unwrap(), [(FOO.to_owned(), 3)]);
    assert_eq!(sandbox.log().blocks_written(), 1);
    // Spoiled bytes are noticed when they are read the next time.
    let file = dir.path().join("blocks").join(&FOO[..3]).join(FOO);
    std::fs::write(&file, "bar").unwrap();
    let time = std::time::SystemTime::now() + Duration::from_secs(5);
    std::fs::File::options()
        .write(true)
        .open(&file)
        .unwrap()
        .set_modified(time)
        .unwrap();
    assert_eq!(
        keep(&sandbox, "GET", &format!("/{locator}"), b"")
            .await
            .status,
        422
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_oversized_block_is_refused_before_it_is_sent() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(dir.path(), Options::default())
        .await
        .unwrap();
    let url = sandbox.keep_urls().remove(0);
    let address = url["https://".len()..].trim_end_matches('/').to_owned();
    let headers = [
        (
            "authorization".to_owned(),
            format!("Bearer {}", sandbox.token()),
        ),
        ("content-length".to_owned(), ((64 << 20) + 1).to_string()),
    ];
    let ca = sandbox.ca_certificate();
    let answer = client::send(
        &address,
        Some(&ca),
        "PUT",
        &format!("/{FOO}"),
        &headers,
        b"",
    )
    .await;
    assert_eq!(answer.status, 413);
}

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
async fn planned_faults_happen() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(dir.path(), Options::default())
        .await
        .unwrap();
    let faults = sandbox.faults();
    faults.plan(Fault::on("/users/current", Action::Answer(503)).times(2));
    for expected in [503, 503, 200] {
        assert_eq!(
            api(&sandbox, "GET", "users/current", None).await.status,
            expected
        );
    }
    faults.plan(Fault::on(
        "/users/current",
        Action::Delay(Duration::from_millis(100)),
    ));
    let started = Instant::now();
    assert_eq!(
        api(&sandbox, "GET", "users/current", None).await.status,
        200
    );
    assert!(started.elapsed() >= Duration::from_millis(100));
    faults.plan(Fault::on("/", Action::WrongHash).method("PUT"));
    let stored = keep(&sandbox, "PUT", &format!("/{FOO}"), b"foo").await;
    assert!(!String::from_utf8(stored.body).unwrap().starts_with(FOO));
    faults.fill_storage(true);
    assert_eq!(
        keep(&sandbox, "PUT", &format!("/{FOO}"), b"foo")
            .await
            .status,
        503
    );
    faults.fill_storage(false);
    faults.discard_blocks(true);
    assert_eq!(
        keep(&sandbox, "PUT", "/37b51d194a7513e45b56f6524f2d51f2", b"bar")
            .await
            .status,
        200
    );
    assert_eq!(
        keep(&sandbox, "PUT", &format!("/{FOO}"), b"bar")
            .await
            .status,
        502
    );
    assert_eq!(sandbox.inspect().blocks().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_leaves_the_record() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = std::sync::Arc::new(
        Sandbox::start(dir.path(), Options::default())
            .await
            .unwrap(),
    );
    for (action, links) in [
        (Action::DropBefore, 0),
        (Action::DropAfter, 1),
        (Action::CutBody, 2),
    ] {
        sandbox
            .faults()
            .plan(Fault::on("/links", action.clone()).method("POST"));
        let sender = std::sync::Arc::clone(&sandbox);
        let create = tokio::spawn(async move {
            api(
                &sender,
                "POST",
                "links",
                Some(json!({"link": {"link_class": "test"}})),
            )
            .await
        });
        // The bare client fails when the connection breaks.
        assert!(create.await.is_err(), "{action:?}");
        let stored = sandbox.inspect().links().unwrap();
        let stored = stored
            .iter()
            .filter(|link| link["link_class"] == "test")
            .count();
        assert_eq!(stored, links, "{action:?}");
    }
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

#[tokio::test(flavor = "multi_thread")]
async fn cut_pages_do_not_end_a_list() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(dir.path(), Options::default())
        .await
        .unwrap();
    sandbox
        .seed()
        .links(&vec![json!({"owner_uuid": sandbox.user_uuid()}); 10])
        .unwrap();
    sandbox.faults().cut_pages(3);
    let page = value(&api(&sandbox, "GET", "links?limit=1000", None).await);
    assert_eq!(page["items"].as_array().unwrap().len(), 3);
    assert_eq!(page["limit"], 3);
    sandbox.faults().cut_pages(0);
    let page = value(&api(&sandbox, "GET", "links?limit=1000", None).await);
    assert!(page["items"].as_array().unwrap().len() > 10);
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
