//! What people take for an image archive: the message says what it is.

use tar::EntryType;

use super::fixtures::{Part, Selection, bzip2, file, gzip, noise, read, stream, tar, xz, zstd};
use super::hostile::refused;

#[test]
fn what_is_no_tar_is_recognised() {
    for (start, what) in [
        (&b""[..], "is empty"),
        (b"\xff\xfea\x009\x00", "PowerShell"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"\n<HTML>", "a web page"),
        (b"{\"errors\":[]}", "is JSON"),
        (
            b"version https://git-lfs.github.com/spec/v1\n",
            "git lfs pull",
        ),
        (b"QFI\xfb\0\0\0\x03", "virtual machine"),
        (b"#!/usr/bin/env run-singularity\n", "(SIF)"),
        (b"hsqs", "SquashFS"),
        (b"PK\x03\x04", "ZIP"),
        (b"\x04\x22\x4d\x18", "lz4 -d"),
        (b"FROM debian\n", "Dockerfile"),
        (b"hello", "is not a tar archive"),
    ] {
        let mut bytes = start.to_vec();
        let error = refused(&bytes);
        assert!(error.starts_with("the archive: "), "{error}");
        assert!(error.contains(what), "{error} / {what}");
        for compress in [gzip, zstd, xz, bzip2] {
            if start.is_empty() {
                continue;
            }
            let error = refused(&compress(&bytes));
            assert!(error.contains(what), "{error} / {what}");
        }
        if !start.is_empty() {
            bytes.extend(noise(1, 2000));
            let error = refused(&bytes);
            assert!(error.contains(what), "{error} / {what}");
        }
    }
}

#[test]
fn a_container_s_file_system_is_recognised() {
    let folder = |name: &str| Part::link(EntryType::Directory, name, "");
    let container = Part::file(".dockerenv", "");
    for parts in [
        vec![
            container.clone(),
            Part::link(EntryType::Symlink, "bin", "usr/bin"),
        ],
        vec![
            folder("dev"),
            Part::link(EntryType::Char, "dev/console", ""),
        ],
        vec![
            folder("etc"),
            Part::link(EntryType::Symlink, "etc/mtab", "/proc/mounts"),
        ],
        vec![
            folder("bin"),
            folder("etc"),
            folder("usr"),
            Part::file("usr/x", noise(1, 9000)),
        ],
        vec![Part::file("etc/two", noise(1, 3000))],
    ] {
        let error = refused(&tar(&parts));
        assert!(error.contains("docker export"), "{error}");
        assert!(error.contains("docker save"), "{error}");
    }
    // A device in an archive of images is not that.
    let error = refused(&tar(&[
        Part::file("oci-layout", "{}"),
        Part::link(EntryType::Char, "dev/console", ""),
    ]));
    assert!(error.contains("is a device"), "{error}");
}

#[test]
fn an_image_may_hold_such_names_too() {
    let mut parts = super::hostile::parts();
    for name in ["bin", "etc", "usr"] {
        parts.push(Part::file(name, "x"));
    }
    let bytes = tar(&parts);
    assert!(read(stream(bytes.clone()), &Selection::Only).is_ok());
    assert!(read(file(&bytes).unwrap(), &Selection::Only).is_ok());
}
