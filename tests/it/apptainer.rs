//! What is stored is read by Apptainer, which many clusters run containers with.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use crate::support::{Cluster, Engine, Environment, Image, Python, skip};

#[test]
fn the_stored_archive_becomes_a_container_of_apptainer_with_the_same_files() {
    let Some(root) = std::env::var_os("KEEPDOCKER_TEST_APPTAINER") else {
        skip("Apptainer, which .ci/apptainer unpacks");
        return;
    };
    let Some(engine) = Engine::find() else { return };
    let Some(python) = Python::find() else { return };
    let Some(busybox) = Image::busybox() else {
        return;
    };
    let context = tempfile::tempdir().unwrap();
    write_context(context.path(), &busybox);
    let image = Image::from_context(&engine, "apptainer/tool:1", context.path());
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster).with_engine(&engine);
    let collection = environment.keepdocker(&["upload", image.name()]).success();
    let folder = tempfile::tempdir().unwrap();
    let fetched = folder.path().join("fetched.tar");
    let file = format!("{}/{}.tar", collection.trim(), image.id());
    python.fetch(&environment, &file, &fetched);

    build(Path::new(&root), folder.path());

    let at = |name: &str| folder.path().join("sandbox").join(name);
    let greeting = fs::read_to_string(at("greeting")).unwrap();
    assert_eq!(greeting, "in a sandbox\n");
    assert_eq!(fs::read_link(at("bin/sh")).unwrap(), Path::new("busybox"));
    assert_eq!(
        fs::read(at("bin/busybox")).unwrap(),
        fs::read(&busybox).unwrap()
    );
    let metadata = fs::metadata(at("bin/busybox")).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o755);
    assert_eq!(metadata.uid(), 0);
    // What the container would run is the image's command.
    let script = fs::read_to_string(at(".singularity.d/runscript")).unwrap();
    assert!(script.contains("/greeting"), "{script}");
}

/// Writes what the image is built from. Apptainer wants a shell in every image.
fn write_context(folder: &Path, busybox: &Path) {
    let bin = folder.join("bin");
    fs::create_dir(&bin).unwrap();
    fs::copy(busybox, bin.join("busybox")).unwrap();
    for program in ["sh", "cat", "test"] {
        symlink("busybox", bin.join(program)).unwrap();
    }
    fs::write(folder.join("greeting"), "in a sandbox\n").unwrap();
    fs::write(
        folder.join("Dockerfile"),
        "FROM scratch\nCOPY bin /bin\nCOPY greeting /greeting\nCMD [\"cat\", \"/greeting\"]\n",
    )
    .unwrap();
}

/// Makes `sandbox` of `fetched.tar` in the folder, with the Apptainer of the root folder.
fn build(root: &Path, folder: &Path) {
    let script = r#"
        mount --bind "$1" "$1"
        mount --bind "$2" "$1/parts"
        mount --rbind /dev "$1/dev"
        mount -t proc proc "$1/proc"
        cd "$1"
        exec chroot . apptainer build --sandbox /parts/sandbox docker-archive:/parts/fetched.tar
    "#;
    let output = Command::new("unshare")
        .args(["--mount", "--propagation", "private"])
        .args(["--pid", "--fork", "--kill-child"])
        .args(["sh", "-euc", script, "sh"])
        .args([root, folder])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}
