//! Sound archives with a few bytes changed: an error or the same image, never anything else.

use proptest::prelude::*;

use crate::image::{BlockLayout, Form};

use super::fixtures::{SMALL, Selection, data, file, gzip, read_as, stream, with_cutting};

const FILES: [&str; 4] = [
    "tiny-docker20.10.tar",
    "tiny-docker26-classic-store.tar",
    "tiny-skopeo-docker-archive.tar",
    "tiny-skopeo-oci-archive.tar",
];

#[derive(Debug, Clone)]
enum Change {
    Set(usize, u8),
    Cut(usize),
    Remove(usize, usize),
    Repeat(usize, usize),
}

fn change() -> impl Strategy<Value = Change> {
    let at = 0..30_000_usize;
    // Headers begin at these; most bytes between them are zero.
    let header = (0..58_usize, 0..345_usize).prop_map(|(unit, at)| unit * 512 + at);
    prop_oneof![
        4 => (header, any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        2 => (at.clone(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        1 => at.prop_map(Change::Cut),
        1 => (0..58_usize, 1..8_usize).prop_map(|(at, count)| Change::Remove(at * 512, count * 512)),
        1 => (0..58_usize, 1..8_usize).prop_map(|(at, count)| Change::Repeat(at * 512, count * 512)),
    ]
}

fn changed(mut bytes: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for change in changes {
        let length = bytes.len();
        let bound = |at: usize| at.min(length);
        match *change {
            Change::Set(at, byte) if at < length => bytes[at] = byte,
            Change::Set(..) => {}
            Change::Cut(at) => bytes.truncate(at),
            Change::Remove(at, count) => {
                bytes.drain(bound(at)..bound(at + count));
            }
            Change::Repeat(at, count) => {
                let part = bytes[bound(at)..bound(at + count)].to_vec();
                bytes.splice(bound(at)..bound(at), part);
            }
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn a_changed_archive_is_refused_or_means_the_same(
        name in prop::sample::select(&FILES[..]),
        changes in prop::collection::vec(change(), 1..3),
        is_compressed in any::<bool>(),
        is_verbatim in any::<bool>(),
    ) {
        let sound = std::fs::read(data(name)).unwrap();
        let selection = Selection::Only;
        let layout = BlockLayout::Layered;
        let mut archive = with_cutting(stream(sound.clone()), SMALL);
        let expected = read_as(&mut archive, &selection, Form::Canonical, layout).unwrap();

        let mut bytes = changed(sound, &changes);
        if is_compressed {
            bytes = gzip(&bytes);
        }
        let form = if is_verbatim { Form::Verbatim } else { Form::Canonical };
        let mut streamed = with_cutting(stream(bytes.clone()), SMALL);
        if let Ok(stored) = read_as(&mut streamed, &selection, form, layout) {
            prop_assert_eq!(&stored.reading.image.id, &expected.reading.image.id);
            prop_assert!(is_verbatim || stored.bytes == expected.bytes);
        }
        if let Ok(archive) = file(&bytes) {
            let mut indexed = with_cutting(archive, SMALL);
            if let Ok(stored) = read_as(&mut indexed, &selection, Form::Canonical, layout) {
                prop_assert_eq!(&stored.reading.image.id, &expected.reading.image.id);
                prop_assert!(stored.bytes == expected.bytes);
            }
        }
    }

    #[test]
    fn noise_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..3000)) {
        let mut archive = with_cutting(stream(bytes.clone()), SMALL);
        let layout = BlockLayout::Layered;
        prop_assert!(read_as(&mut archive, &Selection::Only, Form::Canonical, layout).is_err());
        let indexed = file(&bytes).and_then(|archive| {
            let mut archive = with_cutting(archive, SMALL);
            read_as(&mut archive, &Selection::Only, Form::Canonical, layout)
        });
        prop_assert!(indexed.is_err());
    }
}
