//! `replace_files` and `replace_segments`: where the files come from, and what is refused.

use serde_json::{Value, json};

use crate::assert_heard;
use crate::people::{People, Who};

/// A manifest of two empty files, which needs no signature.
const TWO: &str = ". d41d8cd98f00b204e9800998ecf8427e+0 0:0:a 0:0:b\n";

#[tokio::test(flavor = "multi_thread")]
async fn files_are_replaced_from_what_there_is() {
    let people = People::meet().await;
    let attributes = json!({"name": "two", "manifest_text": TWO});
    let (_, made) = people
        .ask(
            Who::User,
            "POST",
            "collections",
            Some(json!({"collection": attributes})),
        )
        .await;
    let hash = made["portable_data_hash"].as_str().unwrap().to_owned();
    let target = format!("collections/{}", made["uuid"].as_str().unwrap());
    let replace = async |files: Value| {
        let body = Some(json!({"collection": {}, "replace_files": files}));
        people.hear(Who::User, "PATCH", &target, body).await
    };
    let absent = "d41d8cd98f00b204e9800998ecf8427e+99";
    for (files, status, words) in [
        (json!({"/x": "current"}), 500, "internal error"),
        (
            json!({"/x": "current/a/b"}),
            500,
            "current/a/b: not a directory",
        ),
        (json!({"/x": "current/nosuch"}), 400, "nonexistent source"),
        (
            json!({"/x": format!("{hash}/nosuch")}),
            400,
            "file does not exist",
        ),
        (json!({"/x": format!("{absent}/a")}), 404, absent),
        (json!({"/x": format!("{hash}+Zx/a")}), 400, "invalid source"),
        (
            json!({"/x/": "current/a"}),
            400,
            "invalid replace_files target",
        ),
        (
            json!({"/": format!("{hash}/a")}),
            500,
            "top-level directory with a file",
        ),
        // Who replaces everything begins with nothing.
        (
            json!({"/": "", "/x": "current/a"}),
            400,
            "nonexistent source",
        ),
        (json!({"/x": "current/a", "/a": null}), 200, ""),
    ] {
        assert_heard(&replace(files).await, status, words);
    }
    let (_, now) = people.ask(Who::User, "GET", &target, None).await;
    let text = now["manifest_text"].as_str().unwrap();
    assert!(text.contains(":x") && !text.contains(":a"), "{text}");
    let body = json!({"collection": {}, "replace_segments": {"x": "y"}});
    let heard = people.hear(Who::User, "PATCH", &target, Some(body)).await;
    assert_heard(&heard, 500, "transcode");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_cluster_sets_is_not_set_by_others() {
    let people = People::meet().await;
    let uuid = people
        .make(Who::User, "collection", json!({"name": "x"}))
        .await;
    let target = format!("collections/{uuid}");
    for (attributes, status, words) in [
        (json!({"storage_classes_confirmed": []}), 200, ""),
        (
            json!({"storage_classes_confirmed": ["default"]}),
            403,
            "cannot be changed, except by",
        ),
        (
            json!({"replication_confirmed": 2}),
            403,
            "cannot be changed, except by",
        ),
        (
            json!({"current_version_uuid": people.other, "version": 7}),
            422,
            "Current version uuid cannot be updated",
        ),
        (
            json!({"replication_desired": 99_999_999_999_i64}),
            422,
            "is out of range",
        ),
    ] {
        let body = Some(json!({ "collection": attributes }));
        let heard = people.hear(Who::User, "PATCH", &target, body).await;
        assert_heard(&heard, status, words);
    }
    let body = Some(json!({"collection": {"replication_desired": 1.9}}));
    let (_, now) = people.ask(Who::User, "PATCH", &target, body).await;
    assert_eq!(now["replication_desired"], 1);
}
