//! Archives whose parts are not what other parts promise of them: each error names what is at fault.

use crate::Digest;
use crate::intake::Intake;
use crate::unpacker::Promise;

use super::fixtures::{
    MemorySink, Part, SMALL, Selection, gzip, noise, oci_index, read, stream, tar,
};
use super::hostile::{image, parts, refused, refuses};

fn position(parts: &[Part], name: &str) -> usize {
    let at = parts.iter().position(|part| part.name == name);
    at.expect("there is such a part")
}

#[test]
fn content_that_was_changed_is_found() {
    refuses(
        |parts| parts[1].data[5999] ^= 1,
        "`layer0/layer.tar`",
        "is promised by the image's config",
    );
    refuses(
        |parts| parts[0].data.push(b' '),
        &format!("`{}.json`", image().id().hex()),
        "is promised by its name",
    );
    refuses(
        |parts| parts[1].data.truncate(5000),
        "`layer0/layer.tar`",
        "is promised by the image's config",
    );
    refuses(
        |parts| {
            let data = parts[1].data.clone();
            parts[1].data = parts[2].data.clone();
            parts[2].data = data;
        },
        "`layer0/layer.tar`",
        "is promised by the image's config",
    );
}

#[test]
fn what_is_missing_is_named() {
    refuses(
        |parts| {
            parts.remove(2);
        },
        "`layer1/layer.tar`",
        "missing",
    );
    refuses(
        |parts| {
            parts.remove(0);
        },
        &image().id().hex(),
        "missing",
    );
    refuses(
        |parts| {
            parts.pop();
        },
        "the archive",
        "not an image archive",
    );
    refuses(Vec::clear, "the archive", "not an image archive");
}

#[test]
fn an_endless_layer_ends_with_the_data_that_its_manifest_promises() {
    // What a member's header promises may be huge; nothing waits for it, and its end is missed.
    let mut part = parts()[1].clone();
    part.data = Vec::new();
    let mut header = part.header();
    header.set_size(1 << 39);
    header.set_cksum();
    let bytes = [header.as_bytes().to_vec(), noise(1, 70_000)].concat();
    assert!(refused(&bytes).contains("truncated"));
}

#[test]
fn the_account_must_be_sound() {
    let manifest = |text: &str| {
        let text = text.to_owned();
        move |parts: &mut Vec<Part>| {
            let at = position(parts, "manifest.json");
            parts[at].data = text.into_bytes();
        }
    };
    let config = format!("{}.json", image().id().hex());
    for (text, fault) in [
        ("", "not the JSON"),
        ("{}", "neither a list of images"),
        ("[{}]", "names no image"),
        ("[null]", "names no image"),
        (r#"[{"Config": "none.json"}]"#, "missing"),
        (r#"[{"Config": "../x"}]"#, "`..`"),
        (r#"[{"Config": "manifest.json"}]"#, "not the JSON"),
        (
            &format!(r#"[{{"Config": "{config}"}}]"#),
            "another number of layers",
        ),
        (
            &format!(r#"[{{"Config": "{config}", "Layers": ["layer0/layer.tar", "layer0"]}}]"#),
            "missing",
        ),
        (
            &format!(
                r#"[{{"Config": "{config}", "Config": "{config}", "Layers": ["layer0/layer.tar", "layer1/layer.tar"]}}]"#
            ),
            "duplicate field",
        ),
        (&"[".repeat(100_000), "not the JSON"),
        (
            &format!(
                "[{}]",
                vec![
                    format!(
                        r#"{{"Config": "{config}", "Layers": ["layer0/layer.tar", "layer1/layer.tar"]}}"#
                    );
                    300
                ]
                .join(",")
            ),
            "too many images",
        ),
    ] {
        refuses(manifest(text), "", fault);
    }
    let heavy = format!(
        r#"{{"os": "{}", "rootfs": {{"diff_ids": []}}}}"#,
        "x".repeat(200_000)
    );
    let named_again = vec![r#"{"Config": "heavy.json"}"#; 100].join(",");
    refuses(
        |parts| {
            let at = position(parts, "manifest.json");
            parts[at].data = format!("[{named_again}]").into_bytes();
            parts.push(Part::file("heavy.json", heavy));
        },
        "the archive",
        "in the configs that it names",
    );
    let bomb = format!("[{}]", " ".repeat(5 << 20));
    refuses(manifest(&bomb), "`manifest.json`", "too long");
    refuses(
        |parts| {
            let at = position(parts, "manifest.json");
            parts[at].data = gzip(&parts[at].data);
        },
        "`manifest.json`",
        "",
    );
}

#[test]
fn blobs_must_be_what_their_names_promise() {
    let (mut parts, digest, length) = image().oci_parts(gzip);
    parts.push(oci_index(&[(digest, length, "a:1")]));
    assert!(read(stream(tar(&parts)), &Selection::Only).is_ok());
    for at in 0..parts.len() - 1 {
        let mut changed = parts.clone();
        let name = changed[at].name.clone();
        let last = changed[at].data.len() - 9;
        changed[at].data[last] ^= 1;
        assert!(refused(&tar(&changed)).contains(&name));
    }
    for at in [0, 1, 2] {
        let mut missing = parts.clone();
        let part = missing.remove(at);
        let error = refused(&tar(&missing));
        assert!(
            error.contains(&part.name) && error.contains("missing"),
            "{error}"
        );
    }
}

/// A header that was written beforehand cannot be called back.
#[test]
fn a_layer_must_be_what_was_promised_before_it_was_read() {
    let layer = noise(1, 6000);
    let length = layer.len() as u64;
    let take = |digest, stored| {
        let promise = Promise {
            digest,
            stored,
            hint: None,
        };
        let mut sink = MemorySink::new();
        let folder = std::env::temp_dir();
        let mut intake = Intake::new(Box::new(&mut sink), SMALL, true, &folder);
        intake
            .take(&layer[..], "layer.tar", Some(promise), false)
            .map(|taken| taken.content.plain)
    };
    let (digest, other) = (Digest::of(&layer), Digest::of(b"other"));
    assert_eq!(take(digest, length).unwrap(), (digest, length));
    for (digest, length) in [(other, length), (digest, length - 1)] {
        let error = take(digest, length).unwrap_err().to_string();
        assert!(error.contains("`layer.tar`"), "{error}");
    }
}
