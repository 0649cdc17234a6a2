//! Members with holes, in the four forms of GNU tar.

use tar::{EntryType, GnuExtSparseHeader, Header};

use crate::Error;
use crate::image::{BlockLayout, Form};

use super::extensions::{extension, record};
use super::fixtures::{
    Made, Part, SMALL, Selection, file, noise, read, read_as, stream, tar, with_cutting,
};
use super::hostile::refused;

/// A layer with holes, and its pieces of data.
fn layer() -> (Vec<u8>, Vec<(usize, usize)>) {
    let pieces: Vec<(usize, usize)> = (0..9).map(|at| (1024 + at * 4096, 700 + at)).collect();
    let mut layer = vec![0; 9 * 4096 + 3000];
    for (at, (start, length)) in pieces.iter().enumerate() {
        layer[*start..start + length].copy_from_slice(&noise(at as u64 + 1, *length));
    }
    (layer, pieces)
}

fn data(layer: &[u8], pieces: &[(usize, usize)]) -> Vec<u8> {
    let pieces = pieces.iter();
    pieces
        .flat_map(|(start, length)| &layer[*start..start + length])
        .copied()
        .collect()
}

/// Returns the member in the form before PAX.
fn old(name: &str, layer: &[u8], pieces: &[(usize, usize)]) -> Vec<u8> {
    let data = data(layer, pieces);
    let mut header = Header::new_gnu();
    header.set_path(name).unwrap();
    header.set_entry_type(EntryType::GNUSparse);
    header.set_mode(0o644);
    header.set_size(data.len() as u64);
    let gnu = header.as_gnu_mut().unwrap();
    let octal = |number: usize| {
        let mut field = [0; 12];
        field[..11].copy_from_slice(format!("{number:011o}").as_bytes());
        field
    };
    for (field, (start, length)) in gnu.sparse.iter_mut().zip(pieces) {
        field.offset = octal(*start);
        field.numbytes = octal(*length);
    }
    gnu.isextended = [u8::from(pieces.len() > 4)];
    gnu.realsize = octal(layer.len());
    header.set_cksum();
    let mut member = header.as_bytes().to_vec();
    let mut rest = pieces.get(4..).unwrap_or_default();
    while !rest.is_empty() {
        let mut extension = GnuExtSparseHeader::new();
        for (field, (start, length)) in extension.sparse.iter_mut().zip(rest) {
            field.offset = octal(*start);
            field.numbytes = octal(*length);
        }
        rest = rest.get(21..).unwrap_or_default();
        extension.isextended = [u8::from(!rest.is_empty())];
        member.extend_from_slice(extension.as_bytes());
    }
    member.extend_from_slice(&data);
    member.resize(member.len().next_multiple_of(512), 0);
    member
}

/// Returns the member in one of the forms 0.0, 0.1 and 1.0.
fn pax(form: u8, name: &str, layer: &[u8], pieces: &[(usize, usize)]) -> Vec<u8> {
    let mut records = String::new();
    let mut before = String::new();
    let size = layer.len().to_string();
    let numbers = |pieces: &[(usize, usize)]| -> Vec<String> {
        let pieces = pieces.iter();
        pieces
            .flat_map(|(start, length)| [start.to_string(), length.to_string()])
            .collect()
    };
    let count = pieces.len().to_string();
    match form {
        0 => {
            records += &record("GNU.sparse.size", &size);
            records += &record("GNU.sparse.numblocks", &count);
            for (start, length) in pieces {
                records += &record("GNU.sparse.offset", &start.to_string());
                records += &record("GNU.sparse.numbytes", &length.to_string());
            }
        }
        1 => {
            records += &record("GNU.sparse.size", &size);
            records += &record("GNU.sparse.numblocks", &count);
            records += &record("GNU.sparse.name", name);
            records += &record("GNU.sparse.map", &numbers(pieces).join(","));
        }
        _ => {
            records += &record("GNU.sparse.major", "1");
            records += &record("GNU.sparse.minor", "0");
            records += &record("GNU.sparse.name", name);
            records += &record("GNU.sparse.realsize", &size);
            before = format!("{count}\n");
            for number in numbers(pieces) {
                before += &format!("{number}\n");
            }
        }
    }
    let mut stored = before.into_bytes();
    stored.resize(stored.len().next_multiple_of(512), 0);
    stored.extend(data(layer, pieces));
    let written = if form == 0 { name } else { "GNUSparseFile.7/x" };
    let mut member = Vec::new();
    extension(b'x', records).append(&mut member);
    Part::file(written, stored).append(&mut member);
    member
}

/// Returns an archive whose first layer is written as `member` says.
fn archive(made: &Made, member: &[u8]) -> Vec<u8> {
    let mut parts = made.docker_parts(<[u8]>::to_vec);
    parts.remove(1);
    [member, &tar(&parts)].concat()
}

#[test]
fn files_with_holes_are_read_in_every_form() {
    const NAME: &str = "layer0/layer.tar";
    let (layer, pieces) = layer();
    // A hole at the end, none, and a file that is one hole.
    let cases = [
        (layer.clone(), pieces.clone()),
        (layer[..pieces[8].0 + pieces[8].1].to_vec(), pieces),
        (noise(1, 5000), vec![(0, 5000)]),
        (vec![0; 9000], vec![]),
        (vec![0; 9000], vec![(9000, 0)]),
    ];
    for (layer, pieces) in cases {
        let made = Made::new(vec![layer.clone(), noise(77, 200)]);
        let plain = tar(&made.docker_parts(<[u8]>::to_vec));
        let expected = read(with_cutting(stream(plain), SMALL), &Selection::Only).unwrap();
        let members = [
            old(NAME, &layer, &pieces),
            pax(0, NAME, &layer, &pieces),
            pax(1, NAME, &layer, &pieces),
            pax(2, NAME, &layer, &pieces),
        ];
        for (form, member) in members.iter().enumerate() {
            let bytes = archive(&made, member);
            for source in [stream(bytes.clone()), file(&bytes).unwrap()] {
                let stored = read(with_cutting(source, SMALL), &Selection::Only);
                let stored = stored.unwrap_or_else(|error| panic!("{form}: {error}"));
                assert!(stored.bytes == expected.bytes, "{form}");
            }
            let mut source = with_cutting(stream(bytes), SMALL);
            let kept = read_as(
                &mut source,
                &Selection::Only,
                Form::Verbatim,
                BlockLayout::Layered,
            );
            assert!(matches!(kept, Err(Error::Unsupported(_))), "{form}");
        }
    }
}

#[test]
fn maps_that_cannot_be_are_refused() {
    const NAME: &str = "layer0/layer.tar";
    let (layer, _) = layer();
    let made = Made::new(vec![layer]);
    let records = |records: &[(&str, &str)]| {
        let records = records.iter().map(|(key, value)| record(key, value));
        let mut member = Vec::new();
        extension(b'x', records.collect::<String>()).append(&mut member);
        Part::file(NAME, "data").append(&mut member);
        member
    };
    for (member, fault) in [
        (
            records(&[("GNU.sparse.size", "9"), ("GNU.sparse.map", "0,5")]),
            "damaged",
        ),
        (
            records(&[("GNU.sparse.size", "9"), ("GNU.sparse.map", "0,4,2")]),
            "damaged",
        ),
        (
            records(&[("GNU.sparse.size", "9"), ("GNU.sparse.map", "6,4")]),
            "damaged",
        ),
        (
            records(&[
                ("GNU.sparse.size", "18446744073709551615"),
                ("GNU.sparse.map", "18446744073709551611,4"),
            ]),
            "holes of too many bytes",
        ),
        (
            records(&[("GNU.sparse.size", "9"), ("GNU.sparse.numbytes", "4")]),
            "damaged",
        ),
        (
            records(&[("GNU.sparse.major", "2"), ("GNU.sparse.realsize", "9")]),
            "unknown form",
        ),
        (
            records(&[("GNU.sparse.major", "1"), ("GNU.sparse.realsize", "9")]),
            "damaged",
        ),
        (records(&[("GNU.sparse.major", "0")]), "unknown form"),
    ] {
        let error = refused(&archive(&made, &member));
        assert!(error.contains(fault), "{error} / {fault}");
    }
}
