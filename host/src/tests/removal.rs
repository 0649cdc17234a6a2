//! Removing links, and moving collections to the trash.

use keepdocker_arvados::api::Error;
use keepdocker_arvados::api::collections::{Collection, Disposal, NewCollection, Revival};
use keepdocker_arvados::api::links::{Class, Link, NewLink, Removal};
use keepdocker_sandbox::faults::{Action, Fault};

use serde_json::Value;

use super::Setup;
use crate::api::Api;

async fn holding(api: &Api, file: &str) -> Collection {
    let new = NewCollection {
        name: "image".into(),
        owner: None,
        manifest: format!(". d41d8cd98f00b204e9800998ecf8427e+0 {file}\n"),
        properties: vec![],
        replicas: None,
        storage_classes: vec![],
    };
    api.create_collection(&new).await.unwrap()
}

async fn collection(api: &Api) -> String {
    holding(api, "0:0:empty").await.uuid
}

fn disposal(collection: &Collection) -> Disposal {
    Disposal {
        collection: collection.uuid.clone(),
        owner: None,
        portable_data_hash: collection.portable_data_hash.clone(),
    }
}

/// Returns the collections, those in the trash included.
async fn collections(setup: &Setup) -> Vec<Value> {
    let inspector = setup.sandbox.inspect();
    tokio::task::spawn_blocking(move || inspector.collections().unwrap())
        .await
        .unwrap()
}

async fn linked(api: &Api, head: &str) -> Link {
    let new = NewLink {
        class: Class::RepoTag,
        name: "lab/tool:1".into(),
        head: head.into(),
        owner: None,
        properties: vec![],
    };
    api.create_link(&new).await.unwrap()
}

fn removal(link: &Link) -> Removal {
    Removal {
        uuid: link.uuid.clone(),
        class: link.class,
        name: link.name.clone(),
        head: link.head.clone(),
        owner: None,
    }
}

async fn links(setup: &Setup) -> Vec<Value> {
    let inspector = setup.sandbox.inspect();
    tokio::task::spawn_blocking(move || inspector.links().unwrap())
        .await
        .unwrap()
}

#[tokio::test]
async fn a_link_is_removed_once_whatever_becomes_of_the_answer() {
    let setup = Setup::new().await;
    let api = setup.api();
    let head = collection(&api).await;
    let before = links(&setup).await;
    for action in [Action::Answer(502), Action::DropAfter, Action::DropBefore] {
        let link = linked(&api, &head).await;
        setup
            .sandbox
            .faults()
            .plan(Fault::on("/links", action).method("DELETE").times(1));
        api.delete_link(&removal(&link)).await.unwrap();
        assert_eq!(links(&setup).await, before);
        // What is gone is removed.
        api.delete_link(&removal(&link)).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_another_link_or_none_of_an_image_stays() {
    let setup = Setup::new().await;
    let api = setup.api();
    let head = collection(&api).await;
    let link = removal(&linked(&api, &head).await);
    let (seeder, user) = (setup.sandbox.seed(), setup.sandbox.user_uuid());
    let project = "kdbox-j7d0g-000000000000001";
    let owner = user.clone();
    tokio::task::spawn_blocking(move || {
        seeder.project(Some(project), &owner, "shared").unwrap();
        seeder.share(&owner, "can_manage", project).unwrap();
    })
    .await
    .unwrap();
    let before = links(&setup).await;
    let permission = before
        .iter()
        .find(|link| link["link_class"] == "permission" && link["head_uuid"] == project)
        .unwrap();
    let text = |member: &str| permission[member].as_str().unwrap().to_owned();
    let others = [
        Removal {
            name: "lab/tool:2".into(),
            ..link.clone()
        },
        Removal {
            class: Class::ImageHash,
            ..link.clone()
        },
        Removal {
            head: "kdbox-4zz18-000000000000000".into(),
            ..link.clone()
        },
        Removal {
            owner: Some(project.into()),
            ..link.clone()
        },
        // Whoever may read what is said by links, too; they are none of ours.
        Removal {
            uuid: text("uuid"),
            name: text("name"),
            head: text("head_uuid"),
            owner: Some(text("owner_uuid")),
            ..link.clone()
        },
        Removal {
            uuid: "../collections/x".into(),
            ..link.clone()
        },
        Removal {
            uuid: head.clone(),
            ..link.clone()
        },
    ];
    for other in others {
        let refused = api.delete_link(&other).await;
        assert!(
            matches!(refused, Err(Error::OtherLink { .. })),
            "{other:?}: {refused:?}"
        );
    }
    assert_eq!(links(&setup).await, before);
    assert_eq!(setup.sandbox.log().count("DELETE", "/links"), 0);
    api.delete_link(&link).await.unwrap();
    let after = links(&setup).await;
    assert_eq!(after.len(), before.len() - 1);
    assert!(after.contains(permission));
}

#[tokio::test]
async fn an_image_goes_to_the_trash_once_whatever_becomes_of_the_answer() {
    let setup = Setup::new().await;
    let api = setup.api();
    let file = format!("0:0:sha256:{}.tar", "a".repeat(64));
    for action in [Action::Answer(502), Action::DropAfter, Action::DropBefore] {
        let image = disposal(&holding(&api, &file).await);
        let link = linked(&api, &image.collection).await;
        setup
            .sandbox
            .faults()
            .plan(Fault::on("/collections", action).method("PUT").times(1));
        let until = api.trash_collection(&image).await.unwrap();
        assert!(until.is_some());
        // What is there already stays as it is.
        assert_eq!(api.trash_collection(&image).await.unwrap(), until);
        assert!(
            links(&setup)
                .await
                .iter()
                .any(|one| one["uuid"] == *link.uuid)
        );
    }
    let gone = Disposal {
        collection: "kdbox-4zz18-000000000000000".into(),
        ..disposal(&holding(&api, &file).await)
    };
    assert_eq!(api.trash_collection(&gone).await.unwrap(), None);
}

#[tokio::test]
async fn what_is_no_image_or_another_by_now_stays_out_of_the_trash() {
    let setup = Setup::new().await;
    let api = setup.api();
    let name = format!("sha256:{}.tar", "a".repeat(64));
    let image = disposal(&holding(&api, &format!("0:0:{name}")).await);
    let mut others = vec![
        (Disposal {
            portable_data_hash: "d41d8cd98f00b204e9800998ecf8427e+0".into(),
            ..image.clone()
        }),
        (Disposal {
            owner: Some("kdbox-j7d0g-000000000000001".into()),
            ..image.clone()
        }),
        (Disposal {
            collection: "../links/x".into(),
            ..image.clone()
        }),
        (Disposal {
            collection: "zzzzz-4zz18-000000000000000".into(),
            ..image.clone()
        }),
    ];
    for data in [
        "0:0:results.tar".to_owned(),
        format!("0:0:{name} 0:0:notes.txt"),
        format!("0:0:notes.txt 0:0:{name}"),
    ] {
        others.push(disposal(&holding(&api, &data).await));
    }
    let before = collections(&setup).await;
    for other in others {
        let refused = api.trash_collection(&other).await;
        let is_refused = matches!(
            refused,
            Err(Error::OtherContent { .. } | Error::NotOwned { .. } | Error::NoCollection { .. })
        );
        assert!(is_refused, "{other:?}: {refused:?}");
    }
    assert_eq!(collections(&setup).await, before);
    assert_eq!(setup.sandbox.log().count("PUT", "/collections"), 0);
    api.trash_collection(&image).await.unwrap();
    assert_ne!(collections(&setup).await, before);
}

#[tokio::test]
async fn what_is_in_the_trash_comes_back_once_whatever_becomes_of_the_answer() {
    let setup = Setup::new().await;
    let api = setup.api();
    let file = format!("0:0:sha256:{}.tar", "a".repeat(64));
    for action in [Action::Answer(502), Action::DropAfter, Action::DropBefore] {
        let image = holding(&api, &file).await;
        let revival = Revival {
            collection: image.uuid.clone(),
            owner: None,
        };
        assert_eq!(api.trashed_collection(&revival).await.unwrap(), None);
        api.trash_collection(&disposal(&image)).await.unwrap();
        // Its name is free, and somebody else's by now.
        let other = holding(&api, &file).await;
        assert_eq!(other.name, image.name);
        let trashed = api.trashed_collection(&revival).await.unwrap().unwrap();
        assert_eq!(trashed.portable_data_hash, image.portable_data_hash);
        setup
            .sandbox
            .faults()
            .plan(Fault::on("/untrash", action).method("POST").times(1));
        api.untrash_collection(&revival).await.unwrap();
        assert_eq!(api.trashed_collection(&revival).await.unwrap(), None);
        api.trash_collection(&disposal(&other)).await.unwrap();
        api.trash_collection(&disposal(&image)).await.unwrap();
    }
    for (collection, owner) in [
        ("kdbox-4zz18-000000000000000", None),
        ("../users", None),
        ("kdbox-j7d0g-000000000000001", None),
    ] {
        let absent = Revival {
            collection: collection.into(),
            owner,
        };
        let refused = api.trashed_collection(&absent).await;
        assert!(refused.is_err(), "{absent:?}");
    }
    let elsewhere = Revival {
        collection: holding(&api, &file).await.uuid,
        owner: Some("kdbox-j7d0g-000000000000001".into()),
    };
    let refused = api.trashed_collection(&elsewhere).await;
    assert!(
        matches!(refused, Err(Error::NotOwned { .. })),
        "{refused:?}"
    );
}
