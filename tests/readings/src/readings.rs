//! All ways to read the same bytes as an archive, held to each other.

use std::io::{self, Cursor, Write as _};

use std::sync::{Arc, Mutex};

use keepdocker_archive::{
    Archive, BlockLayout, BlockSink, Chosen, Error, Form, SinkClosed, Wanted,
};

/// Fails if readings of the bytes disagree.
pub fn check(bytes: &[u8]) {
    let streamed = stored(stream(bytes), Form::Canonical);
    // A file may hold more than the image: only what belongs to the image is read of it. So it may be
    // accepted where a stream is not, and never the other way.
    let indexed = file(bytes).and_then(|archive| stored(archive, Form::Canonical));
    if let Ok((id, canonical)) = &streamed {
        let (other, same) = indexed.expect("what a stream is, a file is too");
        assert_eq!(id, &other);
        assert!(canonical == &same);
        // The canonical form is one, and stays what it is.
        let (again, same) = stored(stream(canonical), Form::Canonical).expect("it is sound");
        assert_eq!(id, &again);
        assert!(canonical == &same);
    }
    if let Ok((id, _)) = stored(stream(bytes), Form::Verbatim) {
        let (other, _) = streamed.expect("what is kept as it is was verified");
        assert_eq!(id, other);
    }
}

fn stream(bytes: &[u8]) -> Archive {
    let bytes = Cursor::new(bytes.to_vec());
    let opener = Box::new(move || Ok(Box::new(bytes) as Box<dyn io::Read + Send>));
    Archive::stream("a stream", opener, &std::env::temp_dir())
}

fn file(bytes: &[u8]) -> Result<Archive, Error> {
    let mut file = tempfile::tempfile().expect("there is room for a file");
    file.write_all(bytes).expect("there is room for the bytes");
    io::Seek::rewind(&mut file).expect("a file can be rewound");
    let folder = std::env::temp_dir();
    Archive::file(file, "a file".into(), &folder)
}

/// The ID of the first image, and the bytes that are stored.
fn stored(mut archive: Archive, form: Form) -> Result<(String, Vec<u8>), Error> {
    let blocks = Blocks::default();
    let sink = Box::new(blocks.clone());
    archive.take_in(form, BlockLayout::Layered, sink, &mut |_| {})?;
    let held = archive.images(&Wanted::default())?.unwrap_or_default();
    let Some(first) = held.into_iter().next() else {
        return Err(Error::Unsupported("it holds nothing".into()));
    };
    let chosen = Chosen {
        image: first.image.id,
        manifest: first.image.manifest,
    };
    let reading = archive.finish(&chosen, &mut |_| {})?;
    let all = blocks.0.lock().expect("nobody panicked");
    let bytes = reading.order.iter().map(|at| &all[*at][..]);
    let bytes = bytes.collect::<Vec<_>>().concat();
    assert_eq!(bytes.len() as u64, reading.size);
    Ok((reading.image.id, bytes))
}

#[derive(Clone, Default)]
struct Blocks(Arc<Mutex<Vec<Vec<u8>>>>);

impl BlockSink for Blocks {
    fn buffer(&mut self) -> Result<Vec<u8>, SinkClosed> {
        Ok(Vec::new())
    }

    fn submit(&mut self, block: Vec<u8>) -> Result<usize, SinkClosed> {
        assert!(!block.is_empty() && block.len() <= 64 << 20);
        let mut blocks = self.0.lock().expect("nobody panicked");
        blocks.push(block);
        Ok(blocks.len() - 1)
    }
}
