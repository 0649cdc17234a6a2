//! Extended attributes of files, capabilities among them: layers are bytes, so all of them survive.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;
use std::process::Command;

use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::support::{Cluster, Engine, Environment, Image, Python, Tools, hex};

/// What `setcap cap_dac_override=ep` writes: the second version of the form, with the effective bit,
/// and the permitted set of which this is the second capability.
const DAC_OVERRIDE: [u8; 20] = [1, 0, 0, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// An attribute for users, which may hold any bytes.
const NOTE: &[u8] = b"kept\0as it is\xff";

#[test]
fn capabilities_and_other_attributes_of_files_survive_the_way_through_keep() {
    let (Some(classic), Some(newer), Some(containerd)) =
        (Engine::find(), Engine::newer(), Engine::containerd())
    else {
        return;
    };
    let Some(python) = Python::find() else { return };
    let Some(tools) = Tools::find(&["skopeo", "umoci"]) else {
        return;
    };
    let Some(busybox) = Image::busybox() else {
        return;
    };
    let layer = layer(&fs::read(busybox).unwrap());
    let made = tools.at("made.tar");
    let id = write_archive(Path::new(&made), "attributes/tool:1", &layer);
    let _ = classic.docker(&["load", "--input", &made]).success();
    assert_eq!(classic.id("attributes/tool:1").as_deref(), Some(&*id));
    assert_eq!(what_it_may(&classic, &id), ALLOWED, "the test's own image");

    let cluster = Cluster::start();
    let environment = Environment::on(&cluster).with_engine(&classic);
    let collection = environment
        .keepdocker(&["upload", "attributes/tool:1"])
        .success();
    let fetched = tools.at("fetched.tar");
    let file = format!("{}/{id}.tar", collection.trim());
    python.fetch(&environment, &file, &fetched);

    // Not a byte of the layer is another, whatever tar headers it has.
    let stored = member(&fetched, &format!("{}.tar", hex(&Sha256::digest(&layer))));
    assert!(stored == layer, "the stored layer is another");
    classic.remove(&id);
    for (name, engine) in [
        ("classic", &classic),
        ("newer", &newer),
        ("containerd", &containerd),
    ] {
        let loaded = engine
            .docker(&["load", "--quiet", "--input", &fetched])
            .success();
        let image = loaded.trim().rsplit(' ').next().unwrap();
        assert_eq!(what_it_may(engine, image), ALLOWED, "{name}");
    }
    // Engines give no other attributes to a container's export, so the files themselves are looked at.
    let (layout, bundle) = (format!("{}:1", tools.at("layout")), tools.at("bundle"));
    tools.copy(
        &format!("docker-archive:{fetched}"),
        &format!("oci:{layout}"),
        &[],
    );
    let _ = tools
        .run("umoci", &["unpack", "--image", &layout, &bundle])
        .success();
    let unpacked = Path::new(&bundle).join("rootfs/data/noted");
    assert_eq!(attribute(&unpacked, "user.note"), NOTE);
    let unpacked = Path::new(&bundle).join("rootfs/bin/busybox-capable");
    assert_eq!(attribute(&unpacked, "security.capability"), DAC_OVERRIDE);
}

/// What a container says in which the capability is in force for the one program and no other.
const ALLOWED: &str = "busybox: denied\nbusybox-capable: allowed\n";

/// Runs, as a user who may not, the program with the capability and the one without.
#[track_caller]
fn what_it_may(engine: &Engine, image: &str) -> String {
    let script = "for program in busybox busybox-capable; do \
                  /bin/$program cat /secret/file >/dev/null 2>&1 \
                  && echo $program: allowed || echo $program: denied; done";
    let words = ["run", "--rm", "--network", "none", "--user", "1234", image];
    engine
        .docker(&[&words[..], &["/bin/busybox", "sh", "-c", script]].concat())
        .success()
}

/// A layer with two copies of a program, of which one has a capability, and a file with a note.
fn layer(busybox: &[u8]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut add = |name: &str, mode, attribute: Option<(&str, &[u8])>, data: &[u8]| {
        if let Some(attribute) = attribute {
            tar.append_pax_extensions([attribute]).unwrap();
        }
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(match name.ends_with('/') {
            true => tar::EntryType::Directory,
            false => tar::EntryType::Regular,
        });
        header.set_mode(mode);
        header.set_mtime(1_600_000_000);
        header.set_size(data.len() as u64);
        tar.append_data(&mut header, name, data).unwrap();
    };
    add("bin/", 0o755, None, b"");
    add("bin/busybox", 0o755, None, busybox);
    let capability = ("SCHILY.xattr.security.capability", &DAC_OVERRIDE[..]);
    add("bin/busybox-capable", 0o755, Some(capability), busybox);
    add("secret/", 0o700, None, b"");
    add("secret/file", 0o600, None, b"for root alone");
    add("data/", 0o755, None, b"");
    let note = ("SCHILY.xattr.user.note", NOTE);
    add("data/noted", 0o644, Some(note), b"noted");
    tar.into_inner().unwrap()
}

/// Writes an archive of one image of one layer, and returns the image's ID.
fn write_archive(path: &Path, name: &str, layer: &[u8]) -> String {
    let diff_id = hex(&Sha256::digest(layer));
    let config = json!({
        "architecture": "amd64", "os": "linux", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{diff_id}")]},
    })
    .to_string();
    let digits = hex(&Sha256::digest(&config));
    let (config_name, layer_name) = (format!("{digits}.json"), format!("{diff_id}/layer.tar"));
    let account =
        json!([{"Config": config_name, "RepoTags": [name], "Layers": [layer_name]}]).to_string();
    let mut tar = tar::Builder::new(File::create(path).unwrap());
    for (name, data) in [
        (&*layer_name, layer),
        (&config_name, config.as_bytes()),
        ("manifest.json", account.as_bytes()),
    ] {
        let mut header = tar::Header::new_ustar();
        header.set_mode(0o644);
        header.set_size(data.len() as u64);
        tar.append_data(&mut header, name, data).unwrap();
    }
    tar.finish().unwrap();
    format!("sha256:{digits}")
}

/// The bytes of a member of a tar.
fn member(archive: &str, name: &str) -> Vec<u8> {
    let mut archive = tar::Archive::new(File::open(archive).unwrap());
    let mut entries = archive.entries().unwrap().map(Result::unwrap);
    let mut entry = entries
        .find(|entry| entry.path().unwrap() == Path::new(name))
        .unwrap();
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes).unwrap();
    bytes
}

/// The value of a file's attribute.
fn attribute(file: &Path, name: &str) -> Vec<u8> {
    let script = "import os, sys; sys.stdout.buffer.write(os.getxattr(sys.argv[1], sys.argv[2]))";
    let output = Command::new("python3")
        .args(["-c", script, file.to_str().unwrap(), name])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    output.stdout
}
