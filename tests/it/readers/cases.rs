//! The archives that are compared: every form by every compression, layouts, oddities.

use serde_json::{Value, json};
use tar::EntryType;

use super::making::{
    COMPRESSIONS, CONFIG, Case, Compression, Content, INDEX, Image, Layout, MANIFEST, Members,
    STYLES, Style, blob_name, digest, directory, docker, member, tar,
};

/// An oddity, as it is put into a layout; what leads to it is returned.
type Neighbour = fn(&mut Layout) -> Value;

/// Cases under construction.
struct Cases(Vec<Case>);

impl Cases {
    fn add(&mut self, name: impl Into<String>, transport: &'static str, bytes: Vec<u8>) {
        self.named(name, transport, "", bytes);
    }

    fn named(
        &mut self,
        name: impl Into<String>,
        transport: &'static str,
        reference: &str,
        bytes: Vec<u8>,
    ) {
        self.0.push(Case {
            name: name.into(),
            transport,
            reference: reference.to_owned(),
            content: Content::Tar(bytes),
        });
    }

    fn folder(
        &mut self,
        name: impl Into<String>,
        transport: &'static str,
        reference: &str,
        members: Members,
    ) {
        self.0.push(Case {
            name: name.into(),
            transport,
            reference: reference.to_owned(),
            content: Content::Folder(members),
        });
    }
}

/// Makes all cases.
pub(super) fn all() -> Vec<Case> {
    let mut cases = Cases(Vec::new());
    forms(&mut cases);
    several(&mut cases);
    documents(&mut cases);
    neighbours(&mut cases);
    members(&mut cases);
    platforms(&mut cases);
    cases.0
}

const DOCKER: &str = "docker-archive";
const OCI: &str = "oci-archive";
const NONE: Compression = Compression::None;

fn usual() -> Image {
    Image::new(1, "amd64")
}

fn saved(image: &Image) -> Members {
    docker(&[(image, &["docker.io/lab/tool:1"])], Style::Folders, NONE)
}

fn layout(image: &Image, how: Compression) -> Members {
    let mut layout = Layout::default();
    let manifest = layout.image(image, how, |_| {});
    layout.entry(manifest, "1");
    layout.finish()
}

/// Every form, with every compression of layers and of the whole.
fn forms(cases: &mut Cases) {
    let image = usual();
    for how in COMPRESSIONS {
        for style in STYLES {
            let members = docker(&[(&image, &["docker.io/lab/tool:1"])], style, how);
            cases.add(format!("{style:?}, layers {how:?}"), DOCKER, tar(&members));
            for around in COMPRESSIONS.into_iter().filter(|around| *around != NONE) {
                let name = format!("{style:?}, layers {how:?}, in {around:?}");
                cases.add(name, DOCKER, around.compress(&tar(&members)));
            }
        }
        let members = layout(&image, how);
        cases.folder(
            format!("folder, layers {how:?}"),
            "oci",
            "",
            members.clone(),
        );
        cases.folder(
            format!("dir, layers {how:?}"),
            "dir",
            "",
            directory(&image, how),
        );
        for around in COMPRESSIONS {
            let name = format!("layout, layers {how:?}, in {around:?}");
            cases.add(name, OCI, around.compress(&tar(&members)));
        }
    }
}

/// Archives of several images, and the ways to name one.
fn several(cases: &mut Cases) {
    let images: Vec<Image> = (0..40).map(|seed| Image::new(10 + seed, "amd64")).collect();
    let names: Vec<String> = (0..40).map(|at| format!("docker.io/lab/i{at}:1")).collect();
    let tags: Vec<[&str; 1]> = names.iter().map(|name| [name.as_str()]).collect();
    let all: Vec<(&Image, &[&str])> = images.iter().zip(&tags).map(|(i, t)| (i, &t[..])).collect();
    let bytes = tar(&docker(&all[..2], Style::Folders, NONE));
    for reference in ["lab/i1:1", "docker.io/lab/i1:1", "@1", "lab/i2:1", ""] {
        cases.named(
            format!("two images, `{reference}`"),
            DOCKER,
            reference,
            bytes.clone(),
        );
    }
    cases.named(
        "forty images",
        DOCKER,
        "lab/i39:1",
        tar(&docker(&all, Style::Flat, NONE)),
    );
    let crane = ["index.docker.io/library/busybox:latest"];
    let bytes = tar(&docker(
        &[(&images[0], &crane)],
        Style::Flat,
        Compression::Gzip,
    ));
    for reference in ["busybox:latest", "", "docker.io/library/busybox:latest"] {
        cases.named(
            format!("crane's name, `{reference}`"),
            DOCKER,
            reference,
            bytes.clone(),
        );
    }
    cases.add(
        "no name",
        DOCKER,
        tar(&docker(&[(&images[0], &[])], Style::Folders, NONE)),
    );
    let two = ["docker.io/lab/a:1", "docker.io/lab/b:1"];
    let bytes = tar(&docker(&[(&images[0], &two)], Style::Folders, NONE));
    cases.named("two names", DOCKER, "lab/b:1", bytes);

    let mut many = Layout::default();
    for at in 0..300_u64 {
        let image = Image::of(
            vec![tar(&[("x".into(), at.to_be_bytes().to_vec())])],
            "amd64",
        );
        let manifest = many.image(&image, NONE, |_| {});
        many.entry(manifest, &format!("lab/i{at}:1"));
    }
    let many = many.finish();
    cases.folder("three hundred images", "oci", "lab/i299:1", many.clone());
    cases.named("three hundred images", OCI, "lab/i0:1", tar(&many));
    for (name, reference) in [
        ("1", "1"),
        ("lab/tool:1", "lab/tool:1"),
        ("", ""),
        ("1", "2"),
    ] {
        let mut layout = Layout::default();
        let manifest = layout.image(&images[0], Compression::Gzip, |_| {});
        layout.entry(manifest, name);
        let name = format!("layout of `{name}`, `{reference}`");
        cases.named(name, OCI, reference, tar(&layout.finish()));
    }
}

/// Changes one field of a JSON text.
fn changed(text: &[u8], change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut value = serde_json::from_slice(text).unwrap();
    change(&mut value);
    value.to_string().into_bytes()
}

/// What may stand in configs and manifests.
fn documents(cases: &mut Cases) {
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
fn neighbours(cases: &mut Cases) {
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

/// What the members of a tar may be like.
fn members(cases: &mut Cases) {
    let image = usual();
    let plain = saved(&image);
    let bytes = tar(&plain);
    let end = bytes.len() - 1024;
    cases.add("no end mark", DOCKER, bytes[..end].to_vec());
    cases.add("half an end mark", DOCKER, bytes[..end + 512].to_vec());
    for (name, length) in [
        ("9 KiB of zeros at the end", 9 << 10),
        ("2 MiB of zeros at the end", 2 << 20),
    ] {
        cases.add(name, DOCKER, [bytes.clone(), vec![0; length]].concat());
    }
    for how in COMPRESSIONS {
        let padded = [how.compress(&bytes), vec![0; 10_000]].concat();
        cases.add(format!("{how:?} with zeros after it"), DOCKER, padded);
    }
    let mut reversed = plain.clone();
    reversed.reverse();
    cases.add("the account first", DOCKER, tar(&reversed));
    let mut dotted = plain.clone();
    for (name, _) in &mut dotted {
        *name = format!("./{name}");
    }
    cases.add("names with a dot", DOCKER, tar(&dotted));
    let mut slashed = plain.clone();
    for (name, _) in &mut slashed[1..3] {
        *name = format!("/{name}");
    }
    let account = &mut slashed[3].1;
    *account = changed(account, |account| {
        for layer in account[0]["Layers"].as_array_mut().unwrap() {
            *layer = format!("/{}", layer.as_str().unwrap()).into();
        }
    });
    cases.add("layers with a slash", DOCKER, tar(&slashed));
    for (name, _) in &mut slashed[1..3] {
        *name = name.trim_start_matches('/').to_owned();
    }
    cases.add("layers with a slash in the account", DOCKER, tar(&slashed));
    for at in 0..4 {
        let mut again = plain.clone();
        again.push(again[at].clone());
        cases.add(format!("member {at} again"), DOCKER, tar(&again));
    }
    let before = |member: Vec<u8>| [member, bytes.clone()].concat();
    let note = |text: &str| member(b"note", EntryType::Regular, text.as_bytes());
    cases.add(
        "another member of that name",
        DOCKER,
        before([note("one"), note("two")].concat()),
    );
    cases.add(
        "a device",
        DOCKER,
        before(member(b"device", EntryType::Char, b"")),
    );
    cases.add(
        "a name in Latin-1",
        DOCKER,
        before(member(b"caf\xe9", EntryType::Regular, b"x")),
    );
    cases.add(
        "a folder",
        DOCKER,
        before(member(b"folder/", EntryType::Directory, b"")),
    );
    let global = member(
        b"pax_global_header",
        EntryType::XGlobalHeader,
        b"19 comment=hello.\n\n",
    );
    cases.add("a comment for all members", DOCKER, before(global));
    // The first layer by a long name, by a PAX record, and behind a link.
    let layer = &plain[1];
    let rest = [&plain[..1], &plain[2..]].concat();
    let own = |kind: EntryType, text: &[u8]| {
        let extension = member(b"extension", kind, text);
        let layer = member(b"layer", EntryType::Regular, &layer.1);
        [extension, layer, tar(&rest)].concat()
    };
    let long = format!("{}\0", layer.0);
    cases.add(
        "a long name",
        DOCKER,
        own(EntryType::GNULongName, long.as_bytes()),
    );
    let record = format!("path={}\n", layer.0);
    let record = format!("{} {record}", record.len() + 3);
    cases.add(
        "a name by PAX",
        DOCKER,
        own(EntryType::XHeader, record.as_bytes()),
    );
    for (name, pieces) in [
        ("holes", vec![(512, 1024), (8192, 512)]),
        ("one hole", vec![]),
    ] {
        for (form, bytes) in sparse(&pieces) {
            cases.add(format!("{name}, {form}"), DOCKER, bytes);
        }
    }
}

/// Makes archives of an image whose one layer has holes, in the forms that GNU tar writes.
fn sparse(pieces: &[(usize, usize)]) -> Vec<(&'static str, Vec<u8>)> {
    const SIZE: usize = 20_480;
    let mut layer = vec![0; SIZE];
    for (start, length) in pieces {
        layer[*start..start + length].fill(b'x');
    }
    let image = Image::of(vec![layer.clone()], "amd64");
    let mut rest = docker(&[(&image, &["docker.io/lab/tool:1"])], Style::Flat, NONE);
    let (name, _) = rest.remove(1);
    let data: Vec<u8> = pieces
        .iter()
        .flat_map(|(start, length)| layer[*start..start + length].to_vec())
        .collect();
    let record = |key: &str, value: &str| {
        let text = format!(" {key}={value}\n");
        let mut lengths = (1..4).map(|digits| text.len() + digits);
        let length = lengths.find(|length| text.len() + length.to_string().len() == *length);
        format!("{}{text}", length.unwrap())
    };
    let numbers: Vec<String> = pieces
        .iter()
        .flat_map(|(start, length)| [start.to_string(), length.to_string()])
        .collect();
    let (count, size) = (pieces.len().to_string(), SIZE.to_string());
    let whole = |records: String, data: &[u8]| {
        let header = member(b"extension", EntryType::XHeader, records.as_bytes());
        let layer = member(b"GNUSparseFile.1/layer", EntryType::Regular, data);
        [header, layer, tar(&rest)].concat()
    };
    let shared = record("GNU.sparse.size", &size)
        + &record("GNU.sparse.numblocks", &count)
        + &record("path", &name);
    let mut first = shared.clone();
    for (start, length) in pieces {
        first += &record("GNU.sparse.offset", &start.to_string());
        first += &record("GNU.sparse.numbytes", &length.to_string());
    }
    let second =
        shared + &record("GNU.sparse.name", &name) + &record("GNU.sparse.map", &numbers.join(","));
    let third = record("GNU.sparse.major", "1")
        + &record("GNU.sparse.minor", "0")
        + &record("GNU.sparse.name", &name)
        + &record("GNU.sparse.realsize", &size);
    let mut list = count.clone() + "\n";
    for number in &numbers {
        list += &format!("{number}\n");
    }
    let mut stored = list.into_bytes();
    stored.resize(stored.len().next_multiple_of(512), 0);
    stored.extend_from_slice(&data);
    let mut old = tar::Header::new_gnu();
    old.set_path(&name).unwrap();
    old.set_entry_type(EntryType::GNUSparse);
    old.set_mode(0o644);
    old.set_uid(0);
    old.set_gid(0);
    old.set_mtime(0);
    old.set_size(data.len() as u64);
    let octal = |number: usize| {
        let mut field = [0; 12];
        field[..11].copy_from_slice(format!("{number:011o}").as_bytes());
        field
    };
    let fields = old.as_gnu_mut().unwrap();
    for (field, (start, length)) in fields.sparse.iter_mut().zip(pieces) {
        field.offset = octal(*start);
        field.numbytes = octal(*length);
    }
    fields.realsize = octal(SIZE);
    old.set_cksum();
    let mut body = data.clone();
    body.resize(body.len().next_multiple_of(512), 0);
    vec![
        ("0.0", whole(first, &data)),
        ("0.1", whole(second, &data)),
        ("1.0", whole(third, &stored)),
        ("old", [old.as_bytes().to_vec(), body, tar(&rest)].concat()),
    ]
}

/// Images for several platforms; the machine that runs the tests is one for amd64.
fn platforms(cases: &mut Cases) {
    let (amd, arm) = (Image::new(1, "amd64"), Image::new(2, "arm64"));
    let said = |mut descriptor: Value, os: &str, architecture: &str| {
        descriptor["platform"] = json!({"os": os, "architecture": architecture});
        descriptor
    };
    let unsaid = Image {
        config: changed(&amd.config, |config| config["architecture"] = "".into()),
        ..amd.clone()
    };
    for (name, first) in [("amd64", &amd), ("unsaid", &unsaid)] {
        for is_there in [true, false] {
            let mut layout = Layout::default();
            let arm = layout.image(&arm, NONE, |_| {});
            if !is_there {
                let member = arm["digest"]
                    .as_str()
                    .unwrap()
                    .replace("sha256:", "blobs/sha256/");
                layout.members.retain(|(name, _)| *name != member);
            }
            let first = layout.image(first, NONE, |_| {});
            let statement = layout.blob(MANIFEST, "{}");
            let manifests = json!([
                said(arm, "linux", "arm64"),
                said(first, "linux", "amd64"),
                said(statement, "unknown", "unknown"),
            ]);
            let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests});
            let index = layout.blob(INDEX, index.to_string());
            layout.entry(index, "lab/tool:1");
            let name = format!("an index with {name}, all there: {is_there}");
            let members = layout.finish();
            cases.add(&name, OCI, tar(&members));
            cases.named(&name, OCI, "lab/tool:1", tar(&members));
            cases.folder(name, "oci", "", members);
        }
    }
    let mut alone = Layout::default();
    let manifest = alone.image(&arm, NONE, |_| {});
    alone.entry(said(manifest, "linux", "arm64"), "1");
    cases.add("arm64 alone", OCI, tar(&alone.finish()));
    let mut alone = Layout::default();
    let manifest = alone.image(&unsaid, NONE, |_| {});
    alone.entry(said(manifest, "linux", "amd64"), "1");
    cases.add(
        "a platform that only the index tells",
        OCI,
        tar(&alone.finish()),
    );
}
