//! Archives that lie, and archives that are broken: each error names what is at fault.

use tar::EntryType;

use crate::Error;

use super::fixtures::{
    Made, Part, SMALL, Selection, file, gzip, noise, read, stream, tar, with_cutting, zstd,
};

/// Returns an image of two layers.
pub(super) fn image() -> Made {
    Made::new(vec![noise(1, 6000), noise(2, 700)])
}

pub(super) fn parts() -> Vec<Part> {
    image().docker_parts(<[u8]>::to_vec)
}

/// Reads bytes as a stream and as a file, and returns the error that both must give.
pub(super) fn refused(bytes: &[u8]) -> String {
    let streamed = with_cutting(stream(bytes.to_vec()), SMALL);
    let error = read(streamed, &Selection::Only).expect_err("the stream is unsound");
    assert!(matches!(error, Error::Unsound { .. }), "{error:?}");
    let indexed = file(bytes)
        .map(|archive| with_cutting(archive, SMALL))
        .and_then(|archive| read(archive, &Selection::Only));
    indexed.expect_err("the file is unsound");
    error.to_string()
}

/// Reads changed parts, and checks that the error names `subject` and says `fault`.
pub(super) fn refuses(change: impl FnOnce(&mut Vec<Part>), subject: &str, fault: &str) {
    let mut parts = parts();
    change(&mut parts);
    let error = refused(&tar(&parts));
    assert!(error.contains(subject), "{error} / {subject}");
    assert!(error.contains(fault), "{error} / {fault}");
}

#[test]
fn the_sound_archive_is_read() {
    let stored = read(stream(tar(&parts())), &Selection::Only).unwrap();
    assert_eq!(stored.reading.image.id, image().id().to_string());
}

#[test]
fn what_comes_twice_is_refused() {
    for name in ["manifest.json", "layer0/layer.tar", "./layer0//layer.tar"] {
        refuses(
            |parts| parts.push(Part::file(name, "[]")),
            &name.replace("./", "").replace("//", "/"),
            "appears twice",
        );
    }
    refuses(
        |parts| parts.push(Part::link(EntryType::Symlink, "manifest.json", "other")),
        "`manifest.json`",
        "appears twice",
    );
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    for (name, fault) in [
        ("../x", "has `..` in its path"),
        ("a/../../x", "has `..` in its path"),
        ("a\u{1b}[31m", "control characters"),
    ] {
        let printed = name.replace('\u{1b}', "\\u{1b}");
        refuses(|parts| parts.push(Part::file(name, "x")), &printed, fault);
    }
}

#[test]
fn members_that_are_no_files_are_refused() {
    for (kind, fault) in [
        (EntryType::Char, "device"),
        (EntryType::Block, "device"),
        (EntryType::Fifo, "pipe"),
        (EntryType::GNUSparse, "sparse"),
        (EntryType::Continuous, "of a type"),
        (EntryType::new(b'M'), "of a type"),
    ] {
        refuses(
            |parts| parts.insert(0, Part::link(kind, "odd", "")),
            "`odd`",
            fault,
        );
    }
    refuses(
        |parts| {
            let mut part = Part::link(EntryType::Symlink, "odd", "x");
            part.data = b"data".to_vec();
            parts.push(part);
        },
        "`odd`",
        "has data",
    );
}

#[test]
fn links_are_followed_inside_and_nowhere_else() {
    for (kind, target) in [
        (EntryType::Symlink, "../real.tar"),
        (EntryType::Link, "real.tar"),
    ] {
        let mut parts = parts();
        parts[1].name = "real.tar".into();
        parts.push(Part::link(kind, "layer0/layer.tar", target));
        let bytes = tar(&parts);
        let first = read(stream(bytes.clone()), &Selection::Only).unwrap();
        let second = read(file(&bytes).unwrap(), &Selection::Only).unwrap();
        assert_eq!(first.bytes, second.bytes);
        assert_eq!(first.reading.image.id, image().id().to_string());
    }
    for (kind, target, fault) in [
        (EntryType::Symlink, "/etc/passwd", "leaves the archive"),
        (EntryType::Symlink, "../../x", "leaves the archive"),
        (EntryType::Link, "../x", "leaves the archive"),
        (EntryType::Symlink, "", "without a usable target"),
        (EntryType::Symlink, "layer.tar", "in a circle"),
        (EntryType::Symlink, "../layer1", "missing"),
    ] {
        refuses(
            |parts| parts[1] = Part::link(kind, "layer0/layer.tar", target),
            "`layer0/layer.tar`",
            fault,
        );
    }
}

#[test]
fn a_truncated_archive_is_found_wherever_it_ends() {
    let bytes = tar(&parts());
    // Neither the last member's padding nor the end mark is missed: digests tell that all is there.
    let last = parts().pop().unwrap().data.len();
    let whole = bytes.len() - 1024 - (last.next_multiple_of(512) - last);
    for end in (0..whole).step_by(100).chain([whole - 1, bytes.len() - 1]) {
        refused(&bytes[..end]);
    }
    let error = refused(&bytes[..3000]);
    assert_eq!(
        error,
        "member `layer0/layer.tar`: ends too early; the archive is truncated"
    );
    for around in [gzip(&bytes), zstd(&bytes)] {
        for end in [7, 20, around.len() / 2, around.len() - 1] {
            refused(&around[..end]);
        }
    }
}

#[test]
fn a_truncated_layer_is_named() {
    for compress in [gzip, zstd] {
        let mut parts = image().docker_parts(compress);
        let length = parts[1].data.len();
        parts[1].data.truncate(length - 5);
        let error = refused(&tar(&parts));
        assert!(error.contains("`layer0/layer.tar`"), "{error}");
        parts[1].data.extend(*b"12345");
        let error = refused(&tar(&parts));
        assert!(error.contains("`layer0/layer.tar`"), "{error}");
    }
}

#[test]
fn what_follows_the_end_is_refused() {
    let bytes = tar(&parts());
    let mut longer = bytes.clone();
    longer.resize(longer.len() + 20 * 512, 0);
    assert!(read(stream(longer.clone()), &Selection::Only).is_ok());
    longer.push(1);
    assert!(refused(&longer).contains("goes on after its end mark"));
    let mut zeros = bytes.clone();
    zeros.resize(zeros.len() + (2 << 20), 0);
    assert!(refused(&zeros).contains("zeros after its end mark"));
    let mut half = bytes;
    let at = half.len() - 512;
    half[at] = 1;
    assert!(refused(&half).contains("half an end mark"));
}

#[test]
fn damaged_headers_are_found() {
    let part = Part::file("odd", "data");
    let with = |change: &dyn Fn(&mut tar::Header)| {
        let mut header = part.header();
        change(&mut header);
        header.set_cksum();
        let mut bytes = Vec::new();
        parts()[0].append(&mut bytes);
        bytes.extend(header.as_bytes());
        bytes.extend([b'd'; 512]);
        bytes.resize(bytes.len() + 1024, 0);
        bytes
    };
    // More than eight bytes of a binary size, a negative one, no number, and too much.
    for (size, fault) in [
        (*b"\x80\0\0\x01\0\0\0\0\0\0\0\x04", "damaged header"),
        (
            *b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfc",
            "damaged header",
        ),
        (*b"not a number", "damaged header"),
        (*b"\x80\0\0\0\xff\0\0\0\0\0\0\x04", "too large"),
    ] {
        let error = refused(&with(&|header| header.as_old_mut().size = size));
        assert!(error.contains("`odd`") && error.contains(fault), "{error}");
    }
    let mut bytes = with(&|_| {});
    bytes[512 + 1024] ^= 1;
    // The second header begins after the first member's data.
    let at = 512 + image().config.len().next_multiple_of(512);
    bytes[at] ^= 1;
    assert!(refused(&bytes).contains("damaged header"));
    assert_eq!(
        refused(&noise(5, 4096)),
        "the archive: is not a tar archive"
    );
}

#[test]
fn too_many_members_are_refused() {
    let mut bytes = Vec::new();
    for number in 0..16_500 {
        Part::file(format!("{number}"), "").append(&mut bytes);
    }
    bytes.resize(bytes.len() + 1024, 0);
    assert!(refused(&bytes).contains("too many members"));
}

#[test]
fn errors_of_the_contract_carry_the_text() {
    let mut parts = parts();
    parts[1].data[0] ^= 1;
    let error = read(stream(tar(&parts)), &Selection::Only).unwrap_err();
    assert!(error.is_unsound(), "{error:?}");
    assert!(error.to_string().contains("`layer0/layer.tar`"), "{error}");
}

#[test]
fn a_source_that_fails_is_not_the_archive_s_fault() {
    struct Failing(usize);
    impl std::io::Read for Failing {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            if self.0 == 0 {
                return Err(std::io::Error::from_raw_os_error(libc::EIO));
            }
            let bytes = tar(&parts());
            let start = bytes.len() - self.0;
            let count = buffer.len().min(self.0).min(100);
            buffer[..count].copy_from_slice(&bytes[start..start + count]);
            self.0 -= count;
            if start + count > 3000 {
                self.0 = 0;
            }
            Ok(count)
        }
    }
    let failing = Failing(tar(&parts()).len());
    let error = read(super::fixtures::stream_of(failing), &Selection::Only).unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error:?}");
    let text = error.to_string();
    assert!(
        text.contains("a stream") && text.contains("os error 5"),
        "{text}"
    );
}
