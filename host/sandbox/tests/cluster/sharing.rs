//! Permission links and links in general: what they refuse.

use serde_json::{Value, json};

use crate::assert_heard;
use crate::people::{People, Who};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_out_of_sight_cannot_be_linked_to() {
    let people = People::meet().await;
    let secret = people
        .make(Who::Other, "collection", json!({"name": "secret"}))
        .await;
    let image = people
        .make(Who::User, "collection", json!({"name": "image"}))
        .await;
    let change = json!({"collection": {"name": "new", "preserve_version": true}});
    let target = format!("collections/{image}");
    people.ask(Who::User, "PATCH", &target, Some(change)).await;
    let filters = json!([["current_version_uuid", "=", image], ["version", "=", 1]]);
    let query = [("filters", filters), ("include_old_versions", json!(true))];
    let (_, versions) = people.list(Who::User, "collections", &query).await;
    let old = versions["items"][0]["uuid"].as_str().unwrap().to_owned();
    let share = |head: &str| {
        json!({"link_class": "permission", "name": "can_read", "tail_uuid": people.other,
               "head_uuid": head})
    };
    let tag = |head: &str| json!({"link_class": "tag", "name": "x", "head_uuid": head});
    for (link, words) in [
        (share(&secret), format!("Head uuid '{secret}' not found")),
        (tag(&secret), format!("Head uuid '{secret}' not found")),
        (tag(&old), format!("Head uuid '{old}' not found")),
        (
            share(&old),
            "cannot point to a past version of a collection".to_owned(),
        ),
    ] {
        let body = Some(json!({ "link": link }));
        let heard = people.hear(Who::User, "POST", "links", body).await;
        assert_heard(&heard, 422, &words);
    }
    // What stands for no object of a known type is taken as it is.
    for head in [
        "kdbox-xxxxx-000000000000000",
        "nonsense",
        "somebody@example.com",
    ] {
        people.make(Who::User, "link", tag(head)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_nothing_is_for_those_only_who_may_change_it() {
    let people = People::meet().await;
    let project = json!({"name": "shared", "group_class": "project"});
    let project = people.make(Who::Other, "group", project).await;
    let image = json!({"name": "image", "owner_uuid": project});
    let image = people.make(Who::Other, "collection", image).await;
    let tag = json!({"link_class": "tag", "head_uuid": image, "owner_uuid": project});
    let tag = people.make(Who::Other, "link", tag).await;
    let share = json!({
        "link_class": "permission", "name": "can_read",
        "tail_uuid": people.sandbox.user_uuid(), "head_uuid": project,
    });
    let share = people.make(Who::Other, "link", share).await;
    for target in [
        format!("groups/{project}"),
        format!("collections/{image}"),
        format!("links/{tag}"),
        format!("links/{share}"),
    ] {
        assert_eq!(people.ask(Who::User, "GET", &target, None).await.0, 200);
        for (who, status) in [(Who::User, 403), (Who::Other, 200), (Who::Admin, 200)] {
            let (found, answer) = people.ask(who, "PATCH", &target, Some(json!({}))).await;
            assert_eq!(found, status, "{target} {who:?}: {answer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_stands_beside_logins_under_other_names() {
    let people = People::meet().await;
    let login = |properties: Value| {
        json!({"link_class": "permission", "name": "can_login", "properties": properties,
               "tail_uuid": people.other, "head_uuid": people.sandbox.user_uuid()})
    };
    let bare = people.make(Who::User, "link", login(json!({}))).await;
    let one = login(json!({"username": "one"}));
    let first = people.make(Who::User, "link", one.clone()).await;
    assert_ne!(bare, first);
    assert_eq!(people.make(Who::User, "link", one).await, first);
    let other = login(json!({"username": "other"}));
    assert_ne!(people.make(Who::User, "link", other).await, first);
}

#[tokio::test(flavor = "multi_thread")]
async fn kinds_are_told_of_new_links_only() {
    let people = People::meet().await;
    let head = people
        .make(Who::User, "collection", json!({"name": "x"}))
        .await;
    let link = json!({"head_uuid": head, "head_kind": "arvados#collection"});
    let link = people.make(Who::User, "link", link).await;
    let body = Some(json!({"link": {"head_kind": "arvados#collection"}}));
    let heard = people
        .hear(Who::User, "PATCH", &format!("links/{link}"), body)
        .await;
    assert_heard(&heard, 422, "unknown attribute 'head_kind' for Link");
}

#[tokio::test(flavor = "multi_thread")]
async fn computed_permissions_are_compared_by_their_ends_and_not_counted() {
    let people = People::meet().await;
    let user = people.sandbox.user_uuid();
    let ask = async |query: &[(&str, Value)]| {
        people.list(Who::Admin, "computed_permissions", query).await
    };
    let own = (
        "filters",
        json!([["user_uuid", "=", user], ["target_uuid", "=", user]]),
    );
    let (status, list) = ask(&[own, ("select", json!(["perm_level"]))]).await;
    assert_eq!(
        (status, &list["items"]),
        (200, &json!([{"perm_level": "can_manage"}]))
    );
    assert!(list.get("items_available").is_none(), "{list}");
    for (query, words) in [
        (("count", json!("exact")), "count parameter must be 'none'"),
        (("offset", json!(2)), "non-zero offset parameter"),
        (
            ("filters", json!([["perm_level", "=", "can_read"]])),
            "Invalid attribute 'perm_level' in filter",
        ),
        (
            ("filters", json!([["user_uuid", "like", "%"]])),
            "Invalid attribute 'user_uuid' in filter",
        ),
    ] {
        let (status, answer) = ask(&[query]).await;
        assert_heard(&(status, answer.to_string()), 422, words);
    }
}
