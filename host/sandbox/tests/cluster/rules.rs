//! Rules that the recordings do not show, each seen on a real cluster.

use keepdocker_sandbox::{Options, Sandbox, ServiceKind};
use serde_json::{Value, json};

use crate::{FOO, api, client, escape, value};

async fn cluster(options: Options) -> (tempfile::TempDir, Sandbox) {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(dir.path(), options).await.unwrap();
    (dir, sandbox)
}

/// Makes something and returns its UUID.
async fn make(sandbox: &Sandbox, kind: &str, attributes: Value) -> String {
    let answer = api(
        sandbox,
        "POST",
        &format!("{kind}s"),
        Some(json!({kind: attributes})),
    )
    .await;
    let made = value(&answer);
    assert_eq!(answer.status, 200, "{made}");
    made["uuid"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_own_is_told_apart_from_what_is_not_there() {
    let (_dir, sandbox) = cluster(Options::default()).await;
    let id = sandbox.cluster_id();
    for (owner, status, words) in [
        ("nonsense".to_owned(), 403, "must be set to User or Group"),
        (String::new(), 403, "must be set to User or Group"),
        (
            format!("{id}-tpzed-000000000000000"),
            403,
            "without write permission on new owner",
        ),
        (
            format!("{id}-j7d0g-fffffffffffffff"),
            403,
            "must be a project",
        ),
        (format!("{id}-j7d0g-absentabsent000"), 422, "not found"),
    ] {
        for kind in ["collection", "link"] {
            let body = json!({kind: {"name": "x", "owner_uuid": owner}});
            let answer = api(&sandbox, "POST", &format!("{kind}s"), Some(body)).await;
            let text = value(&answer)["errors"][0].to_string();
            assert_eq!(answer.status, status, "{kind} {owner:?}: {text}");
            assert!(text.contains(words), "{kind} {owner:?}: {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_needs_somebody_who_gets_it() {
    let (_dir, sandbox) = cluster(Options::default()).await;
    let head = make(&sandbox, "collection", json!({"name": "x"})).await;
    let link = json!({"link_class": "permission", "name": "can_read", "head_uuid": head});
    let answer = api(&sandbox, "POST", "links", Some(json!({"link": link}))).await;
    assert_eq!(answer.status, 422);
    assert!(
        value(&answer)["errors"][0]
            .to_string()
            .contains("must be a user or role")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shared_with_everybody_is_found_and_taken_back() {
    let (_dir, sandbox) = cluster(Options::default()).await;
    let seed = sandbox.seed();
    let (other, token) = tokio::task::spawn_blocking(move || seed.user(None, "other", false))
        .await
        .unwrap()
        .unwrap();
    let project = json!({"name": "shared", "group_class": "project"});
    let project = make(&sandbox, "group", project).await;
    let inside = make(
        &sandbox,
        "collection",
        json!({"name": "in", "owner_uuid": project}),
    )
    .await;
    let sees = async |uuid: &str| {
        let headers = [("authorization".to_owned(), format!("Bearer {token}"))];
        let target = format!("/arvados/v1/collections/{uuid}");
        let ca = sandbox.ca_certificate();
        let host = sandbox.api_host();
        client::send(&host, Some(&ca), "GET", &target, &headers, b"")
            .await
            .status
    };
    assert_eq!(sees(&inside).await, 404);
    let found = value(&api(&sandbox, "GET", "users", None).await);
    let uuids: Vec<&Value> = found["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|u| &u["uuid"])
        .collect();
    assert!(
        uuids.contains(&&json!(other)),
        "users find each other: {uuids:?}"
    );
    let tail = format!("{}-j7d0g-anonymouspublic", sandbox.cluster_id());
    let link = json!({
        "link_class": "permission", "name": "can_read", "tail_uuid": tail, "head_uuid": project,
    });
    let link = make(&sandbox, "link", link).await;
    assert_eq!(sees(&inside).await, 200);
    let answer = api(&sandbox, "DELETE", &format!("links/{link}"), None).await;
    assert_eq!(answer.status, 200);
    assert_eq!(sees(&inside).await, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_long_enough_in_the_trash_is_gone_with_its_links() {
    let options = Options {
        default_trash_lifetime: std::time::Duration::ZERO,
        blob_signing_ttl: std::time::Duration::from_secs(1),
        ..Options::default()
    };
    let (_dir, sandbox) = cluster(options).await;
    let image = make(&sandbox, "collection", json!({"name": "image"})).await;
    let tag = json!({"link_class": "docker_image_repo+tag", "name": "a:1", "head_uuid": image});
    make(&sandbox, "link", tag).await;
    let target = format!("collections/{image}");
    assert_eq!(api(&sandbox, "DELETE", &target, None).await.status, 200);
    // The next change sweeps.
    make(&sandbox, "link", json!({"name": "other"})).await;
    let gone = api(
        &sandbox,
        "GET",
        &format!("{target}?include_trash=true"),
        None,
    )
    .await;
    assert_eq!(gone.status, 404);
    let filters = escape(&json!([["head_uuid", "=", image]]).to_string());
    let links = value(&api(&sandbox, "GET", &format!("links?filters={filters}"), None).await);
    assert_eq!(links["items_available"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn old_versions_go_where_the_collection_goes() {
    let (_dir, sandbox) = cluster(Options::default()).await;
    let project = json!({"name": "elsewhere", "group_class": "project"});
    let project = make(&sandbox, "group", project).await;
    let uuid = make(&sandbox, "collection", json!({"name": "one"})).await;
    let target = format!("collections/{uuid}");
    for change in [
        json!({"name": "two", "preserve_version": true}),
        json!({"owner_uuid": project}),
    ] {
        let body = json!({"collection": change});
        assert_eq!(
            api(&sandbox, "PATCH", &target, Some(body)).await.status,
            200
        );
    }
    let filters = escape(&json!([["current_version_uuid", "=", uuid]]).to_string());
    let query = format!("collections?include_old_versions=true&filters={filters}&order=version");
    let list = value(&api(&sandbox, "GET", &query, None).await);
    let versions = list["items"].as_array().unwrap();
    let names: Vec<&Value> = versions.iter().map(|version| &version["name"]).collect();
    assert_eq!(names, ["one", "two"]);
    assert!(
        versions
            .iter()
            .all(|version| version["owner_uuid"] == project),
        "{list}"
    );
}

/// Writes a block with further headers and returns the answer.
async fn put(sandbox: &Sandbox, service: usize, headers: &[(&str, &str)]) -> client::Answer {
    let url = sandbox.keep_urls().remove(service);
    let address = url["http://".len()..].trim_end_matches('/').to_owned();
    let mut all = vec![("content-length".to_owned(), "3".to_owned())];
    for (name, value) in headers {
        all.push(((*name).to_owned(), (*value).to_owned()));
    }
    client::send(&address, None, "PUT", &format!("/{FOO}"), &all, b"foo").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_takes_blocks_from_anybody_and_a_proxy_does_not() {
    let options = Options {
        keep_services: vec![ServiceKind::Disk, ServiceKind::Proxy],
        is_keep_encrypted: false,
        ..Options::default()
    };
    let (_dir, sandbox) = cluster(options).await;
    let wrong = [("authorization", "Bearer nonsense")];
    let answer = put(&sandbox, 0, &[]).await;
    assert_eq!(
        (answer.status, answer.body),
        (200, format!("{FOO}+3\n").into_bytes())
    );
    let answer = put(&sandbox, 0, &wrong).await;
    let text = String::from_utf8(answer.body).unwrap();
    assert!(
        answer.status == 200 && text.contains("+A"),
        "signed for that token: {text}"
    );
    assert_eq!(put(&sandbox, 1, &wrong).await.status, 403);
    let bearer = format!("Bearer {}", sandbox.token());
    for (classes, stored, words) in [
        (
            "nosuch",
            "0",
            "Could not write sufficient replicas: [507] insufficient storage\n",
        ),
        (
            "default, nosuch",
            "1",
            "Could not write sufficient replicas\n",
        ),
        // There is one store, and two copies are the default.
        ("default", "1", "Could not write sufficient replicas\n"),
    ] {
        let headers = [
            ("authorization", bearer.as_str()),
            ("x-keep-storage-classes", classes),
        ];
        let answer = put(&sandbox, 1, &headers).await;
        assert_eq!(answer.status, 503, "{classes}");
        assert_eq!(
            answer.header("x-keep-replicas-stored"),
            Some(stored),
            "{classes}"
        );
        assert_eq!(String::from_utf8(answer.body).unwrap(), words, "{classes}");
    }
}
