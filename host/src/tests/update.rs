//! Changing what a collection says of its names.

use keepdocker_arvados::api::Error;
use keepdocker_arvados::api::Property;
use keepdocker_arvados::api::collections::{Change, NewCollection};
use keepdocker_sandbox::faults::{Action, Fault};
use serde_json::{Value, json};

use super::Setup;

const PROJECT: &str = "kdbox-j7d0g-000000000000001";

fn new_collection(owner: Option<&str>) -> NewCollection {
    let property = |key: &str, value: &str| Property {
        key: key.into(),
        value: value.into(),
    };
    NewCollection {
        name: "image".into(),
        owner: owner.map(Into::into),
        manifest: ". d41d8cd98f00b204e9800998ecf8427e+0 0:0:empty\n".into(),
        properties: vec![
            property("docker-image-repo-tag", "\"a:1\""),
            property("responsible", "\"somebody\""),
            property("nested", "{\"x\":[1,null]}"),
        ],
        replicas: None,
        storage_classes: vec![],
    }
}

fn change(collection: &str) -> Change {
    Change {
        collection: collection.into(),
        owner: None,
        repo_tag: "[\"a:1\",\"a:2\"]".into(),
    }
}

async fn stored(setup: &Setup) -> Value {
    let inspector = setup.sandbox.inspect();
    let mut collections = tokio::task::spawn_blocking(move || inspector.collections().unwrap())
        .await
        .unwrap();
    assert_eq!(collections.len(), 1);
    collections.remove(0)
}

#[tokio::test]
async fn a_change_reaches_the_property_alone() {
    let setup = Setup::new().await;
    let api = setup.api();
    let created = api.create_collection(&new_collection(None)).await.unwrap();
    let before = stored(&setup).await;
    // A server that fails for the time being is asked again: twice the same is once.
    setup.sandbox.faults().plan(
        Fault::on("/collections", Action::Answer(502))
            .method("PUT")
            .times(1),
    );
    api.update_collection(&change(&created.uuid)).await.unwrap();

    let after = stored(&setup).await;
    assert_eq!(
        after["properties"],
        json!({
            "docker-image-repo-tag": ["a:1", "a:2"],
            "responsible": "somebody",
            "nested": {"x": [1, null]},
        })
    );
    for same in [
        "uuid",
        "name",
        "owner_uuid",
        "portable_data_hash",
        "manifest_text",
    ] {
        assert_eq!(after[same], before[same], "{same}");
    }
}

#[tokio::test]
async fn what_is_no_collection_of_the_owner_is_not_changed() {
    let setup = Setup::new().await;
    let api = setup.api();
    let (seeder, user) = (setup.sandbox.seed(), setup.sandbox.user_uuid());
    tokio::task::spawn_blocking(move || seeder.project(Some(PROJECT), &user, "a project").unwrap())
        .await
        .unwrap();
    let created = api
        .create_collection(&new_collection(Some(PROJECT)))
        .await
        .unwrap();
    let before = stored(&setup).await;

    let elsewhere = api.update_collection(&change(&created.uuid)).await;
    assert!(
        matches!(elsewhere, Err(Error::NotOwned { .. })),
        "{elsewhere:?}"
    );
    for nowhere in [
        "zzzzz-4zz18-000000000000000",
        "../users",
        "",
        "kdbox-j7d0g-000000000000001",
    ] {
        let absent = api.update_collection(&change(nowhere)).await;
        assert!(
            matches!(absent, Err(Error::NoCollection { .. })),
            "{absent:?}"
        );
    }
    let absent = api
        .update_collection(&change("kdbox-4zz18-000000000000000"))
        .await;
    assert!(matches!(absent, Err(Error::NotFound(_))), "{absent:?}");
    assert_eq!(stored(&setup).await, before);

    let owned = Change {
        owner: Some(PROJECT.into()),
        ..change(&created.uuid)
    };
    api.update_collection(&owned).await.unwrap();
    assert_ne!(stored(&setup).await["properties"], before["properties"]);
}
