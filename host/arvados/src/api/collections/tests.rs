use serde_json::json;

use super::*;

#[test]
fn only_collections_of_this_cluster_are_asked_for() {
    let uuids: Vec<String> = [
        "zzzzz-4zz18-000000000000001",
        "other-4zz18-000000000000001",
        "zzzzz-j7d0g-000000000000001",
        "zzzzz-4zz18-00000000000000%",
        "d41d8cd98f00b204e9800998ecf8427e+0",
        "",
        "zzzzz-4zz18-",
    ]
    .map(String::from)
    .to_vec();
    assert_eq!(
        local_collections(&uuids, "zzzzz"),
        ["zzzzz-4zz18-000000000000001"]
    );
}

#[test]
fn a_manifest_that_was_not_asked_for_is_none() {
    let row = || -> CollectionRow {
        serde_json::from_value(json!({
            "uuid": "u", "name": null, "properties": {"a": [1, "b"]}, "manifest_text": "",
            "portable_data_hash": "p", "created_at": "c", "owner_uuid": "o"
        }))
        .unwrap()
    };
    assert_eq!(row().into_collection(false).manifest, None);
    let collection = row().into_collection(true);
    assert_eq!(collection.manifest.as_deref(), Some(""));
    assert_eq!(collection.properties[0].value, "[1,\"b\"]");
}
