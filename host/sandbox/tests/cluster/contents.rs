//! What lies in projects.

use serde_json::{Value, json};

use crate::people::{People, Who, uuids};

#[tokio::test(flavor = "multi_thread")]
async fn contents_are_asked_for_table_by_table() {
    let people = People::meet().await;
    let project = json!({"name": "project", "group_class": "project"});
    let project = people.make(Who::User, "group", project).await;
    let inner = json!({"name": "inner", "group_class": "project", "owner_uuid": project});
    let inner = people.make(Who::User, "group", inner).await;
    let image = json!({"name": "image", "owner_uuid": project, "properties": {"a": 1}});
    let image = people.make(Who::User, "collection", image).await;
    let ask = async |query: &[(&str, Value)]| {
        let mut all = vec![("uuid", json!(project))];
        all.extend_from_slice(query);
        people.list(Who::User, "groups/contents", &all).await
    };
    // A filter on one table leaves the others alone.
    let (_, list) = ask(&[("filters", json!([["collections.properties.a", "=", 2]]))]).await;
    assert_eq!(uuids(&list), [inner.as_str()]);
    let (_, list) = ask(&[("filters", json!([["collections.properties.a", "=", 1]]))]).await;
    assert_eq!(uuids(&list), [inner.as_str(), image.as_str()]);
    for (query, words) in [
        (
            ("filters", json!([["properties.a", "=", 1]])),
            "Invalid attribute 'properties.a' in filter",
        ),
        (
            ("filters", json!([["name", "exists", "x"]])),
            "on object type Group\\nInvalid attribute 'name' for operator 'exists' in filter on \
             object type ContainerRequest\\nInvalid",
        ),
        (
            ("filters", json!([["state", "=", "Committed"]])),
            "Invalid attribute 'state' in filter",
        ),
        (
            ("select", json!(["file_size_total"])),
            "Attribute selection list cannot be empty",
        ),
        (
            ("select", json!(["collections.name"])),
            "Invalid attribute 'collections.name' in select",
        ),
        (
            ("exclude_home_project", json!(true)),
            "exclude_home_project=true&offset=0&uuid=",
        ),
    ] {
        let (status, answer) = ask(&[query]).await;
        let text = answer["errors"][0].as_str().unwrap_or_default();
        assert_eq!(status, 422, "{answer}");
        assert!(text.contains(words), "{words}: {text}");
    }
    // Without a table, only what groups have is an order.
    let order = |item: &str| [("order", json!([item])), ("select", json!(["uuid"]))];
    let (status, _) = ask(&order("file_size_total desc")).await;
    assert_eq!(status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_home_is_looked_into_without_seeing_whose_it_is() {
    let people = People::meet().await;
    let project = json!({"name": "shared", "group_class": "project"});
    let project = people.make(Who::Other, "group", project).await;
    let home = [("uuid", json!(people.other))];
    let (status, list) = people.list(Who::User, "groups/contents", &home).await;
    assert_eq!((status, uuids(&list)), (200, Vec::new()));
    let link = json!({
        "link_class": "permission", "name": "can_read",
        "tail_uuid": people.sandbox.user_uuid(), "head_uuid": project,
    });
    people.make(Who::Other, "link", link).await;
    let (_, list) = people.list(Who::User, "groups/contents", &home).await;
    assert_eq!(uuids(&list), [project.as_str()]);
    let nobody = format!("{}-tpzed-absentabsent000", people.sandbox.cluster_id());
    let (status, _) = people
        .list(Who::User, "groups/contents", &[("uuid", json!(nobody))])
        .await;
    assert_eq!(status, 404);
}
