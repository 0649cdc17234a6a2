//! Image archives: from the engine, a file, a folder or a stream.
//!
//! An archive is read once, on a thread that may wait. Its bytes go to a [`BlockSink`] as they
//! come, cut into blocks; every digest is checked on the way. [`Reading`] tells at the end in
//! which order the blocks are the stored archive.

mod archives;
mod blocks;
mod canonical;
mod catalog;
mod choice;
mod content;
mod contents;
mod copy;
mod cutting;
mod decode;
mod digest;
mod documents;
mod entry;
mod error;
mod extension;
mod hasher;
mod header;
pub mod host;
mod indexed;
mod intake;
mod location;
mod members;
mod names;
mod naming;
mod oci_layout;
mod outline;
mod platform;
mod reading;
mod shape;
mod sink;
mod source;
mod sparse;
mod spool;
mod store;
mod stream;
mod tar_file;
mod verbatim;
mod xz;
mod zstandard;

#[cfg(test)]
mod tests;

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::Dir;

use crate::bindings::archives::{Image, Selection};
use crate::bindings::keep::{BlockLayout, Form};
use crate::engine::Engine;

use cutting::Cutting;
use intake::Intake;
use source::Tracked;
use store::{Folder, Store};
use tar_file::TarFile;

pub use archives::{Archives, ArchivesError, Opened};
pub use choice::Choice;
pub use cutting::fewest_blocks;
pub use digest::Digest;
pub use error::{Error, Fault, Subject};
pub use location::{Location, LocationError};
pub(crate) use members::Source as Passable;
pub use naming::Naming;
pub(crate) use outline::read as outline;
pub use reading::Reading;
pub use sink::{BlockSink, SinkClosed};
pub use source::Progress;

/// An archive, open for one reading.
pub struct Archive {
    /// What error texts call it.
    subject: String,
    origin: Origin,
    choice: Choice,
    /// Where temporary files are made.
    folder: PathBuf,
    cutting: Cutting,
    naming: Option<Naming>,
}

enum Origin {
    /// Something that can be read once, and has not begun.
    Stream(Opener),
    /// Something that can be read in any order.
    Store(Store),
    /// Something that was read.
    Spent,
}

/// Begins a stream, when its first byte is wanted.
pub type Opener = Box<dyn FnOnce() -> Result<Box<dyn Read + Send>, Error> + Send>;

impl Archive {
    /// Opens what the user named; `folder` is where temporary files may be made.
    ///
    /// A tar without compression is indexed here: its headers are read. Of streams, pipes and
    /// compressed tars, nothing is.
    ///
    /// # Errors
    /// If there is nothing, or nothing of use. The engine's store is not opened here but by
    /// [`Archive::stream`] with what the engine gives.
    pub fn open(location: &Location, mut choice: Choice, folder: &Path) -> Result<Self, Error> {
        match location {
            Location::Engine(name) => Err(Error::Unsupported(format!(
                "`{}` is in the engine's store, not in an archive",
                error::quoted(name)
            ))),
            Location::File { file, image } => {
                choice.name.clone_from(image);
                // What is there counts, not the transport before it.
                if file.is_dir() {
                    return Self::layout(file, choice, folder);
                }
                let opened = File::open(file).map_err(|error| open_error(file, error))?;
                Self::file(opened, file.display().to_string(), choice, folder)
            }
            Location::Folder {
                folder: layout,
                image,
            } => {
                choice.name.clone_from(image);
                if layout.is_file() {
                    let opened = File::open(layout).map_err(|error| open_error(layout, error))?;
                    return Self::file(opened, layout.display().to_string(), choice, folder);
                }
                Self::layout(layout, choice, folder)
            }
            Location::Stdin { image } => {
                choice.name.clone_from(image);
                let opener: Opener = Box::new(|| Ok(Box::new(io::stdin())));
                Ok(Self::stream("standard input", opener, choice, folder))
            }
        }
    }

    /// Opens the archive that `engine` will save of the image that it knows by `id`.
    ///
    /// The engine is asked when the archive is read, and not before.
    pub fn engine(engine: Engine, id: &str, choice: Choice, folder: &Path) -> Self {
        let subject = format!("what `{}` saves", engine.program());
        let id = id.to_owned();
        let opener: Opener = Box::new(move || Ok(Box::new(engine.save(&id)?)));
        Self::stream(&subject, opener, choice, folder)
    }

    /// Opens a stream that can be read once. `subject` is what error texts call it.
    pub fn stream(subject: &str, opener: Opener, choice: Choice, folder: &Path) -> Self {
        Archive {
            subject: subject.to_owned(),
            origin: Origin::Stream(opener),
            choice,
            folder: folder.to_owned(),
            cutting: Cutting::KEEP,
            naming: None,
        }
    }

    /// Cuts what goes to the sink into pieces of at most `length` bytes, a multiple of 512, where
    /// the sink is not Keep.
    #[must_use]
    pub fn in_pieces(mut self, length: usize) -> Self {
        self.cutting.block = length;
        self
    }

    /// Gives the image of an archive that is passed on as it is this name and no other.
    #[must_use]
    pub fn named(mut self, naming: Option<Naming>) -> Self {
        self.naming = naming;
        self
    }

    /// Opens a tar in a file that is at its beginning; `subject` is what error texts call it.
    ///
    /// # Errors
    /// If the file cannot be read or is no sound tar.
    pub fn file(
        mut file: File,
        subject: String,
        choice: Choice,
        folder: &Path,
    ) -> Result<Self, Error> {
        let failed = |source| Error::Io {
            action: "read",
            subject: subject.clone(),
            source,
        };
        let is_regular = file.metadata().map_err(failed)?.is_file();
        let mut start = Vec::new();
        if is_regular {
            Read::by_ref(&mut file)
                .take(decode::Compression::ENOUGH as u64)
                .read_to_end(&mut start)
                .and_then(|_| io::Seek::rewind(&mut file))
                .map_err(failed)?;
        }
        let origin = match decode::Compression::of(&start) {
            decode::Compression::None if is_regular => {
                Origin::Store(Store::Tar(TarFile::open(file, subject.clone())?))
            }
            _ => Origin::Stream(Box::new(move || Ok(Box::new(file)))),
        };
        Ok(Archive {
            subject,
            origin,
            choice,
            folder: folder.to_owned(),
            cutting: Cutting::KEEP,
            naming: None,
        })
    }

    /// Opens an OCI image layout in a folder.
    fn layout(layout: &Path, choice: Choice, folder: &Path) -> Result<Self, Error> {
        let subject = layout.display().to_string();
        let opened = Dir::open_ambient_dir(layout, ambient_authority());
        let opened = opened.map_err(|error| open_error(layout, error))?;
        Ok(Archive {
            origin: Origin::Store(Store::Folder(Folder::new(opened, subject.clone()))),
            subject,
            choice,
            folder: folder.to_owned(),
            cutting: Cutting::KEEP,
            naming: None,
        })
    }

    /// Returns what the archive holds, or none where that shows only once it has been read.
    ///
    /// Of an image for several platforms, only the one that would be chosen is told.
    ///
    /// # Errors
    /// If its account of what it holds is unsound, or holds nothing of the name or platform that
    /// was given with the source.
    pub fn images(&self) -> Result<Option<Vec<Image>>, Error> {
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

    /// Returns the length of the source in bytes, where it is known before it is read.
    pub fn source_length(&self) -> Option<u64> {
        match &self.origin {
            Origin::Store(store) => store.length(),
            Origin::Stream(_) | Origin::Spent => None,
        }
    }

    /// Returns what error texts call the archive.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Returns the folder in which [`Archive::read`] first makes a temporary copy, if it does.
    pub fn copies_to(&self, form: Form, layout: BlockLayout) -> Option<&Path> {
        let is_stream = matches!(self.origin, Origin::Stream(_));
        let wants_order = form == Form::Canonical && layout == BlockLayout::Dense;
        (is_stream && wants_order).then_some(&*self.folder)
    }

    /// Reads the archive to its end, verifies it, and gives its blocks to `sink`.
    ///
    /// This waits for the source and the sink, so it belongs on a thread of its own. It holds at
    /// most two of the sink's buffers at a time. With [`BlockLayout::Dense`], the canonical form
    /// of a stream is made from a temporary copy of the whole stream, because its blocks can be
    /// cut only once the order of the members is known.
    ///
    /// # Errors
    /// If the archive is unsound, the image is not there, the source fails or the sink closes.
    /// Blocks may have gone to the sink by then; they are worth nothing.
    pub fn read(
        &mut self,
        selection: &Selection,
        form: Form,
        layout: BlockLayout,
        sink: &mut dyn BlockSink,
        progress: Progress<'_>,
    ) -> Result<Reading, Error> {
        let origin = std::mem::replace(&mut self.origin, Origin::Spent);
        let is_layered = layout == BlockLayout::Layered;
        let choice = &self.choice;
        let settings = verbatim::Settings {
            cutting: self.cutting,
            is_layered,
            folder: &self.folder,
            rewriting: self
                .naming
                .as_ref()
                .map(|naming| naming as &dyn verbatim::Rewriting),
        };
        match (origin, form) {
            (Origin::Spent, _) => Err(Error::Spent),
            (Origin::Stream(opener), Form::Verbatim) => {
                let source = Tracked::new(opener()?, &self.subject, progress);
                verbatim::read(source, sink, &settings, choice, selection)
            }
            (Origin::Store(Store::Tar(tar)), Form::Verbatim) => {
                let source = Tracked::new(tar.rewound()?, &self.subject, progress);
                verbatim::read(source, sink, &settings, choice, selection)
            }
            (Origin::Store(Store::Folder(_)), Form::Verbatim) => {
                Err(Error::Unsupported(
                    "a folder is not one sequence of bytes, so it cannot be stored as it is; leave out the wish to store it verbatim".into(),
                ))
            }
            (Origin::Stream(opener), Form::Canonical) if is_layered => {
                let source = Tracked::new(opener()?, &self.subject, progress);
                let intake = Intake::new(sink, self.cutting, is_layered, &self.folder);
                stream::read(source, intake, choice, selection)
            }
            (Origin::Stream(opener), Form::Canonical) => {
                let source = Tracked::new(opener()?, &self.subject, progress);
                let copied = copy::copy(source, &self.subject, &self.folder)?;
                let store = Store::Tar(TarFile::open(copied, self.subject.clone())?);
                let intake = Intake::new(sink, self.cutting, is_layered, &self.folder);
                indexed::read(&store, intake, choice, selection, &mut |_| {})
            }
            (Origin::Store(store), Form::Canonical) => {
                let intake = Intake::new(sink, self.cutting, is_layered, &self.folder);
                indexed::read(&store, intake, choice, selection, progress)
            }
        }
    }
}

impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Archive")
            .field("subject", &self.subject)
            .field("choice", &self.choice)
            .finish_non_exhaustive()
    }
}

fn open_error(path: &Path, source: io::Error) -> Error {
    match source.kind() {
        io::ErrorKind::NotFound => Error::NotFound(path.to_owned()),
        _ => Error::Io {
            action: "open",
            subject: path.display().to_string(),
            source,
        },
    }
}
