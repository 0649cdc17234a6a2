//! Layers from afar that need not be read: the archive is the same, and the sink learns which blocks a layer is.

use std::collections::{HashMap, HashSet};
use std::io::{Cursor, Read};
use std::sync::{Arc, Mutex};

use keepdocker_terms::layering::{Layer, Layering};

use crate::image::{BlockLayout, Form};
use crate::{Archive, BlockSink, Chosen, Digest, KnownLayer, Reading, RemoteLayers, SinkClosed};

use super::afar::Afar;
use super::fixtures::{Made, MemorySink, gzip, noise};

/// What was opened and left out of an image.
#[derive(Default)]
struct Seen {
    opened: Vec<Digest>,
    left_out: HashSet<Digest>,
}

struct Layers {
    blobs: HashMap<Digest, Vec<u8>>,
    seen: Arc<Mutex<Seen>>,
}

impl RemoteLayers for Layers {
    fn open(&self, digest: &Digest) -> Option<(Box<dyn Read + Send>, u64)> {
        let bytes = self.blobs.get(digest)?.clone();
        self.seen.lock().unwrap().opened.push(*digest);
        let length = bytes.len() as u64;
        Some((Box::new(Cursor::new(bytes)), length))
    }

    fn leave_out(&self, digests: HashSet<Digest>) {
        self.seen.lock().unwrap().left_out = digests;
    }

    fn length(&self) -> u64 {
        let seen = self.seen.lock().unwrap();
        let wanted = self.blobs.iter();
        let wanted = wanted.filter(|(digest, _)| !seen.left_out.contains(digest));
        wanted.map(|(_, bytes)| bytes.len() as u64).sum()
    }
}

/// An image in a registry, and what is asked of it.
struct Asked {
    afar: Afar,
    seen: Arc<Mutex<Seen>>,
}

impl Asked {
    fn new(layers: &[Vec<u8>]) -> Self {
        Self {
            afar: Afar::new(&Made::new(layers.to_vec()), gzip),
            seen: Arc::default(),
        }
    }

    fn archive(&self) -> Archive {
        let blobs = self.afar.blobs.iter();
        let layers = Layers {
            blobs: blobs.map(|blob| (Digest::of(blob), blob.clone())).collect(),
            seen: self.seen.clone(),
        };
        self.afar.archive(layers, &std::env::temp_dir())
    }
}

/// Keeps blocks, and what it is told of layers.
struct Told {
    memory: MemorySink,
    layers: Vec<(Layer, Vec<usize>)>,
}

impl Told {
    fn new() -> Self {
        Self {
            memory: MemorySink::new(),
            layers: Vec::new(),
        }
    }
}

impl BlockSink for Told {
    fn buffer(&mut self) -> Result<Vec<u8>, SinkClosed> {
        self.memory.buffer()
    }

    fn submit(&mut self, block: Vec<u8>) -> Result<usize, SinkClosed> {
        self.memory.submit(block)
    }

    fn verified(&mut self, layer: Layer, blocks: &[usize]) {
        self.layers.push((layer, blocks.to_vec()));
    }
}

fn read(archive: &mut Archive, chosen: &Chosen, sink: &mut Told) -> Reading {
    let (form, layout) = (Form::Canonical, BlockLayout::Layered);
    let taken = archive.begin(form, layout, Box::new(sink), &mut |_| {});
    taken.unwrap().finish(chosen, &mut |_| {}).unwrap()
}

fn layers() -> Vec<Vec<u8>> {
    let large = |seed| noise(seed, (1 << 20) + 700 * seed as usize);
    // One comes twice.
    vec![large(1), noise(2, 5000), large(3), large(1), large(4)]
}

#[test]
fn the_sink_learns_which_blocks_a_layer_is() {
    let layers = layers();
    let asked = Asked::new(&layers);
    let mut sink = Told::new();
    let reading = read(&mut asked.archive(), &asked.afar.chosen, &mut sink);
    let all = layers.iter().map(|it| (Digest::of(it), it.len() as u64));
    let large = Layering::of(all);
    let told: Vec<Layer> = sink.layers.iter().map(|(layer, _)| *layer).collect();
    assert_eq!(told, large.layers());
    for (layer, numbers) in &sink.layers {
        let blocks: Vec<&[u8]> = numbers
            .iter()
            .map(|at| &sink.memory.blocks[*at][..])
            .collect();
        assert!(crate::is_layer(&blocks.concat()[..], *layer).unwrap());
        let sizes = blocks.iter().map(|block| block.len() as u64);
        assert!(sizes.eq(layer.block_sizes()));
    }
    let taken: Vec<(Digest, bool)> = reading
        .layers
        .iter()
        .map(|it| (it.diff_id, it.is_read))
        .collect();
    let each_once = [0, 1, 2, 4].map(|at| (Digest::of(&layers[at]), true));
    assert_eq!(taken, each_once);
}

#[test]
fn an_archive_without_the_layers_that_are_known_is_the_same() {
    let layers = layers();
    let asked = Asked::new(&layers);
    let mut sink = Told::new();
    let whole = read(&mut asked.archive(), &asked.afar.chosen, &mut sink);
    let bytes = sink.memory.stored(&whole);

    let again = Asked::new(&layers);
    let chosen = &again.afar.chosen;
    let mut archive = again.archive();
    let (form, layout) = (Form::Canonical, BlockLayout::Layered);
    let asked = archive.layers_from_afar(form, layout, chosen).unwrap();
    assert_eq!(asked.unwrap().len(), 5);
    for (form, layout) in [
        (Form::Canonical, BlockLayout::Dense),
        (Form::Verbatim, BlockLayout::Layered),
    ] {
        let asked = archive.layers_from_afar(form, layout, chosen);
        assert_eq!(asked.unwrap(), None);
    }
    let before = archive.source_length().unwrap();
    let mut second = Told::new();
    // The sink has the blocks of two layers already, under numbers of its own.
    let mut known = Vec::new();
    for (layer, numbers) in &sink.layers[..2] {
        let blocks = numbers.iter().map(|at| {
            let _ = second.buffer().unwrap();
            second.submit(sink.memory.blocks[*at].clone()).unwrap()
        });
        known.push(KnownLayer {
            layer: *layer,
            blocks: blocks.collect(),
        });
    }
    archive.spare(chosen, known).unwrap();
    assert!(archive.source_length().unwrap() < before);
    let reading = read(&mut archive, chosen, &mut second);

    assert_eq!(second.memory.stored(&reading), bytes);
    assert_eq!(
        (reading.size, &reading.loaded_as),
        (whole.size, &whole.loaded_as)
    );
    let (seen, blobs) = (again.seen.lock().unwrap(), again.afar.digests());
    assert_eq!(seen.opened, [blobs[1], blobs[4]]);
    assert_eq!(seen.left_out, HashSet::from([blobs[0], blobs[2]]));
    let are_read: Vec<bool> = reading.layers.iter().map(|layer| layer.is_read).collect();
    assert_eq!(are_read, [false, true, false, true]);
    // Of what it knew already, the sink is told nothing.
    assert_eq!(second.layers.len(), 1);
}
