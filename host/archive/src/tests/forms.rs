//! Forms of archives that tools write and others read: what comes of them is the same as of any other.

use serde_json::{Value, json};

use crate::Digest;
use crate::image::{BlockLayout, Form};
use crate::source::Seekable;

use super::fixtures::{
    Made, Part, SMALL, Selection, bzip2, file, gzip, open, read, read_as, stream, tar,
    with_cutting, xz, zstd,
};
use super::hostile::{image, parts, refused, refuses};

/// Reads bytes as a stream and as a file, which must give what the plain archive gives.
#[track_caller]
pub(super) fn same(bytes: &[u8]) {
    let expected = read(with_cutting(stream(tar(&parts())), SMALL), &Selection::Only).unwrap();
    let streamed = with_cutting(stream(bytes.to_vec()), SMALL);
    let streamed = read(streamed, &Selection::Only).unwrap();
    assert!(streamed.bytes == expected.bytes);
    let indexed = with_cutting(file(bytes).unwrap(), SMALL);
    let indexed = read(indexed, &Selection::Only).unwrap();
    assert!(indexed.bytes == expected.bytes);
}

/// Changes the account of a docker-archive.
fn account(parts: &mut [Part], change: impl FnOnce(&mut Value)) {
    let part = parts.last_mut().unwrap();
    assert_eq!(part.name, "manifest.json");
    let mut value = serde_json::from_slice(&part.data).unwrap();
    change(&mut value);
    part.data = value.to_string().into_bytes();
}

#[test]
fn any_compression_may_be_around_layers_and_archives() {
    for compress in [gzip, zstd, xz, bzip2] {
        same(&compress(&tar(&parts())));
        same(&tar(&image().docker_parts(compress)));
        let padded = [compress(&tar(&parts())), vec![0; 10_000]].concat();
        same(&padded);
        let padded = |layer: &[u8]| [compress(layer), vec![0; 700]].concat();
        same(&tar(&image().docker_parts(padded)));
        let spoilt = [compress(&tar(&parts())), b"\0\0\0x".to_vec()].concat();
        let error = refused(&spoilt);
        assert!(
            error.contains("the archive: cannot be decompressed"),
            "{error}"
        );
    }
}

#[test]
fn a_slash_before_a_name_is_nothing() {
    let with_slash = |parts: &mut Vec<Part>| {
        account(parts, |account| {
            for layer in account[0]["Layers"].as_array_mut().unwrap() {
                *layer = format!("/{}", layer.as_str().unwrap()).into();
            }
        });
    };
    let mut named = parts();
    with_slash(&mut named);
    same(&tar(&named));
    for part in &mut named[..3] {
        part.name = format!("/{}", part.name);
    }
    same(&tar(&named));
    let mut members = parts();
    members[1].name = format!("/{}", members[1].name);
    same(&tar(&members));
    // It does not make two members of one.
    refuses(
        |parts| parts.push(Part::file("/layer0/layer.tar", "x")),
        "`layer0/layer.tar`",
        "appears twice, with different content",
    );
}

#[test]
fn a_member_may_come_again_as_it_is() {
    for at in 0..4 {
        let mut again = parts();
        again.push(again[at].clone());
        same(&tar(&again));
        again.insert(0, again[at].clone());
        same(&tar(&again));
    }
    // Of the same length and with another byte it is another one.
    refuses(
        |parts| {
            let mut other = parts[1].clone();
            other.data[5000] ^= 1;
            parts.push(other);
        },
        "`layer0/layer.tar`",
        "appears twice, with different content",
    );
    let mut again = parts();
    again.push(again[1].clone());
    let bytes = tar(&again);
    let verbatim = (Form::Verbatim, BlockLayout::Layered);
    let mut archive = with_cutting(stream(bytes.clone()), SMALL);
    let stored = read_as(&mut archive, &Selection::Only, verbatim.0, verbatim.1).unwrap();
    assert!(stored.bytes == bytes);
    let last = again.last_mut().unwrap();
    last.data[5000] ^= 1;
    let mut archive = with_cutting(stream(tar(&again)), SMALL);
    assert!(read_as(&mut archive, &Selection::Only, verbatim.0, verbatim.1).is_err());
}

#[test]
fn an_end_mark_is_not_missed_where_all_digests_match() {
    let bytes = tar(&parts());
    let end = bytes.len() - 1024;
    let padding = parts()[3].data.len().next_multiple_of(512) - parts()[3].data.len();
    for length in [end, end + 512, end - padding, end - padding + 1] {
        same(&bytes[..length]);
        same(&gzip(&bytes[..length]));
    }
    // A byte less is one of the account.
    refused(&bytes[..end - padding - 1]);
    // Without the member that comes last nothing tells what is missing.
    let cut = tar(&parts()[..3]);
    let error = refused(&cut[..cut.len() - 1024]);
    assert!(error.contains("truncated"), "{error}");
    let mut order = parts();
    order.rotate_right(1);
    let cut = tar(&order[..3]);
    let error = refused(&cut[..cut.len() - 1024]);
    assert!(error.contains("truncated"), "{error}");
    // What compute nodes get as it is has to be whole.
    let mut archive = with_cutting(stream(bytes[..end].to_vec()), SMALL);
    let (form, layout) = (Form::Verbatim, BlockLayout::Layered);
    let error = read_as(&mut archive, &Selection::Only, form, layout).unwrap_err();
    assert!(error.to_string().contains("truncated"), "{error}");
}

#[test]
fn null_is_read_like_nothing() {
    let nothing = Made::new(Vec::new());
    let mut parts = nothing.docker_parts(<[u8]>::to_vec);
    account(&mut parts, |account| {
        account[0]["Layers"] = Value::Null;
        account[0]["RepoTags"] = Value::Null;
        account[0]["LayerSources"] = Value::Null;
    });
    let stored = read(stream(tar(&parts)), &Selection::Only).unwrap();
    assert_eq!(stored.reading.image.id, nothing.id().to_string());
    for field in ["os", "architecture", "variant"] {
        let mut made = image();
        let mut config: Value = serde_json::from_slice(&made.config).unwrap();
        config[field] = Value::Null;
        made.config = config.to_string().into_bytes();
        let stored = read(
            stream(tar(&made.docker_parts(<[u8]>::to_vec))),
            &Selection::Only,
        );
        assert_eq!(stored.unwrap().reading.image.id, made.id().to_string());
    }
    // An account of nothing holds nothing.
    let error = read(
        stream(tar(&[Part::file("manifest.json", "null")])),
        &Selection::Only,
    );
    let error = error.unwrap_err().to_string();
    assert!(error.contains("holds no image"), "{error}");
}

#[test]
fn a_config_is_kept_as_it_is_whatever_its_encoding() {
    for (key, value) in [
        (&b"note"[..], &b"caf\xe9"[..]),
        (b"caf\xe9", b"note"),
        (b"author", b"\xff\xfe\xfd"),
        (b"note", b"\\ud83d"),
    ] {
        let mut made = image();
        made.config.pop();
        for part in [&b",\""[..], key, b"\":\"", value, b"\"}"] {
            made.config.extend_from_slice(part);
        }
        let bytes = tar(&made.docker_parts(<[u8]>::to_vec));
        for archive in [stream(bytes.clone()), file(&bytes).unwrap()] {
            let stored = read(with_cutting(archive, SMALL), &Selection::Only).unwrap();
            assert_eq!(stored.reading.image.id, made.id().to_string());
            let at = stored.bytes.windows(made.config.len());
            assert_eq!(at.filter(|bytes| *bytes == made.config).count(), 1);
        }
    }
    // Where it matters, there is an error and no panic.
    let mut made = image();
    let text = String::from_utf8(made.config).unwrap();
    made.config = text.replace("\"linux\"", "\"\\ud83d\"").into_bytes();
    let error = refused(&tar(&made.docker_parts(<[u8]>::to_vec)));
    assert!(error.contains("is not the JSON"), "{error}");
}

#[test]
fn the_form_of_a_directory_is_read() {
    let made = image();
    let (mut parts, manifest, _) = made.oci_parts(gzip);
    for part in &mut parts {
        part.name = match Digest::from_hex(part.name.trim_start_matches("blobs/sha256/")) {
            Some(digest) if digest == manifest => "manifest.json".into(),
            _ => part.name.replace("blobs/sha256/", ""),
        };
    }
    parts.push(Part::file("version", "Directory Transport Version: 1.1\n"));
    same_image(&parts, &made);
    let folder = tempfile::tempdir().unwrap();
    for part in &parts {
        std::fs::write(folder.path().join(&part.name), &part.data).unwrap();
    }
    // Whatever transport is named, and without one.
    for transport in ["dir:", "oci:", "", "docker-archive:"] {
        let text = format!("{transport}{}", folder.path().display());
        let archive = open(&text).unwrap();
        let stored = read(archive, &Selection::Only).unwrap();
        assert_eq!(stored.reading.image.manifest, Some(manifest.to_string()));
        assert_eq!(stored.reading.image.id, made.id().to_string());
    }
    // No compute node loads it.
    let mut archive = stream(tar(&parts));
    let (form, layout) = (Form::Verbatim, BlockLayout::Layered);
    let error = read_as(&mut archive, &Selection::Only, form, layout).unwrap_err();
    assert!(error.to_string().contains("Docker's form"), "{error}");
}

fn same_image(parts: &[Part], made: &Made) {
    let bytes = tar(parts);
    for archive in [stream(bytes.clone()), file(&bytes).unwrap()] {
        let stored = read(archive, &Selection::Only).unwrap();
        assert_eq!(stored.reading.image.id, made.id().to_string());
    }
}

#[test]
fn names_are_those_of_docker_whoever_writes_them() {
    for (written, told) in [
        ("index.docker.io/library/made:1", "made:1"),
        ("docker.io/library/made:1", "made:1"),
        ("index.docker.io/lab/made:1", "lab/made:1"),
        ("localhost/lab/made:1", "localhost/lab/made:1"),
        ("example.com/library/made:1", "example.com/library/made:1"),
    ] {
        let mut parts = parts();
        account(&mut parts, |account| {
            account[0]["RepoTags"] = json!([written])
        });
        let stored = read(stream(tar(&parts)), &Selection::Only).unwrap();
        assert_eq!(stored.reading.image.repo_tags, [told]);
        for name in [written, told] {
            let selection = Selection::Name(name.into());
            assert!(read(stream(tar(&parts)), &selection).is_ok(), "{name}");
        }
    }
}

/// An outline reads no layer, so that it cannot tell what only the bytes would.
#[test]
fn an_outline_takes_nothing_on_trust() {
    let outline = |bytes: &[u8]| {
        let mut file = tempfile::tempfile().unwrap();
        std::io::Write::write_all(&mut file, bytes).unwrap();
        std::io::Seek::rewind(&mut file).unwrap();
        let source = Seekable::new(&file, bytes.len() as u64, "a file");
        crate::look(source, "a file")
    };
    let bytes = tar(&parts());
    let told = outline(&bytes).unwrap();
    assert_eq!(told.image.id, image().id().to_string());
    assert_eq!(told.layer_sizes.len(), told.image.diff_ids.len());
    let mut again = parts();
    again.push(again[1].clone());
    same(&tar(&again));
    let error = outline(&tar(&again)).unwrap_err().to_string();
    assert!(error.contains("appears twice"), "{error}");
    let cut = &bytes[..bytes.len() - 1024];
    same(cut);
    let error = outline(cut).unwrap_err().to_string();
    assert!(error.contains("truncated"), "{error}");
}
