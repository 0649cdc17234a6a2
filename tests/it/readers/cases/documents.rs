//! What may stand in configs, manifests and layouts.

use serde_json::{Value, json};

use super::super::making::{
    CONFIG, Compression, INDEX, Image, Layout, MANIFEST, blob_name, digest, tar,
};
use super::{Cases, DOCKER, NONE, OCI, changed, layout, saved, usual};

/// An oddity, as it is put into a layout; what leads to it is returned.
type Neighbour = fn(&mut Layout) -> Value;

/// What may stand in configs and manifests.
pub(super) fn add(cases: &mut Cases) {
    let image = usual();
    let with_config = |change: &dyn Fn(&mut Value)| Image {
        config: changed(&image.config, change),
        ..image.clone()
    };
    for field in [
        "os",
        "architecture",
        "variant",
        "created",
        "history",
        "config",
        "author",
    ] {
        let odd = with_config(&|config| config[field] = Value::Null);
        cases.add(format!("null for {field}"), DOCKER, tar(&saved(&odd)));
        let name = format!("null for {field} in a layout");
        cases.add(name, OCI, tar(&layout(&odd, Compression::Gzip)));
    }
    let empty = Image::of(Vec::new(), "amd64");
    let mut nothing = Layout::default();
    let manifest = nothing.image(&empty, NONE, |manifest| manifest["layers"] = Value::Null);
    nothing.entry(manifest, "");
    cases.add("null for layers", OCI, tar(&nothing.finish()));
    cases.add("no layers", OCI, tar(&layout(&empty, NONE)));
    cases.add("no layers", DOCKER, tar(&saved(&empty)));
    for field in ["RepoTags", "Layers", "Parent", "LayerSources"] {
        let mut members = saved(if field == "Layers" { &empty } else { &image });
        let account = &mut members.last_mut().unwrap().1;
        *account = changed(account, |account| account[0][field] = Value::Null);
        cases.add(format!("null for {field}"), DOCKER, tar(&members));
    }
    let mut beside = saved(&image);
    beside.push((
        "index.json".into(),
        br#"{"schemaVersion":2,"manifests":null}"#.to_vec(),
    ));
    cases.add("Docker 25.0.0", DOCKER, tar(&beside));
    for kind in [
        json!("application/octet-stream"),
        json!("application/json"),
        json!("text/html"),
        json!("text/plain; charset=utf-8"),
        json!(""),
        json!("application/vnd.docker.container.image.v1+json"),
        Value::Null,
    ] {
        let mut layout = Layout::default();
        let manifest = layout.image(&image, Compression::Gzip, |manifest| {
            manifest["config"]["mediaType"] = kind.clone();
        });
        layout.entry(manifest, "1");
        cases.add(format!("config of type {kind}"), OCI, tar(&layout.finish()));
    }
    // Texts that are no UTF-8, and keys that Go reads in its own way.
    let spliced = |text: &[u8]| {
        let mut config = image.config.clone();
        config.pop();
        config.extend_from_slice(b",");
        config.extend_from_slice(text);
        config.extend_from_slice(b"}");
        Image {
            config,
            ..image.clone()
        }
    };
    for text in [
        &b"\"note\":\"caf\xe9\""[..],
        b"\"author\":\"caf\xe9\"",
        b"\"caf\xe9\":\"note\"",
        b"\"note\":\"\\ud83d\"",
    ] {
        let odd = spliced(text);
        let name = format!("a config with {}", text.escape_ascii());
        cases.add(&name, DOCKER, tar(&saved(&odd)));
        cases.add(name, OCI, tar(&layout(&odd, NONE)));
    }
    let twice = spliced(b"\"os\":\"linux\"");
    cases.add("a key twice", DOCKER, tar(&saved(&twice)));
    let text = String::from_utf8(image.config.clone()).unwrap();
    let capitals = Image {
        config: text.replace("\"rootfs\"", "\"RootFS\"").into_bytes(),
        ..image.clone()
    };
    cases.add("a key in capitals", DOCKER, tar(&saved(&capitals)));
}

/// Layouts that hold something odd beside the image that is named.
pub(super) fn add_neighbours(cases: &mut Cases) {
    let odd: [(&str, Neighbour); 9] = [
        (
            "another algorithm",
            |_| json!({"mediaType": MANIFEST, "digest": format!("sha512:{}", "9".repeat(128)), "size": 5}),
        ),
        ("an artifact", |layout| {
            let config = layout.blob(CONFIG, "{}");
            let data = layout.blob("application/octet-stream", "some data");
            let manifest = json!({"schemaVersion": 2, "config": config, "layers": [data]});
            layout.blob(MANIFEST, manifest.to_string())
        }),
        ("a signature", |layout| {
            let payload = b"{\"critical\":{}}";
            let signature = Image::of(vec![payload.to_vec()], "");
            let config = layout.blob(CONFIG, signature.config);
            let data = layout.blob("application/vnd.dev.cosign.simplesigning.v1+json", *payload);
            let manifest = json!({"schemaVersion": 2, "config": config, "layers": [data]});
            layout.blob(MANIFEST, manifest.to_string())
        }),
        ("a platform that is not there", |layout| {
            let arm = Image::new(7, "arm64");
            let manifest = layout.image(&arm, NONE, |_| {});
            let config = blob_name(&arm.config);
            layout.members.retain(|(name, _)| *name != config);
            manifest
        }),
        (
            "a manifest that is not there",
            |_| json!({"mediaType": MANIFEST, "digest": format!("sha256:{}", digest(b"gone")), "size": 4}),
        ),
        ("a manifest of the first kind", |layout| {
            let kind = "application/vnd.docker.distribution.manifest.v1+prettyjws";
            layout.blob(kind, "{\"schemaVersion\":1}")
        }),
        ("another type", |layout| {
            layout.blob("application/vnd.oci.artifact.manifest.v1+json", "{}")
        }),
        ("no JSON", |layout| layout.blob(MANIFEST, "hello")),
        ("an index of nothing", |layout| {
            layout.blob(INDEX, "{\"schemaVersion\":2,\"manifests\":[]}")
        }),
    ];
    for (what, neighbour) in odd {
        for is_before in [true, false] {
            let mut layout = Layout::default();
            if is_before {
                let odd = neighbour(&mut layout);
                layout.entry(odd, "odd");
            }
            let manifest = layout.image(&usual(), Compression::Gzip, |_| {});
            layout.entry(manifest, "good");
            if !is_before {
                let odd = neighbour(&mut layout);
                layout.entry(odd, "odd");
            }
            let members = layout.finish();
            let name = format!("{what} {}", if is_before { "before" } else { "after" });
            cases.named(&name, OCI, "good", tar(&members));
            cases.folder(name, "oci", "good", members);
        }
    }
}
