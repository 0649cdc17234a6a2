//! What lists leave out, and what they refuse.

use serde_json::{Value, json};

use crate::people::{People, Who, uuids};
use crate::{assert_heard, escape};

#[tokio::test(flavor = "multi_thread")]
async fn filters_compare_as_the_database_does() {
    let people = People::meet().await;
    let make = async |name: &str, properties: Value| {
        let attributes = json!({"name": name, "properties": properties});
        people.make(Who::User, "collection", attributes).await
    };
    let one = make("one", json!({"lab": "genomics", "labels": ["a", "b"]})).await;
    let two = make("two", json!({})).await;
    let found = async |filter: Value| -> Vec<String> {
        let query = [
            ("filters", json!([filter])),
            ("order", json!(["created_at"])),
        ];
        let (status, list) = people.list(Who::User, "collections", &query).await;
        assert_eq!(status, 200, "{filter}: {list}");
        uuids(&list).into_iter().map(str::to_owned).collect()
    };
    let both = vec![one.clone(), two.clone()];
    for (filter, expected) in [
        (json!(["properties", "=", "{}"]), vec![two.clone()]),
        (json!(["properties", "!=", "{}"]), vec![one.clone()]),
        (
            json!(["properties", "contains", ["lab", "labels"]]),
            vec![one.clone()],
        ),
        (json!(["properties", "contains", ["lab", "nosuch"]]), vec![]),
        (
            json!(["properties.labels", "contains", "a"]),
            vec![one.clone()],
        ),
        (json!(["properties.lab", "in", []]), both.clone()),
        (json!(["properties.lab", "not in", []]), vec![two.clone()]),
        (
            json!(["storage_classes_desired", "contains", "default"]),
            both.clone(),
        ),
        (json!(["name", "not in", []]), vec![]),
        (json!(["name", "not in", ["x", null]]), vec![]),
        (json!(["any", "ilike", "%GENOMICS%"]), vec![one.clone()]),
        (json!(["any", "ilike", format!("%{}%", &one[12..])]), vec![]),
        (json!(["uuid", "is_a", "arvados#group"]), vec![]),
    ] {
        assert_eq!(found(filter.clone()).await, expected, "{filter}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_items_are_shown_once_and_counted_each() {
    let people = People::meet().await;
    for name in ["one", "two"] {
        people
            .make(Who::User, "collection", json!({"name": name}))
            .await;
    }
    let query = [("distinct", json!(true)), ("select", json!(["owner_uuid"]))];
    let (_, list) = people.list(Who::User, "collections", &query).await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(list["items_available"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_client_says_where() {
    let people = People::meet().await;
    let one = people
        .make(Who::User, "collection", json!({"name": "one"}))
        .await;
    people
        .make(Who::User, "collection", json!({"name": "two"}))
        .await;
    for wanted in [
        json!({"name": "one"}),
        json!({"uuid": [one]}),
        json!({"name": ["contains", "n"], "nosuch": 5}),
        json!({"any": ["contains", "ONE"]}),
    ] {
        let (_, list) = people
            .list(Who::User, "collections", &[("where", wanted.clone())])
            .await;
        assert_eq!(uuids(&list), [one.as_str()], "{wanted}");
    }
    let (status, answer) = people
        .list(Who::User, "collections", &[("where", json!(["x"]))])
        .await;
    assert_eq!(status, 500, "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_shares_is_seen_by_those_who_may_share() {
    let people = People::meet().await;
    let image = people
        .make(Who::User, "collection", json!({"name": "image"}))
        .await;
    let link = json!({
        "link_class": "permission", "name": "can_read", "tail_uuid": people.other,
        "head_uuid": image,
    });
    let link = people.make(Who::User, "link", link).await;
    let class = json!(["link_class", "=", "permission"]);
    let list = async |who, filter: Value| {
        let query = [("filters", json!([class, filter]))];
        people.list(who, "links", &query).await
    };
    // What the filters name, whoever manages it finds.
    for filter in [
        json!(["head_uuid", "=", image]),
        json!(["head_uuid", "in", [image]]),
    ] {
        let (_, found) = list(Who::User, filter).await;
        assert_eq!(uuids(&found), [link.as_str()]);
    }
    let (_, found) = list(Who::Other, json!(["head_uuid", "in", [image]])).await;
    assert_eq!(uuids(&found), Vec::<&str>::new());
    let (_, found) = list(Who::Other, json!(["tail_uuid", "=", people.other])).await;
    assert!(uuids(&found).contains(&link.as_str()));
    let (status, _) = list(Who::User, json!(["head_uuid", "=", "nonsense"])).await;
    assert_eq!(status, 422);
    for who in [Who::User, Who::Other] {
        let (status, _) = people.ask(who, "GET", &format!("links/{link}"), None).await;
        assert_eq!(status, 200, "{who:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_controller_hands_on_is_refused_by_the_service_behind() {
    let people = People::meet().await;
    for (name, value, words) in [
        ("limit", "x", "Invalid value for limit parameter"),
        ("limit", "-1", "Invalid value for limit parameter"),
        ("offset", "1.0", "Invalid value for offset parameter"),
        (
            "filters",
            "x",
            "Could not parse \"filters\" param as an array",
        ),
        (
            "filters",
            "{}",
            "Could not parse \"filters\" param as an array",
        ),
        (
            "filters",
            "[\"x\"]",
            "Invalid element in filters array: \"x\" is not an array",
        ),
        (
            "filters",
            "[[\"uuid\"]]",
            "Invalid operator '' (NilClass) in filter",
        ),
        (
            "select",
            "x",
            "Could not parse \"select\" param as an array",
        ),
        (
            "where",
            "[]",
            "Could not parse \"where\" param as an object",
        ),
        ("count", "some", "count parameter must be 'exact' or 'none'"),
    ] {
        for table in ["logs", "containers"] {
            let target = format!("{table}?{name}={}", escape(value));
            let heard = people.hear(Who::User, "GET", &target, None).await;
            assert_heard(&heard, 422, &format!("#<ArgumentError: {words}>"));
            // Where the controller looks first, it says something else or takes it.
            let (_, said) = people
                .hear(Who::User, "GET", &target.replace(table, "links"), None)
                .await;
            assert_ne!(said, heard.1, "{target}");
        }
    }
    let (status, list) = people
        .list(
            Who::User,
            "logs",
            &[
                ("limit", json!("2")),
                ("filters", json!("")),
                ("order", json!("id")),
            ],
        )
        .await;
    assert_eq!((status, &list["limit"]), (200, &json!(2)));
}
