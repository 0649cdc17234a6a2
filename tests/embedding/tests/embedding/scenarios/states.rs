//! States of a cluster and an engine.

use keepdocker_decisions::testing::{PROJECT, USER};
use serde_json::{Value, json};

use super::{NEW, OLD, SOMEBODY};
use crate::cluster::{Cluster, collection, image};

pub(super) fn with_engine() -> Cluster {
    Cluster {
        engine: Some(vec![
            image(&id('a'), &["a:1", "a:latest"], "2019-05-06T07:08:09Z"),
            image(&id('c'), &["c:latest"], "2021-05-06T07:08:09.5+02:00"),
        ]),
        registry: vec![image(&id('9'), &["pulled:1"], NEW)],
        ..Cluster::default()
    }
}

/// Has two images, one of them under two names.
pub(super) fn filled() -> Cluster {
    let (x, y) = ("zzzzz-4zz18-xxxxxxxxxxxxxxx", "zzzzz-4zz18-yyyyyyyyyyyyyyy");
    Cluster {
        collections: vec![
            collection(x, USER, &id('a')),
            collection(y, PROJECT, &id('b')),
        ],
        links: vec![
            named("image-hash", &id('a'), x, USER, OLD),
            named("repo-tag", "a:1", x, USER, OLD),
            named("repo-tag", "a:2", x, USER, NEW),
            named("image-hash", &id('b'), y, PROJECT, NEW),
            named("repo-tag", "a:1", y, PROJECT, NEW),
            named("repo-tag", "host:5000/b:latest", y, PROJECT, NEW),
        ],
        ..with_engine()
    }
}

/// Has the engine's image in a collection that belongs to somebody else.
pub(super) fn with_copy_of_somebody() -> Cluster {
    let theirs = "zzzzz-4zz18-theirs000000000";
    Cluster {
        collections: vec![collection(theirs, SOMEBODY, &id('a'))],
        links: vec![
            named("image-hash", &id('a'), theirs, SOMEBODY, OLD),
            named("repo-tag", "a:1", theirs, SOMEBODY, OLD),
        ],
        ..with_engine()
    }
}

/// Has what should not be there: links to nothing, to other clusters and to what is no image, two
/// names of one place, times and names that are none.
pub(super) fn strange() -> Cluster {
    let x = "zzzzz-4zz18-xxxxxxxxxxxxxxx";
    let mut no_image = collection("zzzzz-4zz18-noimage00000000", USER, &id('b'));
    no_image["manifest"] = json!(". d41d8cd98f00b204e9800998ecf8427e+0 0:0:readme.txt\n");
    let mut old = named("repo-tag", "a:1", x, USER, "");
    old["properties"] = json!([{ "key": "image_timestamp", "value": "5" }]);
    Cluster {
        collections: vec![collection(x, USER, &id('a')), no_image],
        links: vec![
            old,
            named("repo-tag", "a:1", "zzzzz-4zz18-gone00000000000", USER, NEW),
            named("repo-tag", "a:1", "other-4zz18-xxxxxxxxxxxxxxx", USER, NEW),
            named("repo-tag", "a:2", "zzzzz-4zz18-noimage00000000", USER, NEW),
            named("repo-tag", "\u{1b}]0;x\u{7}:1", x, USER, NEW),
            named(
                "image-hash",
                &id('b'),
                "zzzzz-4zz18-noimage00000000",
                USER,
                NEW,
            ),
        ],
        ..with_engine()
    }
}

/// Has one image, which is registered by the digest of its manifest.
pub(super) fn registered_by_manifest() -> Cluster {
    let x = "zzzzz-4zz18-xxxxxxxxxxxxxxx";
    let mut one = collection(x, USER, &id('f'));
    one["properties"] = json!([
        { "key": "arv:docker-config-digest", "value": format!("\"{}\"", id('a')) },
    ]);
    Cluster {
        collections: vec![one],
        links: vec![
            named("image-hash", &id('f'), x, USER, OLD),
            named("repo-tag", "a:2", x, USER, OLD),
        ],
        ..with_engine()
    }
}

/// Returns the image ID that has this digit throughout.
pub(super) fn id(digit: char) -> String {
    format!("sha256:{}", digit.to_string().repeat(64))
}

pub(super) fn named(class: &str, name: &str, head: &str, owner: &str, created_at: &str) -> Value {
    let digits: String = format!("{name}{head}{created_at}")
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .rev()
        .take(15)
        .collect();
    json!({
        "uuid": format!("zzzzz-o0j2j-{digits:0>15}"), "class": class, "name": name, "head": head,
        "tail": "", "owner": owner, "created_at": created_at,
        "properties": [{ "key": "image_timestamp", "value": format!("\"{created_at}\"") }],
    })
}
