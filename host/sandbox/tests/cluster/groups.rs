//! Projects, roles and filters: what they refuse.

use serde_json::{Value, json};

use crate::assert_heard;
use crate::people::{People, Who};

#[tokio::test(flavor = "multi_thread")]
async fn a_project_is_neither_trashed_over_a_frozen_one_nor_frozen_over_a_run() {
    let people = People::meet().await;
    let user = people.sandbox.user_uuid();
    let outer = json!({"name": "outer", "group_class": "project"});
    let outer = people.make(Who::User, "group", outer).await;
    let inner = json!({"name": "inner", "group_class": "project", "owner_uuid": outer});
    let inner = people.make(Who::User, "group", inner).await;
    let change = async |uuid: &str, attributes: Value| {
        let body = Some(json!({ "group": attributes }));
        people
            .hear(Who::User, "PATCH", &format!("groups/{uuid}"), body)
            .await
    };
    assert_eq!(change(&inner, json!({"frozen_by_uuid": user})).await.0, 200);
    let target = format!("groups/{outer}");
    let heard = people.hear(Who::User, "DELETE", &target, None).await;
    let words = format!("cannot trash project containing frozen project {inner}");
    assert_heard(&heard, 422, &words);
    assert_eq!(change(&inner, json!({"frozen_by_uuid": null})).await.0, 200);

    let run = people.sandbox.seed();
    let request = json!({
        "uuid": "kdbox-xvhdp-000000000000001", "owner_uuid": inner, "state": "Committed",
    });
    tokio::task::spawn_blocking(move || run.container_requests(&[request]))
        .await
        .unwrap()
        .unwrap();
    let heard = change(&outer, json!({"frozen_by_uuid": user})).await;
    assert_heard(
        &heard,
        422,
        "kdbox-xvhdp-000000000000001 with state = Committed",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_that_cannot_be_are_refused() {
    let people = People::meet().await;
    let project = json!({"name": "project", "group_class": "project"});
    let project = people.make(Who::User, "group", project).await;
    let role = json!({"name": "role", "group_class": "role"});
    let role = people.make(Who::Other, "group", role).await;
    let filters = |filters: Value| json!({"name": "f", "group_class": "filter", "properties": {"filters": filters}});
    for (attributes, words) in [
        (
            json!({"name": "f", "group_class": "filter"}),
            "filters property missing",
        ),
        (filters(json!("x")), "must be an array of arrays"),
        (filters(json!([["a", "="]])), "must be an array of arrays"),
        (
            filters(json!([["name", "=", "x"]])),
            "must be 'uuid' or contain a dot",
        ),
        (
            filters(json!([["groups.name", "is_a", "x"]])),
            "attribute must be 'uuid'",
        ),
        (
            filters(json!([["groups.name", "~", "x"]])),
            "filter operator is not valid",
        ),
    ] {
        let body = Some(json!({ "group": attributes }));
        let heard = people.hear(Who::User, "POST", "groups", body).await;
        assert_heard(&heard, 422, words);
    }
    for (uuid, attributes, status, words) in [
        (
            &project,
            json!({"owner_uuid": project}),
            422,
            "would create an ownership cycle",
        ),
        (
            &project,
            json!({"name": null}),
            422,
            "violates not-null constraint",
        ),
        (
            &role,
            json!({"name": "mine"}),
            403,
            "without can_manage permission",
        ),
    ] {
        let body = Some(json!({ "group": attributes }));
        let heard = people
            .hear(Who::User, "PATCH", &format!("groups/{uuid}"), body)
            .await;
        assert_heard(&heard, status, words);
    }
}
