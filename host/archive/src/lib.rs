//! Image archives: of a file, a folder or a stream, verified and cut into blocks.
//!
//! An archive is read once, on a thread that may wait. Its bytes go to a [`BlockSink`] as they
//! come, cut into blocks; every digest is checked on the way. [`Reading`] tells at the end in
//! which order the blocks are the stored archive.
//!
//! ```text
//! Archive ── take_in ─▶ (what it holds) ── images ─▶ somebody chooses ── finish ─▶ Reading
//! ```
//!
//! Which of its images is meant is not decided here. What can be read in any order tells it at once; a stream tells it
//! only at its end, so that it is taken in first.
//!
//! What needs threads, files without a name, or libraries in C stands in `native`; `wasi` has the same for
//! WebAssembly, where everything happens in turn and in memory.

mod blocks;
mod canonical;
mod catalog;
mod content;
mod contents;
mod contract;
mod cutting;
mod decode;
mod documents;
mod entry;
mod error;
mod extension;
mod header;
mod held;
mod image;
mod indexed;
mod intake;
mod length_hint;
mod location;
mod members;
mod names;
mod naming;
#[cfg(not(target_family = "wasm"))]
mod native;
mod oci_layout;
mod outline;
#[cfg(not(target_family = "wasm"))]
mod proof;
mod reading;
mod remote;
mod search;
mod shape;
mod side_by_side;
mod sink;
mod source;
mod sparse;
mod stream;
mod taken_in;
mod tar_file;
mod unpacker;
mod verbatim;
#[cfg(target_family = "wasm")]
mod wasi;

#[cfg(test)]
mod tests;

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek as _};
use std::path::{Path, PathBuf};

#[cfg(not(target_family = "wasm"))]
use native as machine;
#[cfg(target_family = "wasm")]
use wasi as machine;

use cutting::Cutting;
use decode::Compression;
use error::quoted;
use intake::Intake;
use machine::copy;
use machine::store::Store;
use search::Search;
use source::Tracked;
use taken_in::TakenIn;
use tar_file::TarFile;

/// The documents of the OCI, as registries and layouts have them.
pub mod oci {
    pub use crate::documents::{Descriptor, LONGEST, OciDocument, PlatformFields};
}

pub use cutting::fewest_blocks;
pub use error::{Error, Fault, ProducerFailure, Subject};
pub use image::{BlockLayout, Form, Held, Image};
pub use intake::KnownLayer;
pub use keepdocker_terms::digest::Digest;
pub use keepdocker_terms::platform::Platform;
pub use length_hint::Ending;
pub use location::{Location, LocationError};
pub use members::Source as Passable;
pub use naming::Naming;
pub use outline::{Outline, look, read as outline};
#[cfg(not(target_family = "wasm"))]
pub use proof::is_layer;
pub use reading::{Reading, TakenLayer};
pub use remote::{Remote, RemoteLayers};
pub use search::{Chosen, Wanted};
pub use sink::{BlockSink, Second, SinkClosed};
pub use source::Progress;
pub use verbatim::verified;

/// An archive, open for one reading.
pub struct Archive {
    /// What error texts call it.
    subject: String,
    origin: Origin,
    /// Where temporary files are made.
    folder: PathBuf,
    cutting: Cutting,
    naming: Option<Naming>,
    /// Layers that need not be read.
    known: Vec<KnownLayer>,
}

enum Origin {
    /// Something that can be read once, and has not begun.
    Stream(Opener),
    /// Something that can be read in any order.
    Store(Store),
    /// Something that was taken in, and of which no image was chosen yet.
    TakenIn(Box<TakenIn<'static>>),
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
    pub fn open(location: &Location, folder: &Path) -> Result<Self, Error> {
        match location {
            Location::Engine(name) => Err(Error::Unsupported(machine::not_in_engine(name))),
            Location::Registry(name) => Err(Error::Unsupported(format!(
                "`{}` is in a registry, not in an archive",
                quoted(name)
            ))),
            // What is there counts, not the transport before it.
            Location::File { file: path, .. } | Location::Folder { folder: path, .. } => {
                machine::check_access(path)?;
                let is_folder = match location {
                    Location::Folder { .. } => !path.is_file(),
                    _ => path.is_dir(),
                };
                if is_folder {
                    return Self::layout(path, folder);
                }
                let file = File::open(path).map_err(|error| Error::opening(path, error))?;
                Self::file(file, path.display().to_string(), folder)
            }
            Location::Stdin { .. } => {
                let opener: Opener = Box::new(|| Ok(Box::new(io::stdin())));
                Ok(Self::stream("standard input", opener, folder))
            }
        }
    }

    /// Opens a stream that can be read once. `subject` is what error texts call it.
    pub fn stream(subject: &str, opener: Opener, folder: &Path) -> Self {
        Archive {
            subject: subject.to_owned(),
            origin: Origin::Stream(opener),
            folder: folder.to_owned(),
            cutting: Cutting::KEEP,
            naming: None,
            known: Vec::new(),
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
    pub fn file(mut file: File, subject: String, folder: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Io {
            action: "read",
            subject: subject.clone(),
            source,
        };
        let is_regular = file.metadata().map_err(failed)?.is_file();
        let mut start = Vec::new();
        if is_regular {
            Read::by_ref(&mut file)
                .take(Compression::ENOUGH as u64)
                .read_to_end(&mut start)
                .and_then(|_| file.rewind())
                .map_err(failed)?;
        }
        let origin = match Compression::of(&start) {
            Compression::None if is_regular => {
                Origin::Store(Store::tar(TarFile::open(file, subject.clone())?))
            }
            _ => Origin::Stream(Box::new(move || Ok(Box::new(file)))),
        };
        Ok(Archive {
            subject,
            origin,
            folder: folder.to_owned(),
            cutting: Cutting::KEEP,
            naming: None,
            known: Vec::new(),
        })
    }

    /// Opens an OCI image layout in a folder.
    fn layout(layout: &Path, folder: &Path) -> Result<Self, Error> {
        let subject = layout.display().to_string();
        Ok(Archive {
            origin: Origin::Store(Store::folder(layout, subject.clone())?),
            subject,
            folder: folder.to_owned(),
            cutting: Cutting::KEEP,
            naming: None,
            known: Vec::new(),
        })
    }

    /// Returns what the archive holds, or none where that shows only once it was taken in.
    ///
    /// What is `wanted` bounds the look: where something is called so, only that is returned. Nothing is chosen.
    ///
    /// # Errors
    /// If the account of what it holds is unsound as far as that is of interest, or names too many images.
    pub fn images(&mut self, wanted: &Wanted) -> Result<Option<Vec<Held>>, Error> {
        let search = Search::new(wanted);
        let entries = match &mut self.origin {
            Origin::Spent => return Err(Error::Spent),
            Origin::Stream(_) => return Ok(None),
            Origin::Store(store) => {
                let mut documents = &*store;
                catalog::read(&mut documents, search).map_err(|error| store.refine(error))?
            }
            Origin::TakenIn(taken) => taken.images(search)?,
        };
        Ok(Some(catalog::told(entries)))
    }

    /// Returns the length of the source in bytes, where it is known before it is read.
    pub fn source_length(&self) -> Option<u64> {
        match &self.origin {
            Origin::Store(store) => store.length(),
            Origin::Stream(_) | Origin::TakenIn(_) | Origin::Spent => None,
        }
    }

    /// Returns what error texts call the archive.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Returns the folder in which [`Archive::take_in`] first makes a temporary copy, if it does.
    pub fn copies_to(&self, form: Form, layout: BlockLayout) -> Option<&Path> {
        let is_stream = matches!(self.origin, Origin::Stream(_));
        let wants_order = form == Form::Canonical && layout == BlockLayout::Dense;
        (is_stream && wants_order).then_some(&*self.folder)
    }

    /// Takes the archive in, as far as it must be read to tell what it holds; its blocks go to `sink`.
    ///
    /// A stream is read to its end, and so is an archive that is passed on as it is. This waits for the source and
    /// the sink, so it belongs on a thread of its own. It holds at most two of the sink's buffers at a time, unless the
    /// sink has a [`Second`]. With
    /// [`BlockLayout::Dense`], the canonical form of a stream is made from a temporary copy of the whole stream,
    /// because its blocks can be cut only once the order of the members is known.
    ///
    /// # Errors
    /// If the archive is unsound, the source fails or the sink closes. Blocks may have gone to the sink by then; they
    /// are worth nothing.
    pub fn take_in(
        &mut self,
        form: Form,
        layout: BlockLayout,
        sink: Box<dyn BlockSink>,
        progress: Progress<'_>,
    ) -> Result<(), Error> {
        let taken = self.begin(form, layout, sink, progress)?;
        self.origin = Origin::TakenIn(Box::new(taken));
        Ok(())
    }

    /// Makes blocks of what is missing of the image that was chosen, verified against all that is promised of it.
    ///
    /// This waits as [`Archive::take_in`] does.
    ///
    /// # Errors
    /// If the archive was not taken in, the image is unsound or not there, the source fails or the sink closes.
    pub fn finish(&mut self, chosen: &Chosen, progress: Progress<'_>) -> Result<Reading, Error> {
        match std::mem::replace(&mut self.origin, Origin::Spent) {
            Origin::TakenIn(taken) => taken.finish(chosen, progress),
            Origin::Stream(_) | Origin::Store(_) | Origin::Spent => Err(Error::Spent),
        }
    }

    /// Passes the archive on to `sink` as it is, verified, and returns the only image that it holds.
    ///
    /// # Errors
    /// If it is unsound, holds several images or none, the source fails or the sink closes.
    pub fn pass_on(
        &mut self,
        sink: &mut dyn BlockSink,
        progress: Progress<'_>,
    ) -> Result<Image, Error> {
        let sink = Box::new(sink);
        match self.begin(Form::Verbatim, BlockLayout::Dense, sink, progress)? {
            TakenIn::PassedOn(passed) => Ok(passed.finish_any()?.image),
            TakenIn::Indexed(..) | TakenIn::Streamed(_) => Err(Error::Spent),
        }
    }

    fn begin<'s>(
        &mut self,
        form: Form,
        layout: BlockLayout,
        sink: Box<dyn BlockSink + 's>,
        progress: Progress<'_>,
    ) -> Result<TakenIn<'s>, Error> {
        let origin = std::mem::replace(&mut self.origin, Origin::Spent);
        let is_layered = layout == BlockLayout::Layered;
        let naming = self.naming.as_ref();
        let settings = verbatim::Settings {
            cutting: self.cutting,
            is_layered,
            folder: &self.folder,
            rewriting: naming.map(|naming| naming as &dyn verbatim::Rewriting),
        };
        let mut known = std::mem::take(&mut self.known);
        let mut intake = |sink| {
            let mut intake = Intake::new(sink, self.cutting, is_layered, &self.folder);
            intake.spare(std::mem::take(&mut known));
            intake
        };
        Ok(match (origin, form) {
            (Origin::Spent | Origin::TakenIn(_), _) => return Err(Error::Spent),
            (Origin::Stream(opener), Form::Verbatim) => {
                let source = Tracked::new(begun(opener)?, &self.subject, progress);
                TakenIn::PassedOn(verbatim::pass_on(source, sink, &settings)?)
            }
            (Origin::Store(store), Form::Verbatim) => {
                let source = Tracked::new(store.rewound()?, &self.subject, progress);
                TakenIn::PassedOn(verbatim::pass_on(source, sink, &settings)?)
            }
            (Origin::Stream(opener), Form::Canonical) if is_layered => {
                let source = Tracked::new(begun(opener)?, &self.subject, progress);
                TakenIn::Streamed(stream::take_in(source, intake(sink))?)
            }
            (Origin::Stream(opener), Form::Canonical) => {
                let source = Tracked::new(begun(opener)?, &self.subject, progress);
                let copied = copy::copy(source, &self.subject, &self.folder)?;
                let store = Store::tar(TarFile::open(copied, self.subject.clone())?);
                TakenIn::Indexed(store, intake(sink))
            }
            (Origin::Store(store), Form::Canonical) => TakenIn::Indexed(store, intake(sink)),
        })
    }
}

impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Archive")
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

/// Begins a stream. Its type is the one of [`verified`], too, so that the code for it serves both.
fn begun<'a>(opener: Opener) -> Result<Box<dyn Read + 'a>, Error> {
    Ok(opener()?)
}
