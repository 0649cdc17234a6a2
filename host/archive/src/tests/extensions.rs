//! Headers that extend the next one or all: PAX records and long names.

use tar::EntryType;

use super::fixtures::{Part, Selection, file, read, stream, tar};
use super::hostile::{image, parts, refuses};

/// Returns one PAX record.
pub(super) fn record(key: &str, value: &str) -> String {
    let rest = format!(" {key}={value}\n");
    let mut length = rest.len();
    while format!("{length}{rest}").len() != length {
        length += 1;
    }
    format!("{length}{rest}")
}

pub(super) fn extension(kind: u8, data: impl Into<Vec<u8>>) -> Part {
    let mut part = Part::file("extension", data);
    part.kind = EntryType::new(kind);
    part
}

#[test]
fn extension_headers_are_understood() {
    let size = parts()[1].data.len().to_string();
    for before in [
        vec![extension(
            b'x',
            record("path", "layer0/layer.tar") + &record("mtime", "1.5"),
        )],
        vec![extension(
            b'x',
            record("path", "layer0/layer.tar") + &record("size", &size),
        )],
        vec![extension(b'L', "layer0/layer.tar\0")],
        vec![
            extension(b'g', record("comment", "hello")),
            extension(b'L', "layer0/layer.tar"),
        ],
    ] {
        let mut parts = parts();
        parts[1].name = "another name".into();
        parts.splice(1..1, before);
        let bytes = tar(&parts);
        let stored = read(stream(bytes.clone()), &Selection::Only).unwrap();
        assert_eq!(stored.reading.image.id, image().id().to_string());
        assert!(read(file(&bytes).unwrap(), &Selection::Only).is_ok());
    }
}

#[test]
fn tricks_with_extension_headers_are_refused() {
    for (before, fault) in [
        (
            extension(
                b'x',
                record("path", "a") + &record("path", "layer0/layer.tar"),
            ),
            "two names",
        ),
        (extension(b'x', record("path", "../a")), "`..`"),
        (extension(b'x', record("size", "-1")), "damaged"),
        (
            extension(b'x', record("size", "99999999999999999999")),
            "damaged",
        ),
        (extension(b'x', record("GNU.sparse.major", "1")), "sparse"),
        (
            extension(b'g', record("path", "a")),
            "all members that follow",
        ),
        (extension(b'x', "12 path"), "broken extension"),
        (extension(b'x', "999 path=a\n"), "broken extension"),
        (
            extension(b'x', vec![b'x'; 65 << 10]),
            "too long an extension",
        ),
        (extension(b'L', vec![b'a'; 2000]), "too long a name"),
    ] {
        refuses(|parts| parts.insert(1, before), "", fault);
    }
}

#[test]
fn endless_extension_headers_are_refused() {
    for kind in [b'x', b'g'] {
        let comment = extension(kind, record("comment", "hello"));
        let few = vec![comment.clone(); 8];
        let mut bytes = parts();
        bytes.splice(1..1, few);
        assert!(read(stream(tar(&bytes)), &Selection::Only).is_ok());
        refuses(
            |parts| drop(parts.splice(1..1, vec![comment; 9])),
            "",
            "too many extension headers",
        );
    }
}
