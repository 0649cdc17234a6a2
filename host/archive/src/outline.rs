//! What an archive holds, told by its headers and its JSON members; the layers are passed over.
//!
//! The walk goes from the first header to the end mark, so that nothing is in the archive that a reader
//! could take for something else: a second `manifest.json` ends it, as anything does that is refused
//! when an archive is read whole. The config is hashed. Of the layers only the sizes are known; what
//! they hold is for those who read them, against the config's diff IDs.

use std::io::{self, Read};

use crate::image::Image;

use super::canonical;
use super::catalog;
use super::contents::{Contents, doubled};
use super::documents::{self, Documents, LONGEST};
use super::error::{Error, Fault, SourceFailure, Subject};
use super::members::{Members, Source};
use super::search::Search;
use keepdocker_terms::digest::Digest;
use keepdocker_terms::platform::Platform;

/// The most bytes that are kept of all members that may be documents.
const MOST_KEPT: u64 = 32 << 20;

/// How much of a member is looked at to tell whether it may be a document.
const BEGINNING: usize = 64;

/// A member that was passed.
struct Passed {
    size: u64,
    /// Its bytes, if it may be a document.
    document: Option<Vec<u8>>,
}

/// What headers and documents tell of an archive with one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// The image.
    pub image: Image,
    /// How many bytes the member of each layer has by its header, in the order of the diff IDs: those of a compressed
    /// layer are not those of what is in it.
    pub layer_sizes: Vec<u64>,
}

/// Walks through the archive and returns the only image that it holds.
///
/// The manifest's digest is told where the archive is in canonical form.
///
/// # Errors
/// If the archive is unsound as far as it was read, or holds no image, or several.
pub fn read(source: impl Source, subject: &str) -> Result<Image, Error> {
    Ok(look(source, subject)?.image)
}

/// Walks through the archive as [`read`] does, and returns the sizes of the layers besides.
///
/// # Errors
/// As [`read`].
pub fn look(source: impl Source, subject: &str) -> Result<Outline, Error> {
    let mut contents: Contents<Passed> = Contents::new();
    let mut members = Members::new(Told {
        inner: source,
        subject,
    });
    let mut kept = 0;
    while let Some(member) = members.next()? {
        if contents.add(&member)? {
            continue;
        }
        // Layers are passed over, so that nothing tells whether it is the same member again.
        if contents.former(&member.name).is_some() {
            return Err(doubled(&member.name));
        }
        if member.holes.is_some() {
            return Err(Error::member(
                member.name,
                Fault::Refused("is a sparse file"),
            ));
        }
        let document = if member.size <= LONGEST {
            document(&mut members, &member.name, member.size, &mut kept)?
        } else {
            None
        };
        contents.add_file(
            member.name,
            Passed {
                size: member.size,
                document,
            },
        );
    }
    // Only digests of all that it should hold would tell that it is whole without its end mark.
    if members.shape().is_cut {
        return Err(Error::archive(Fault::Truncated));
    }
    let mut documents = Kept(&contents);
    let account = documents.document("manifest.json")?;
    if account.is_some_and(|account| catalog::is_object(&account)) {
        return Err(Error::member(
            "manifest.json",
            Fault::Refused("is not a list of images"),
        ));
    }
    let entries = catalog::read(&mut documents, Search::Any(&Platform::usual()))?;
    let entry = catalog::only(entries)?;
    catalog::check_index(&mut Kept(&contents), &entry)?;
    let mut layers = Vec::with_capacity(entry.layers.len());
    // An engine with a containerd store would go by an index.
    let mut is_canonical = contents.file("index.json")?.is_none();
    for (layer, diff_id) in entry.layers.iter().zip(&entry.diff_ids) {
        let passed = contents
            .file(&layer.member)?
            .ok_or_else(|| layer.missing())?;
        // Tools that name a layer so, ours among them, name it by its diff ID.
        let named = layer.member.strip_suffix(".tar").and_then(Digest::from_hex);
        if named.is_some_and(|named| named != *diff_id || contents.is_link(&layer.member)) {
            return Err(Error::member(
                layer.member.clone(),
                Fault::Refused("stands in the place of another layer"),
            ));
        }
        let promised = layer.blob.and_then(|blob| blob.size);
        if let Some(promised) = promised.filter(|size| *size != passed.size) {
            return Err(Error::member(
                layer.member.clone(),
                Fault::WrongSize {
                    found: passed.size,
                    promised,
                },
            ));
        }
        is_canonical &= layer.member == canonical::layer_name(diff_id);
        layers.push((*diff_id, passed.size));
    }
    let mut image = entry.image;
    if is_canonical {
        image.manifest = Some(canonical::loaded_as(&entry.id, entry.config.len(), &layers));
    }
    Ok(Outline {
        image,
        layer_sizes: layers.into_iter().map(|(_, size)| size).collect(),
    })
}

/// Reads a member whole if it begins as a document does.
fn document(
    members: &mut Members<impl Source>,
    name: &str,
    size: u64,
    kept: &mut u64,
) -> Result<Option<Vec<u8>>, Error> {
    let failed = |error| Error::reading(Subject::Member(name.to_owned()), error);
    let mut bytes = Vec::new();
    let mut reader = Read::take(&mut *members, size);
    Read::take(&mut reader, BEGINNING as u64)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if !documents::begins(&bytes) {
        return Ok(None);
    }
    *kept += size;
    if *kept > MOST_KEPT {
        return Err(Error::archive(Fault::TooMuch {
            what: "has more JSON documents than any image needs",
            limit: MOST_KEPT,
        }));
    }
    reader.read_to_end(&mut bytes).map_err(failed)?;
    Ok(Some(bytes))
}

/// The documents of the members that were passed.
struct Kept<'a>(&'a Contents<Passed>);

impl Documents for Kept<'_> {
    fn document(&mut self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        match self.0.file(name)? {
            None => Ok(None),
            Some(Passed {
                document: Some(bytes),
                ..
            }) => Ok(Some(bytes.clone())),
            Some(_) => Err(Error::member(name, Fault::Refused("is no JSON document"))),
        }
    }
}

/// A source whose failures are told from bad data.
struct Told<'a, S> {
    inner: S,
    subject: &'a str,
}

impl<S: Read> Read for Told<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer);
        read.map_err(|error| SourceFailure::wrap(self.subject, error))
    }
}

impl<S: Source> Source for Told<'_, S> {
    fn skip(&mut self, count: u64) -> io::Result<()> {
        self.inner.skip(count)
    }
}
