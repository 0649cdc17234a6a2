//! The archives that are compared: every form by every compression, layouts, oddities.

mod documents;
mod members;

use serde_json::{Value, json};

use super::making::{
    COMPRESSIONS, Case, Compression, Content, INDEX, Image, Layout, MANIFEST, Members, STYLES,
    Style, directory, docker, tar,
};

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
    documents::add(&mut cases);
    documents::add_neighbours(&mut cases);
    members::add(&mut cases);
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
