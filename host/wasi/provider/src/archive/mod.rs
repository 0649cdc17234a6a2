//! Image archives in the folders that the runtime opens, or on standard input.
//!
//! How an archive is read, checked and put in canonical form is the native host's; here it happens
//! on one thread and without temporary files.

#[path = "../../../../src/archive/blocks.rs"]
mod blocks;
#[path = "../../../../src/archive/canonical.rs"]
mod canonical;
#[path = "../../../../src/archive/catalog.rs"]
mod catalog;
#[path = "../../../../src/archive/choice.rs"]
mod choice;
#[path = "../../../../src/archive/content.rs"]
mod content;
#[path = "../../../../src/archive/contents.rs"]
mod contents;
#[path = "../../../../src/archive/cutting.rs"]
mod cutting;
#[path = "../../../../src/archive/decode.rs"]
mod decode;
#[path = "../../../../src/archive/digest.rs"]
mod digest;
#[path = "../../../../src/archive/documents.rs"]
mod documents;
#[path = "../../../../src/archive/entry.rs"]
mod entry;
#[path = "../../../../src/archive/error.rs"]
mod error;
#[path = "../../../../src/archive/extension.rs"]
mod extension;
mod hasher;
#[path = "../../../../src/archive/header.rs"]
mod header;
#[path = "../../../../src/archive/indexed.rs"]
mod indexed;
#[path = "../../../../src/archive/intake.rs"]
mod intake;
#[path = "../../../../src/archive/location.rs"]
mod location;
#[path = "../../../../src/archive/members.rs"]
mod members;
#[path = "../../../../src/archive/names.rs"]
mod names;
#[path = "../../../../src/archive/oci_layout.rs"]
mod oci_layout;
#[path = "../../../../src/archive/outline.rs"]
mod outline;
#[path = "../../../../src/archive/platform.rs"]
mod platform;
#[path = "../../../../src/archive/reading.rs"]
mod reading;
#[path = "../../../../src/archive/shape.rs"]
mod shape;
#[path = "../../../../src/archive/sink.rs"]
mod sink;
#[path = "../../../../src/archive/source.rs"]
mod source;
#[path = "../../../../src/archive/sparse.rs"]
mod sparse;
mod spool;
mod store;
#[path = "../../../../src/archive/stream.rs"]
mod stream;
#[path = "../../../../src/archive/tar_file.rs"]
mod tar_file;
#[path = "../../../../src/archive/verbatim.rs"]
mod verbatim;
mod xz;
mod zstandard;

use std::fs::File;
use std::io::{self, Read, Seek as _};
use std::path::Path;

use wasip2::filesystem::preopens;

use crate::bindings::archives::{Image, Selection};
use crate::bindings::keep::{BlockLayout, Form};

use choice::Choice;
use cutting::Cutting;
use decode::Compression;
use intake::Intake;
use reading::Reading;
use source::Tracked;
use store::Store;
use tar_file::TarFile;

pub(crate) use error::Error;
pub(crate) use location::Location;
pub(crate) use members::Source as Passable;
pub(crate) use outline::read as outline;
pub(crate) use sink::{BlockSink, SinkClosed};

/// An archive, open for one reading.
pub(crate) struct Archive {
    /// What error texts call it.
    subject: String,
    origin: Origin,
    choice: Choice,
}

enum Origin {
    /// Something that can be read once, and has not begun.
    Stream(Box<dyn Read>),
    /// Something that can be read in any order.
    Store(Store),
    /// Something that was read.
    Spent,
}

impl Archive {
    /// Opens what the user named.
    ///
    /// A tar without compression is indexed here: its headers are read. Of others nothing is.
    pub(crate) fn open(location: &Location) -> Result<Self, Error> {
        match location {
            Location::File { file, image } => Self::file(file, named(image)),
            Location::Stdin { image } => Ok(Archive {
                subject: "standard input".to_owned(),
                origin: Origin::Stream(Box::new(io::stdin())),
                choice: named(image),
            }),
            _ => Err(Error::Unsupported(
                "here an archive comes from a file, as `docker-archive:FILE` or \
                 `oci-archive:FILE`, or from standard input, as `-`"
                    .to_owned(),
            )),
        }
    }

    fn file(path: &Path, choice: Choice) -> Result<Self, Error> {
        let subject = path.display().to_string();
        if preopens::get_directories().is_empty() {
            return Err(Error::Unsupported(format!(
                "`{subject}` cannot be read, as the runtime opens no folder for this component; \
                 grant one with `--dir FOLDER::/`, or as your runtime does it"
            )));
        }
        let failed = |action, source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => Error::NotFound(path.to_owned()),
            _ => Error::Io {
                action,
                subject: path.display().to_string(),
                source,
            },
        };
        let mut file = File::open(path).map_err(|error| failed("open", error))?;
        let mut start = Vec::new();
        Read::by_ref(&mut file)
            .take(Compression::ENOUGH as u64)
            .read_to_end(&mut start)
            .and_then(|_| file.rewind())
            .map_err(|error| failed("read", error))?;
        let origin = match Compression::of(&start) {
            Compression::None => Origin::Store(Store::new(TarFile::open(file, subject.clone())?)),
            _ => Origin::Stream(Box::new(file)),
        };
        Ok(Archive {
            subject,
            origin,
            choice,
        })
    }

    /// Returns what the archive holds, or none where that shows only once it has been read.
    pub(crate) fn images(&self) -> Result<Option<Vec<Image>>, Error> {
        match &self.origin {
            Origin::Spent => Err(Error::Spent),
            Origin::Stream(_) => Ok(None),
            Origin::Store(store) => {
                let mut documents = store;
                let entries = catalog::read(&mut documents, &self.choice)
                    .and_then(|entries| self.choice.narrow(entries))
                    .map_err(|error| store.refine(error))?;
                let images = entries.into_iter().map(|entry| entry.image);
                Ok(Some(images.collect()))
            }
        }
    }

    /// Reads the archive to its end, verifies it, and gives its blocks to `sink`.
    pub(crate) fn read(
        &mut self,
        selection: &Selection,
        form: Form,
        layout: BlockLayout,
        sink: &mut dyn BlockSink,
    ) -> Result<Reading, Error> {
        let origin = std::mem::replace(&mut self.origin, Origin::Spent);
        let is_layered = layout == BlockLayout::Layered;
        let choice = &self.choice;
        let (cutting, folder) = (Cutting::KEEP, Path::new(""));
        let settings = verbatim::Settings {
            cutting,
            is_layered,
            folder,
            rewriting: None,
        };
        let progress: source::Progress<'_> = &mut |_| {};
        match (origin, form) {
            (Origin::Spent, _) => Err(Error::Spent),
            (Origin::Stream(stream), Form::Verbatim) => {
                let source = Tracked::new(stream, &self.subject, progress);
                verbatim::read(source, sink, &settings, choice, selection)
            }
            (Origin::Store(store), Form::Verbatim) => {
                let source = Tracked::new(store.rewound()?, &self.subject, progress);
                verbatim::read(source, sink, &settings, choice, selection)
            }
            (Origin::Stream(_), Form::Canonical) if !is_layered => Err(Error::Unsupported(
                "a stream cannot be stored densely in canonical form here, as that needs a \
                     temporary file; name a file without compression"
                    .to_owned(),
            )),
            (Origin::Stream(stream), Form::Canonical) => {
                let source = Tracked::new(stream, &self.subject, progress);
                let intake = Intake::new(sink, cutting, is_layered, folder);
                stream::read(source, intake, choice, selection)
            }
            (Origin::Store(store), Form::Canonical) => {
                let intake = Intake::new(sink, cutting, is_layered, folder);
                indexed::read(&store, intake, choice, selection, progress)
            }
        }
    }
}

/// Reads a tar to its end, verifies it, and returns the only image that it holds.
pub(crate) fn verified(source: impl Read, subject: &str) -> Result<Image, Error> {
    let progress: source::Progress<'_> = &mut |_| {};
    let settings = verbatim::Settings {
        cutting: Cutting::KEEP,
        is_layered: false,
        folder: Path::new(""),
        rewriting: None,
    };
    // As a stream's, so that the code for it serves both.
    let source: Box<dyn Read + '_> = Box::new(source);
    let source = Tracked::new(source, subject, progress);
    let choice = Choice::default();
    let reading = verbatim::read(source, &mut Discarded, &settings, &choice, &Selection::Only)?;
    Ok(reading.image)
}

/// Takes what was verified, and keeps nothing.
struct Discarded;

impl BlockSink for Discarded {
    fn buffer(&mut self) -> Result<Vec<u8>, SinkClosed> {
        Ok(Vec::new())
    }

    fn submit(&mut self, _: Vec<u8>) -> Result<usize, SinkClosed> {
        Ok(0)
    }
}

/// Chooses by the name that was given with the source.
fn named(image: &Option<String>) -> Choice {
    Choice {
        name: image.clone(),
        ..Choice::default()
    }
}
