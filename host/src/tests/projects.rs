//! Asking what a project is, and whether something can be put into it.

use keepdocker_arvados::api::Error;
use keepdocker_arvados::api::projects::Project;
use keepdocker_sandbox::faults::{Action, Fault};
use serde_json::json;

use super::Setup;

const OWN: &str = "kdbox-j7d0g-own000000000000";
const READ_ONLY: &str = "kdbox-j7d0g-readonly0000000";
const TRASHED: &str = "kdbox-j7d0g-trashed00000000";
const ROLE: &str = "kdbox-j7d0g-role00000000000";
const SOMEBODY: &str = "kdbox-tpzed-somebody0000000";

async fn filled() -> Setup {
    let setup = Setup::new().await;
    let (seeder, user) = (setup.sandbox.seed(), setup.sandbox.user_uuid());
    let group = |uuid: &str, owner: &str, class: &str| json!({ "uuid": uuid, "owner_uuid": owner, "name": uuid, "group_class": class });
    let mut trashed = group(TRASHED, &user, "project");
    trashed["trash_at"] = json!("2020-01-01T00:00:00Z");
    let groups = [
        group(OWN, &user, "project"),
        group(READ_ONLY, SOMEBODY, "project"),
        group(ROLE, &user, "role"),
        trashed,
    ];
    tokio::task::spawn_blocking(move || {
        seeder.user(Some(SOMEBODY), "somebody", false).unwrap();
        seeder.groups(&groups).unwrap();
        for shared in [READ_ONLY, SOMEBODY] {
            seeder.share(&user, "can_read", shared).unwrap();
        }
    })
    .await
    .unwrap();
    setup
}

#[tokio::test]
async fn a_project_tells_its_class_and_whether_it_can_be_written_to() {
    let setup = filled().await;
    let api = setup.api();
    for (uuid, class, writable) in [
        (OWN, "project", true),
        (READ_ONLY, "project", false),
        (ROLE, "role", true),
    ] {
        let project = Project {
            uuid: uuid.into(),
            name: uuid.into(),
            group_class: Some(class.into()),
            writable,
        };
        assert_eq!(api.project(uuid).await.ok(), Some(project), "{uuid}");
    }
    for (uuid, writable) in [(setup.sandbox.user_uuid(), true), (SOMEBODY.into(), false)] {
        let home = api.project(&uuid).await.unwrap();
        assert_eq!((&home.uuid, home.writable), (&uuid, writable));
        assert_eq!(home.group_class, None);
        assert_ne!(home.name, "");
    }
}

#[tokio::test]
async fn a_question_is_one_request_that_is_repeated_where_the_server_fails() {
    let setup = filled().await;
    setup
        .sandbox
        .faults()
        .plan(Fault::on("/groups/", Action::Answer(503)).times(2));
    setup.sandbox.log().clear();
    assert!(setup.api().project(OWN).await.unwrap().writable);
    let asked = setup.sandbox.log().entries();
    let statuses: Vec<u16> = asked.iter().map(|entry| entry.status).collect();
    assert_eq!(statuses, [503, 503, 200]);
    assert!(asked.iter().all(|entry| entry.path.ends_with(OWN)));
}

#[tokio::test]
async fn what_is_no_project_is_told_apart_and_nothing_else_is_asked_for() {
    let setup = filled().await;
    let api = setup.api();
    for uuid in [
        TRASHED,
        "kdbox-j7d0g-000000000000000",
        "kdbox-tpzed-nobody000000000",
    ] {
        let error = api.project(uuid).await.unwrap_err();
        assert!(matches!(error, Error::NotFound(_)), "{error:?}");
    }
    setup.sandbox.log().clear();
    for text in [
        "",
        "nonsense",
        "kdbox-4zz18-000000000000000",
        "kdbox-j7d0g-000000000000000/../../links",
        "kdbox-j7d0g-00000000000000?",
        "../users/current",
    ] {
        let error = api.project(text).await.unwrap_err();
        assert!(matches!(error, Error::NoProject { .. }), "{error:?}");
    }
    assert_eq!(setup.sandbox.log().api_requests(), 0);
}
