//! The ends of layers, read first: what is true spares a block that waits, and what is false changes nothing.

use std::collections::HashSet;
use std::path::Path;

use crate::{Archive, Chosen, Digest};

use super::afar::Afar;
use super::few_buffers::Few;
use super::fixtures::{Made, SMALL, gzip, noise, oci_index, tar};
use super::scripted::{Script, Told};
use super::side_by_side::{HOLDING, alone, read, read_archive};

/// Two large layers, and one that is less than a block.
fn image(compress: fn(&[u8]) -> Vec<u8>) -> Afar {
    let layers = [1_000_000, 1_300_000, 3000].into_iter();
    let layers = (1..).zip(layers).map(|(seed, length)| noise(seed, length));
    Afar::new(&Made::new(layers.collect()), compress)
}

/// Compresses in two parts, of which the last is the longer one: its length is said to be that of all.
fn in_two_parts(layer: &[u8]) -> Vec<u8> {
    let (short, long) = layer.split_at(10);
    [gzip(short), gzip(long)].concat()
}

fn last(bytes: &[u8]) -> Option<[u8; 4]> {
    bytes.last_chunk().copied()
}

/// Tells whether the first block of a layer went out before the others, by the numbers of its blocks.
fn was_first(order: &[usize]) -> bool {
    order[1..].iter().all(|later| order[0] < *later)
}

#[test]
fn nothing_is_kept_back_where_the_end_tells_the_length() {
    let afar = image(gzip);
    let digests = afar.digests();
    let script = Script::new(&afar)
        .ending(last)
        .together(&digests[..2], HOLDING);
    let opened = script.opened();
    let sink = Few::new(3, 0);
    let blocks = read(&afar, script, sink.again(), Path::new("/nonexistent")).unwrap();
    assert!(blocks == alone(&afar));
    assert_eq!(*opened.lock().unwrap(), digests, "each once");
    assert_eq!(sink.state().blocks.len(), blocks.len(), "each once");
}

#[test]
fn a_layer_whose_end_tells_another_length_is_read_once_more() {
    let false_ends: [Told; 2] = [last, |_| Some(2_000_000_u32.to_le_bytes())];
    for (compress, told) in [
        (in_two_parts as fn(&[u8]) -> Vec<u8>, false_ends[0]),
        (gzip, false_ends[1]),
    ] {
        let afar = image(compress);
        let digests = afar.digests();
        let folder = tempfile::tempdir().unwrap();
        for (buffers, kept_in_memory) in [(3, 0), (4, 1)] {
            let script = Script::new(&afar)
                .ending(told)
                .together(&digests[..2], HOLDING);
            let opened = script.opened();
            let sink = Few::new(buffers, kept_in_memory);
            let blocks = read(&afar, script, sink, folder.path()).unwrap();
            assert!(blocks == alone(&afar));
            let opened = opened.lock().unwrap();
            let count = |digest| opened.iter().filter(|it| *it == digest).count();
            let counts: Vec<usize> = digests.iter().map(count).collect();
            assert_eq!(counts, [2, 2, 1]);
        }
    }
}

#[test]
fn what_cannot_be_true_or_does_not_come_is_no_hint() {
    let told: [Told; 3] = [|_| None, |_| Some([0; 4]), |_| Some(5000_u32.to_le_bytes())];
    let afar = image(gzip);
    for told in told {
        let script = Script::new(&afar).ending(told);
        let opened = script.opened();
        let folder = tempfile::tempdir().unwrap();
        let blocks = read(&afar, script, Few::new(4, 1), folder.path()).unwrap();
        assert!(blocks == alone(&afar));
        assert_eq!(*opened.lock().unwrap(), afar.digests(), "each once");
    }
}

#[test]
fn a_layer_that_is_another_one_is_not_asked_for_twice() {
    let afar = image(gzip);
    let digests = afar.digests();
    let mut script = Script::new(&afar).ending(|_| Some(2_000_000_u32.to_le_bytes()));
    script.blobs.insert(digests[0], gzip(&noise(9, 1_000_000)));
    let opened = script.opened();
    let folder = tempfile::tempdir().unwrap();
    let error = read(&afar, script, Few::new(4, 1), folder.path()).unwrap_err();
    assert!(error.to_string().contains(&digests[0].hex()), "{error}");
    let opened = opened.lock().unwrap();
    let once: HashSet<&Digest> = opened.iter().collect();
    let again = opened.iter().filter(|it| **it == digests[0]).count();
    assert!(again == 1 && once.len() <= 3, "{opened:?}");
}

#[test]
fn the_ends_of_files_are_read_where_they_lie() {
    let made = Made::new((1..4).map(|seed| noise(seed, 1_000_000)).collect());
    for (compress, is_true) in [(gzip as fn(&[u8]) -> Vec<u8>, true), (in_two_parts, false)] {
        let expected = alone(&Afar::new(&made, compress));
        let folder = tempfile::tempdir().unwrap();
        let (parts, digest, length) = made.oci_parts(compress);
        let index = oci_index(&[(digest, length, "it:1")]);
        let parts = [parts, vec![index]].concat();
        for part in &parts {
            let path = folder.path().join(&part.name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, &part.data).unwrap();
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), tar(&parts)).unwrap();
        for path in [folder.path(), file.path()] {
            let chosen = Chosen {
                image: made.id().to_string(),
                manifest: Some(digest.to_string()),
            };
            let location = path.to_str().unwrap().parse().unwrap();
            let archive = Archive::open(&location, Path::new("/nonexistent")).unwrap();
            let sink = Few::new(4, 1);
            let blocks = sink.again();
            let order = read_archive(archive, &chosen, sink).unwrap().order;
            let blocks = &blocks.state().blocks;
            let stored: Vec<&Vec<u8>> = order.iter().map(|at| &blocks[*at]).collect();
            assert!(stored.iter().copied().eq(&expected));
            assert_eq!(blocks.len() == expected.len(), is_true);
            let of_each = 1_000_000 / SMALL.block + 1;
            let layers = order.chunks(of_each).take(3);
            assert!(layers.into_iter().all(|layer| was_first(layer) == is_true));
        }
    }
}
