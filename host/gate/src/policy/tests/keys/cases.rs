//! A case for each key of a rule.

use super::super::{PROJECT, signer, signer_name};

/// A rule's key: verbs, the key's line, an operation that it lets through, and those it does not.
pub(super) type Case = (
    &'static str,
    &'static str,
    String,
    &'static str,
    Vec<String>,
);

pub(super) const NAMES: [&str; 1] = ["lab/x:1"];

/// Returns the cases.
pub(super) fn cases() -> Vec<Case> {
    let id = format!("sha256:{}", "a".repeat(64));
    let other = format!("sha256:{}", "b".repeat(64));
    let s = str::to_owned;
    let case = |key, verb, value: &str, good: String, bad: Vec<String>| -> Case {
        (
            key,
            verb,
            value.to_owned(),
            Box::leak(good.into_boxed_str()),
            bad,
        )
    };
    vec![
        case(
            "repositories",
            "engine.find",
            "[\"lab/**\"]",
            s("engine.find lab/x"),
            vec![
                s("engine.find other/x"),
                format!("engine.find {id}"),
                s("engine.find ../lab/x"),
            ],
        ),
        case(
            "repositories",
            "engine.pull",
            "[\"lab/x\"]",
            s("engine.pull lab/x:2"),
            vec![s("engine.pull lab/y")],
        ),
        // The image of these has the name lab/x:1.
        case(
            "repositories",
            "archives.open",
            "[\"lab/**\"]",
            format!("archives.open engine {id}"),
            vec![],
        ),
        case(
            "repositories",
            "archives.open",
            "[\"lab/y\", \"*.example.org\"]",
            s(""),
            vec![format!("archives.open engine {id}")],
        ),
        case(
            "repositories",
            "links.create",
            "[\"lab/**\"]",
            s("links.create docker_image_repo+tag lab/x:1"),
            vec![
                s("links.create docker_image_repo+tag other/x:1"),
                format!("links.create docker_image_hash {id}"),
            ],
        ),
        case(
            "repositories",
            "links.delete",
            "[\"lab/**\"]",
            s("links.delete docker_image_repo+tag lab/x:1"),
            vec![
                s("links.delete docker_image_repo+tag other/x:1"),
                format!("links.delete docker_image_hash {id}"),
            ],
        ),
        case(
            "images",
            "engine.find",
            &format!("[\"{id}\"]"),
            format!("engine.find {id}"),
            vec![format!("engine.find {other}"), s("engine.find lab/x")],
        ),
        case(
            "images",
            "archives.open",
            &format!("[\"{id}\"]"),
            format!("archives.open cache {id}"),
            vec![
                format!("archives.open cache {other}"),
                s("archives.open given"),
            ],
        ),
        case(
            "images",
            "archives.forget",
            &format!("[\"{id}\"]"),
            format!("archives.forget {id}"),
            vec![format!("archives.forget {other}")],
        ),
        case(
            "images",
            "locks.acquire",
            &format!("[\"{id}\"]"),
            format!("locks.acquire {}", &id[7..]),
            vec![format!("locks.acquire {other}")],
        ),
        case(
            "images",
            "keep.fetch",
            &format!("[\"{id}\"]"),
            format!("keep.fetch engine {id}"),
            vec![format!("keep.fetch engine {other}")],
        ),
        case(
            "images",
            "keep.examine",
            &format!("[\"{id}\"]"),
            format!("keep.examine config {id}"),
            vec![format!("keep.examine config {other}")],
        ),
        case(
            "images",
            "links.create",
            &format!("[\"{id}\"]"),
            format!("links.create docker_image_hash {id}"),
            vec![
                format!("links.create docker_image_hash {other}"),
                s("links.create docker_image_repo+tag lab/x:1"),
            ],
        ),
        case(
            "images",
            "links.delete",
            &format!("[\"{id}\"]"),
            format!("links.delete docker_image_hash {id}"),
            vec![
                format!("links.delete docker_image_hash {other}"),
                s("links.delete docker_image_repo+tag lab/x:1"),
            ],
        ),
        case(
            "require-digest",
            "engine.find",
            "true",
            format!("engine.find lab/x@{id}"),
            vec![s("engine.find lab/x:1")],
        ),
        case(
            "require-digest",
            "engine.pull",
            "true",
            format!("engine.pull lab/x@{id}"),
            vec![s("engine.pull lab/x:1")],
        ),
        case(
            "require-digest",
            "archives.open",
            "true",
            format!("archives.open engine {id}"),
            vec![s("archives.open given"), s("archives.open engine abc")],
        ),
        case(
            "repositories",
            "registry.resolve",
            "[\"quay.io/lab/**\"]",
            s("registry.resolve quay.io/lab/x:1"),
            vec![
                s("registry.resolve quay.io/other/x:1"),
                s("registry.resolve lab/x"),
            ],
        ),
        case(
            "repositories",
            "registry.fetch",
            "[\"quay.io/lab/**\"]",
            s("registry.fetch quay.io/lab/x:1"),
            vec![s("registry.fetch quay.io/other/x:1")],
        ),
        case(
            "require-digest",
            "registry.resolve",
            "true",
            format!("registry.resolve quay.io/lab/x@{id}"),
            vec![s("registry.resolve quay.io/lab/x:1")],
        ),
        case(
            "require-digest",
            "registry.fetch",
            "true",
            format!("registry.fetch quay.io/lab/x@{id}"),
            vec![s("registry.fetch quay.io/lab/x:1")],
        ),
        case(
            "platforms",
            "registry.fetch",
            "[\"linux/amd64\", \"linux/arm/v7\"]",
            s("registry.fetch x platform=linux/x86_64"),
            vec![
                s("registry.fetch x platform=linux/arm64"),
                s("registry.fetch x platform=linux/arm/v6"),
                s("registry.fetch x"),
            ],
        ),
        case(
            "require-signature",
            "registry.fetch",
            &format!("true\nsigners = [{}]", signer(0)),
            format!("registry.fetch x signers={},sha256:other", signer_name(0)),
            vec![
                s("registry.fetch x signers=sha256:other"),
                format!("registry.fetch x signers={}", signer_name(1)),
                s("registry.fetch x"),
            ],
        ),
        case(
            "signers",
            "registry.fetch",
            &format!("[{}, {}]\nrequire-signature = true", signer(0), signer(1)),
            format!("registry.fetch x signers={}", signer_name(1)),
            vec![
                s("registry.fetch x signers=sha256:other"),
                s("registry.fetch x"),
            ],
        ),
        case(
            "max-bytes",
            "registry.fetch",
            "\"2KiB\"",
            s("registry.fetch x bytes=2048"),
            vec![s("registry.fetch x bytes=2049"), s("registry.fetch x")],
        ),
        case(
            "sources",
            "archives.open",
            "[\"given\", \"cache\"]",
            s("archives.open given"),
            vec![format!("archives.open engine {id}")],
        ),
        case(
            "targets",
            "keep.fetch",
            "[\"given\"]",
            format!("keep.fetch given {id}"),
            vec![format!("keep.fetch engine {id}")],
        ),
        case(
            "projects",
            "projects.get",
            &format!("[\"{PROJECT}\"]"),
            format!("projects.get {PROJECT}"),
            vec![
                s("projects.get zzzzz-j7d0g-111111111111111"),
                s("projects.get zzzzz-tpzed-000000000000000"),
                s("projects.get ''"),
            ],
        ),
        case(
            "projects",
            "links.create",
            &format!("[\"{PROJECT}\"]"),
            format!("links.create docker_image_hash x owner={PROJECT}"),
            vec![s("links.create docker_image_hash x")],
        ),
        case(
            "projects",
            "links.delete",
            &format!("[\"{PROJECT}\"]"),
            format!("links.delete docker_image_hash x owner={PROJECT}"),
            vec![s("links.delete docker_image_hash x")],
        ),
        case(
            "projects",
            "links.list",
            &format!("[\"{PROJECT}\"]"),
            format!("links.list owner={PROJECT}"),
            vec![s("links.list")],
        ),
        case(
            "projects",
            "collections.create",
            "[\"home\"]",
            s("collections.create x"),
            vec![format!("collections.create x owner={PROJECT}")],
        ),
        case(
            "projects",
            "collections.update",
            &format!("[\"{PROJECT}\"]"),
            format!("collections.update c owner={PROJECT}"),
            vec![
                s("collections.update c"),
                s("collections.update c owner=zzzzz-j7d0g-111111111111111"),
            ],
        ),
        case(
            "projects",
            "collections.list",
            &format!("[\"{PROJECT}\"]"),
            format!("collections.list owner={PROJECT}"),
            vec![
                s("collections.list"),
                s("collections.list owner=zzzzz-j7d0g-111111111111111"),
            ],
        ),
        case(
            "link-classes",
            "links.create",
            "[\"docker_image_hash\"]",
            s("links.create docker_image_hash x"),
            vec![s("links.create docker_image_migration x")],
        ),
        case(
            "link-classes",
            "links.delete",
            "[\"docker_image_hash\"]",
            s("links.delete docker_image_hash x"),
            vec![s("links.delete docker_image_migration x")],
        ),
        case(
            "link-classes",
            "links.list",
            "[\"docker_image_hash\"]",
            s("links.list classes=docker_image_hash"),
            vec![
                s("links.list classes=docker_image_hash,docker_image_migration"),
                s("links.list"),
            ],
        ),
        case(
            "manifests",
            "collections.list",
            "false",
            s("collections.list"),
            vec![s("collections.list manifests=true")],
        ),
        case(
            "storage-classes",
            "keep.store",
            "[\"a\", \"cluster-default\"]",
            s("keep.store"),
            vec![
                s("keep.store storage_classes=b"),
                s("keep.store storage_classes=a,b"),
            ],
        ),
        case(
            "storage-classes",
            "collections.create",
            "[\"a\"]",
            s("collections.create x storage_classes=a"),
            vec![s("collections.create x")],
        ),
        case(
            "max-replicas",
            "keep.store",
            "2",
            s("keep.store replicas=2"),
            vec![s("keep.store replicas=3")],
        ),
        case(
            "max-replicas",
            "collections.create",
            "2",
            s("collections.create x"),
            vec![s("collections.create x replicas=3")],
        ),
    ]
}
