//! Two layers at a time: the archive is the same, and neither thread waits for ever, whatever happens to the other.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use crate::cutting::Cutting;
use crate::image::{BlockLayout, Form};
use crate::{Archive, BlockSink, Chosen, Error, Reading};

use super::afar::Afar;
use super::few_buffers::Few;
use super::fixtures::{Made, MemorySink, SMALL, gzip, noise, zstd};
use super::scripted::{FOR_EVER, Script};

/// Where a layer has been read so far that its first block is kept back.
pub(super) const HOLDING: usize = 600 << 10;

fn whole(
    archive: &mut Archive,
    chosen: &Chosen,
    cutting: Cutting,
    sink: Box<dyn BlockSink + '_>,
) -> Result<Reading, Error> {
    archive.cutting = cutting;
    let (form, layout) = (Form::Canonical, BlockLayout::Layered);
    archive
        .begin(form, layout, sink, &mut |_| {})?
        .finish(chosen, &mut |_| {})
}

/// Reads an image within [`FOR_EVER`]; returns the blocks in order.
pub(super) fn read(
    afar: &Afar,
    script: Script,
    sink: Few,
    folder: &Path,
) -> Result<Vec<Vec<u8>>, Error> {
    let blocks = sink.again();
    let reading = read_archive(afar.archive(script, folder), &afar.chosen, sink)?;
    let blocks = blocks.state().blocks.clone();
    Ok(reading.order.iter().map(|at| blocks[*at].clone()).collect())
}

/// Reads an archive within [`FOR_EVER`].
pub(super) fn read_archive(
    mut archive: Archive,
    chosen: &Chosen,
    sink: Few,
) -> Result<Reading, Error> {
    let chosen = chosen.clone();
    let (told, ended) = mpsc::channel();
    let reading = thread::spawn(move || {
        let read = whole(&mut archive, &chosen, SMALL, Box::new(sink));
        let _ = told.send(read);
    });
    match ended.recv_timeout(FOR_EVER) {
        Ok(read) => read,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("it stands still"),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            std::panic::resume_unwind(reading.join().unwrap_err())
        }
    }
}

/// Reads an image on one thread; returns the blocks in order.
pub(super) fn alone(afar: &Afar) -> Vec<Vec<u8>> {
    let mut sink = MemorySink::new();
    let mut archive = afar.archive(Script::new(afar), &std::env::temp_dir());
    let read = whole(&mut archive, &afar.chosen, SMALL, Box::new(&mut sink));
    let order = read.unwrap().order;
    order.iter().map(|at| sink.blocks[*at].clone()).collect()
}

/// Layers of many blocks, small ones, one that comes twice, and one that ends where a block does.
fn layers() -> Vec<Vec<u8>> {
    let sizes = [
        1_000_000, 1_300_000, 700, 900_000, 5000, 1_100_000, 409_088, 3,
    ];
    let mut layers: Vec<Vec<u8>> = (1..).zip(sizes).map(|(seed, it)| noise(seed, it)).collect();
    layers.insert(4, layers[0].clone());
    layers
}

/// Compresses layers in one way or another, and one not at all.
fn mixed(layer: &[u8]) -> Vec<u8> {
    match layer.len() {
        1_100_000 => layer.to_vec(),
        length if length % 3 == 0 => zstd(layer),
        _ => gzip(layer),
    }
}

fn image() -> Afar {
    Afar::new(&Made::new(layers()), mixed)
}

#[test]
fn three_buffers_are_enough_for_two_whose_first_blocks_wait() {
    let afar = image();
    let expected = alone(&afar);
    let digests = afar.digests();
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..5 {
        for (buffers, kept_in_memory) in [(3, 0), (4, 1), (5, 2)] {
            let script = Script::new(&afar).together(&digests[..2], HOLDING);
            let sink = Few::new(buffers, kept_in_memory);
            let blocks = read(&afar, script, sink, folder.path()).unwrap();
            assert!(blocks == expected, "{buffers}, {kept_in_memory}");
        }
    }
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[test]
fn three_buffers_are_enough_where_no_file_is_to_be_had() {
    let afar = image();
    let expected = alone(&afar);
    let first = afar.digests()[0];
    for _ in 0..5 {
        for kept_in_memory in [0, 1] {
            let sink = Few::new(3, kept_in_memory);
            let pool = sink.again();
            // The block that it keeps back, and the one that it fills; so the third one is kept back by the other, which
            // waits for a fourth.
            let script = Script::new(&afar).at(first, HOLDING, move || {
                pool.wait_for_starving();
                Ok(())
            });
            let blocks = read(&afar, script, sink, Path::new("/nonexistent")).unwrap();
            assert!(blocks == expected, "{kept_in_memory}");
        }
    }
}

#[test]
fn a_failure_is_told_at_once_whatever_the_other_waits_for() {
    let afar = image();
    let digests = afar.digests();
    let folder = tempfile::tempdir().unwrap();
    // The other one waits for its source.
    for (stalls, fails) in [(0, 1), (1, 0)] {
        let script = Script::new(&afar).stalling(digests[stalls], HOLDING).at(
            digests[fails],
            HOLDING,
            || Err(io::Error::other("torn")),
        );
        let error = read(&afar, script, Few::new(4, 1), folder.path()).unwrap_err();
        assert!(error.to_string().contains("torn"), "{error}");
    }
    // It waits for a buffer, and none comes back.
    let sink = Few::new(3, 1).hanging();
    let pool = sink.again();
    let script = Script::new(&afar).at(digests[1], 0, move || {
        pool.wait_for_all_out();
        Err(io::Error::other("torn"))
    });
    let error = read(&afar, script, sink, folder.path()).unwrap_err();
    assert!(error.to_string().contains("torn"), "{error}");
}

#[test]
fn a_layer_that_is_not_what_is_promised_is_named() {
    let made = Made::new(layers());
    for wrong in [0, 1, 3] {
        let afar = Afar::new(&made, gzip);
        let digests = afar.digests();
        let mut script = Script::new(&afar);
        // The time in the header: only the digest of what came tells.
        script.blobs.get_mut(&digests[wrong]).unwrap()[4] ^= 1;
        // All the others would go on for ever.
        for (at, digest) in digests.iter().enumerate().skip(wrong + 1) {
            if at != 4 {
                script = script.stalling(*digest, 0);
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let error = read(&afar, script, Few::new(4, 1), folder.path()).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(&digests[wrong].hex()), "{wrong}: {text}");
        assert!(text.contains("the image's manifest"), "{wrong}: {text}");
    }
}

#[test]
fn a_sink_that_closes_ends_both() {
    let afar = image();
    let folder = tempfile::tempdir().unwrap();
    for most in [0, 1, 5, 100] {
        let sink = Few::new(3, 0).closing_after(most);
        let error = read(&afar, Script::new(&afar), sink, folder.path()).unwrap_err();
        assert!(matches!(error, Error::Closed(_)), "{error}");
    }
}

#[test]
fn a_panic_of_one_ends_the_other_and_goes_on() {
    let afar = image();
    let digests = afar.digests();
    for (stalls, breaks) in [(0, 1), (1, 0)] {
        let script = Script::new(&afar).stalling(digests[stalls], HOLDING).at(
            digests[breaks],
            HOLDING,
            || panic!("it breaks down"),
        );
        let folder = tempfile::tempdir().unwrap();
        let reading = || read(&afar, script, Few::new(3, 0), folder.path()).map(|_| ());
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(reading)).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"it breaks down"));
    }
}

#[test]
fn a_layer_without_compression_is_read_while_no_other_such_one_is() {
    let afar = Afar::new(&Made::new(layers()), <[u8]>::to_vec);
    let digests = afar.digests();
    let reading: Arc<Mutex<usize>> = Arc::default();
    let mut script = Script::new(&afar);
    for at in [0, 1, 3, 6] {
        let reading = reading.clone();
        script = script.at(digests[at], HOLDING, move || {
            let mut count = reading.try_lock().expect("one at a time");
            *count += 1;
            thread::sleep(Duration::from_millis(50));
            Ok(())
        });
    }
    let folder = tempfile::tempdir().unwrap();
    let blocks = read(&afar, script, Few::new(4, 1), folder.path()).unwrap();
    assert!(blocks == alone(&afar));
    assert_eq!(*reading.lock().unwrap(), 4);
}
