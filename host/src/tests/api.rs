//! The Arvados API.

use keepdocker_arvados::api::Error;
use keepdocker_arvados::api::Property;
use keepdocker_arvados::api::collections::{self, Detail, NewCollection, Which};
use keepdocker_arvados::api::links::{self, Class, Names, NewLink};
use keepdocker_sandbox::Options;
use keepdocker_sandbox::faults::{Action, Fault};
use keepdocker_sandbox::seed::Image;

use super::{RETRY, Setup, api};
use crate::http::Retry;

pub(crate) fn every_link() -> links::Query {
    links::Query {
        classes: vec![Class::ImageHash, Class::RepoTag, Class::Migration],
        names: Names::All,
        heads: None,
        owner: None,
        detail: links::Detail::Full,
        newest: None,
    }
}

pub(crate) fn uuids(uuids: &[String]) -> collections::Query {
    collections::Query {
        which: Which::Uuids(uuids.to_vec()),
        owner: None,
        detail: Detail::Attributes,
        newest: None,
    }
}

pub(crate) fn new_link(name: &str, head: &str) -> NewLink {
    NewLink {
        class: Class::RepoTag,
        name: name.into(),
        head: head.into(),
        owner: None,
        properties: vec![Property {
            key: "image_timestamp".into(),
            value: "\"2026-01-02T03:04:05.123456789Z\"".into(),
        }],
    }
}

pub(crate) fn new_collection(name: &str) -> NewCollection {
    NewCollection {
        name: name.into(),
        owner: None,
        manifest: ". d41d8cd98f00b204e9800998ecf8427e+0 0:0:empty\n".into(),
        properties: vec![],
        replicas: None,
        storage_classes: vec![],
    }
}

/// Registers images without data and returns their collections.
pub(crate) async fn images(setup: &Setup, count: usize) -> Vec<String> {
    let seeder = setup.sandbox.seed();
    let owner = setup.sandbox.user_uuid();
    tokio::task::spawn_blocking(move || {
        let images: Vec<Image> = (0..count)
            .map(|i| Image {
                name: Some(format!("app_{}:v{i}", i % 7)),
                hash: format!("{i:064x}"),
                timestamp: Some("2026-01-01T00:00:00Z".into()),
                owner_uuid: owner.clone(),
            })
            .collect();
        seeder.images(&images).unwrap()
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn the_cluster_and_the_user_are_known_after_one_request_each() {
    let setup = Setup::new().await;
    let api = setup.api();
    assert_eq!(api.cluster().await.unwrap().id, setup.sandbox.cluster_id());
    let cluster = api.cluster().await.unwrap();
    assert_eq!(cluster.image_formats, Some(vec!["v2".to_owned()]));
    assert_eq!(cluster.default_replication, 2);
    assert_eq!(cluster.default_storage_classes, ["default"]);
    assert_eq!(api.current_user().await.unwrap(), setup.sandbox.user_uuid());
    assert_eq!(setup.sandbox.log().api_requests(), 2);
}

#[tokio::test]
async fn what_is_created_is_listed() {
    let setup = Setup::new().await;
    let api = setup.api();
    let created = api
        .create_collection(&NewCollection {
            properties: vec![Property {
                key: "docker-image-repo-tag".into(),
                value: "\"app:v1\"".into(),
            }],
            replicas: Some(1),
            storage_classes: vec!["default".into()],
            ..new_collection("image")
        })
        .await
        .unwrap();
    assert_eq!(created.name, "image");
    assert_eq!(created.owner, setup.sandbox.user_uuid());
    // The server keeps names unique within an owner.
    let twin = api
        .create_collection(&new_collection("image"))
        .await
        .unwrap();
    assert!(twin.name.starts_with("image ("), "{}", twin.name);

    let link = api
        .create_link(&new_link("app:v1", &created.uuid))
        .await
        .unwrap();
    let listed = api.list_links(&every_link()).await.unwrap();
    assert_eq!(listed.len(), 1);
    // The answer to a create has more digits in its time than the database keeps.
    assert_eq!(
        (
            &listed[0].uuid,
            &listed[0].name,
            &listed[0].head,
            &listed[0].properties
        ),
        (&link.uuid, &link.name, &created.uuid, &link.properties)
    );

    let by = |which| collections::Query {
        which,
        owner: Some(setup.sandbox.user_uuid()),
        detail: Detail::Manifest,
        newest: None,
    };
    let property = Property {
        key: "docker-image-repo-tag".into(),
        value: "\"app:v1\"".into(),
    };
    let found = api
        .list_collections(&by(Which::Property(property)))
        .await
        .unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].uuid, created.uuid);
    assert!(
        found[0]
            .manifest
            .as_deref()
            .is_some_and(|text| text.contains("0:0:empty"))
    );
    let same = Which::PortableDataHash(created.portable_data_hash);
    assert_eq!(api.list_collections(&by(same)).await.unwrap().len(), 2);
}

#[tokio::test]
async fn reading_survives_what_passes() {
    let setup = Setup::new().await;
    images(&setup, 3).await;
    let api = setup.api();
    for action in [
        Action::Answer(503),
        Action::Answer(429),
        Action::Answer(500),
        Action::DropBefore,
        Action::DropAfter,
        Action::CutBody,
    ] {
        setup
            .sandbox
            .faults()
            .plan(Fault::on("/links", action.clone()).times(2));
        let listed = api.list_links(&every_link()).await;
        assert_eq!(listed.unwrap().len(), 6, "{action:?}");
        assert_eq!(setup.sandbox.faults().left(), 0);
    }
}

#[tokio::test]
async fn reading_ends_when_the_retries_do() {
    let setup = Setup::new().await;
    setup
        .sandbox
        .faults()
        .plan(Fault::on("/links", Action::Answer(503)).times(100));
    let error = setup.api().list_links(&every_link()).await.unwrap_err();
    assert!(matches!(error, Error::ServerFailed(_)), "{error}");
    assert_eq!(setup.sandbox.log().count("GET", "/links"), 5);
}

#[tokio::test]
async fn a_create_without_an_answer_is_uncertain_and_not_repeated() {
    let setup = Setup::new().await;
    let api = setup.api();
    let head = api
        .create_collection(&new_collection("c"))
        .await
        .unwrap()
        .uuid;
    for (i, action) in [
        Action::DropAfter,
        Action::CutBody,
        Action::Answer(502),
        Action::Answer(500),
    ]
    .into_iter()
    .enumerate()
    {
        setup.sandbox.log().clear();
        setup
            .sandbox
            .faults()
            .plan(Fault::on("/links", action.clone()).method("POST"));
        let error = api
            .create_link(&new_link(&format!("app:{i}"), &head))
            .await
            .unwrap_err();
        assert!(
            matches!(error, Error::Uncertain { .. }),
            "{action:?}: {error}"
        );
        assert_eq!(setup.sandbox.log().count("POST", "/links"), 1);
    }
    // Where the connection broke after the work, the link is there: a repetition would double it.
    assert_eq!(api.list_links(&every_link()).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_create_that_an_overloaded_server_turned_away_is_repeated() {
    let setup = Setup::new().await;
    let api = setup.api();
    setup.sandbox.faults().plan(
        Fault::on("/collections", Action::Answer(503))
            .method("POST")
            .times(2),
    );
    api.create_collection(&new_collection("c")).await.unwrap();
    let stored = {
        let inspector = setup.sandbox.inspect();
        tokio::task::spawn_blocking(move || inspector.collections().unwrap())
            .await
            .unwrap()
    };
    assert_eq!(stored.len(), 1);
}

#[tokio::test]
async fn refusals_are_told_apart_and_in_the_servers_words() {
    let setup = Setup::new().await;
    let stranger = api(
        &setup.environment.clone().with("ARVADOS_API_TOKEN", "wrong"),
        RETRY,
    );
    let error = stranger.current_user().await.unwrap_err();
    assert!(matches!(error, Error::Unauthorized(_)), "{error}");
    assert!(error.to_string().contains("ARVADOS_API_TOKEN"), "{error}");

    let api = setup.api();
    let bad = NewCollection {
        manifest: "nonsense".into(),
        ..new_collection("c")
    };
    let error = api.create_collection(&bad).await.unwrap_err();
    assert!(matches!(error, Error::Rejected(_)), "{error}");
    assert!(error.to_string().contains("anifest"), "{error}");
    assert!(!error.to_string().contains("railsapi"), "{error}");

    let unsigned = NewCollection {
        manifest: ". acbd18db4cc2f85cedef654fccc4a4d8+3 0:3:foo\n".into(),
        ..new_collection("c")
    };
    let error = api.create_collection(&unsigned).await.unwrap_err();
    assert!(matches!(error, Error::Forbidden(_)), "{error}");
}

#[tokio::test]
async fn an_absent_server_is_reported_and_nothing_is_sent() {
    let setup = Setup::new().await;
    let environment = setup.environment.clone();
    setup.sandbox.shutdown().await;
    let once = Retry {
        retries: 0,
        ..RETRY
    };
    let error = api(&environment, once)
        .create_link(&new_link("a:1", "zzzzz-4zz18-000000000000000"))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn an_untrusted_certificate_is_refused_at_once_unless_that_is_wanted() {
    let setup = Setup::new().await;
    let other = Setup::with(Options::default()).await;
    let environment = setup
        .environment
        .clone()
        .with("SSL_CERT_FILE", other.sandbox.ca_certificate());
    let error = api(&environment, Retry::default())
        .current_user()
        .await
        .unwrap_err();
    assert!(error.to_string().contains("SSL_CERT_FILE"), "{error}");

    let insecure = environment.with("ARVADOS_API_HOST_INSECURE", "1");
    assert!(api(&insecure, RETRY).current_user().await.is_ok());
}
