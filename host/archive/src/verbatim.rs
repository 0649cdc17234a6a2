//! Passes an archive on as it is, verified on the way.

use std::io::{self, Read};
use std::path::Path;

use super::blocks::{Blocks, TAR_UNIT};
use super::canonical;
use super::catalog;
use super::content::{Content, Hashing, pass};
use super::contents::{Contents, doubled};
use super::cutting::Cutting;
use super::documents::{self, Documents};
use super::entry::Entry;
use super::error::{Error, Fault};
use super::members::{Member, Members};
use super::reading::Reading;
use super::search::{Chosen, Search};
use super::sink::{BlockSink, SinkClosed};
use super::source::{Progress, Tracked, tar_stream};
use crate::machine::hasher::Hasher;
use crate::machine::spool::{Extent, Spool};
use keepdocker_terms::platform::Platform;

/// How blocks are cut, and where small things wait.
pub(crate) struct Settings<'a> {
    pub(crate) cutting: Cutting,
    /// Whether a large member begins a block.
    pub(crate) is_layered: bool,
    pub(crate) folder: &'a Path,
    /// What writes some members anew on their way.
    pub(crate) rewriting: Option<&'a dyn Rewriting>,
}

/// Writes members anew that no digest covers.
pub(crate) trait Rewriting {
    /// Tells whether it looks at a member. Its name is short and plain then.
    fn concerns(&self, member: &Member) -> bool;

    /// Returns what such a member is to be instead.
    fn rewritten(&self, member: &str, bytes: Vec<u8>) -> Vec<u8>;
}

/// An archive that was passed on. It holds one image.
pub(crate) struct PassedOn<'a> {
    blocks: Blocks<'a>,
    contents: Contents<(Content, Option<Extent>)>,
    spool: Spool,
    entry: Entry,
}

/// Passes all bytes of `source` on to the sink.
///
/// Compression around the whole archive is taken off: what Keep stores is a tar.
pub(crate) fn pass_on<'a>(
    source: impl Read,
    sink: Box<dyn BlockSink + 'a>,
    settings: &Settings<'_>,
) -> Result<PassedOn<'a>, Error> {
    let hasher = Hasher::start();
    let hashing = Hashing {
        hasher: &hasher,
        room: None,
    };
    let mut spool = Spool::new(settings.folder);
    let mut blocks = Blocks::new(sink, settings.cutting);
    let mut contents: Contents<(Content, Option<Extent>)> = Contents::new();
    let mut members = Members::new(tar_stream(source)?).keeping_between();
    let mut was_large = false;
    loop {
        members.finish_member()?;
        blocks.append(&members.take_between())?;
        if was_large {
            blocks.cut()?;
        }
        let Some(member) = members.next()? else {
            break;
        };
        was_large = settings.is_layered && member.size >= settings.cutting.large;
        if was_large {
            blocks.cut()?;
        }
        let rewriting = settings
            .rewriting
            .filter(|rewriting| rewriting.concerns(&member));
        if rewriting.is_none() {
            blocks.append(&members.take_between())?;
        }
        if contents.add(&member)? {
            continue;
        }
        if member.holes.is_some() {
            return Err(not_as_it_is("holds sparse files"));
        }
        if let Some(rewriting) = rewriting {
            let mut document = Vec::new();
            let content = pass(&mut members, &member.name, hashing, |bytes: &[u8]| {
                // What is compressed is no document, and may be as long as it likes.
                if document.len() as u64 <= documents::LONGEST {
                    document.extend_from_slice(bytes);
                }
                Ok(())
            })?;
            let extent = match content.raw == content.plain {
                true => Some(spool.append(&document)?),
                false => None,
            };
            members.finish_member()?;
            // Its header and padding are those of other bytes.
            drop(members.take_between());
            append_member(
                &mut blocks,
                &member.name,
                &rewriting.rewritten(&member.name, document),
            )?;
            contents.add_file(member.name, (content, extent));
            continue;
        }
        let mut tap = Tap {
            inner: &mut members,
            blocks: &mut blocks,
            failure: None,
        };
        let mut document = Vec::new();
        let mut is_document = member.size <= documents::LONGEST;
        let passed = pass(&mut tap, &member.name, hashing, |bytes: &[u8]| {
            is_document &= !document.is_empty() || documents::begins(bytes);
            if is_document {
                document.extend_from_slice(bytes);
            }
            Ok(())
        });
        if let Some(failure) = tap.failure {
            return Err(failure);
        }
        let content = passed?;
        content.verify_name(&member.name)?;
        is_document &= content.raw == content.plain;
        let extent = match is_document {
            true => Some(spool.append(&document)?),
            false => None,
        };
        match contents.former(&member.name) {
            None => contents.add_file(member.name, (content, extent)),
            Some((former, _)) if *former == content => {}
            Some(_) => return Err(doubled(&member.name)),
        }
    }
    blocks.append(&members.take_between())?;
    // Compute nodes would get it as it is.
    if members.shape().is_cut {
        return Err(Error::archive(Fault::Truncated));
    }

    let mut arrived = Arrived {
        contents: &contents,
        spool: &mut spool,
    };
    let account = arrived.document("manifest.json")?;
    if account.is_none_or(|account| catalog::is_object(&account)) {
        return Err(not_as_it_is("has no `manifest.json` of Docker's form"));
    }
    let any = Search::Any(&Platform::usual());
    let refine = |error| members.shape().refine(error);
    let mut entries = catalog::read(&mut arrived, any).map_err(refine)?;
    let count = entries.len();
    let (Some(entry), 1) = (entries.pop(), count) else {
        return Err(not_as_it_is(&format!("holds {count} images, and not one")));
    };
    Ok(PassedOn {
        blocks,
        contents,
        spool,
        entry,
    })
}

impl PassedOn<'_> {
    /// Returns the image.
    pub(crate) fn image(&self) -> &Entry {
        &self.entry
    }

    /// Makes sure that it is the one that was chosen and is what it claims, and ends the archive.
    pub(crate) fn finish(mut self, chosen: &Chosen) -> Result<Reading, Error> {
        self.entry = catalog::pick(vec![self.entry], chosen)?;
        self.finish_any()
    }

    /// Does the same, whatever image it is. The manifest's digest is told where the archive is in canonical form.
    pub(crate) fn finish_any(mut self) -> Result<Reading, Error> {
        let mut arrived = Arrived {
            contents: &self.contents,
            spool: &mut self.spool,
        };
        let (contents, mut entry) = (&self.contents, self.entry);
        catalog::check_index(&mut arrived, &entry)?;
        let mut layers = Vec::with_capacity(entry.layers.len());
        // An engine with a containerd store would go by an index.
        let mut is_canonical = contents.file("index.json")?.is_none();
        for (layer, diff_id) in entry.layers.iter().zip(&entry.diff_ids) {
            let (content, _) = contents
                .file(&layer.member)?
                .ok_or_else(|| layer.missing())?;
            content.verify(layer, diff_id)?;
            is_canonical &= content.raw == content.plain;
            is_canonical &= layer.member == canonical::layer_name(diff_id);
            layers.push(content.plain);
        }
        if is_canonical {
            entry.image.manifest =
                Some(canonical::loaded_as(&entry.id, entry.config.len(), &layers));
        }
        let (order, size) = self.blocks.take()?;
        Ok(Reading {
            layers: Vec::new(),
            image: entry.image,
            loaded_as: None,
            order,
            size,
        })
    }
}

/// Reads a tar to its end, verifies it, and returns the only image that it holds.
///
/// # Errors
/// If it is unsound, holds several images or none, or `source` fails.
pub fn verified(source: impl Read, subject: &str) -> Result<crate::image::Image, Error> {
    let progress: Progress<'_> = &mut |_| {};
    let settings = Settings {
        cutting: Cutting::KEEP,
        is_layered: false,
        folder: Path::new(""),
        rewriting: None,
    };
    let source: Box<dyn Read + '_> = Box::new(source);
    let source = Tracked::new(source, subject, progress);
    let passed = pass_on(source, Box::new(Discarded), &settings)?;
    Ok(passed.finish_any()?.image)
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

fn not_as_it_is(why: &str) -> Error {
    Error::Unsupported(format!(
        "the archive {why}, so it cannot be stored as it is; leave out the wish to store it verbatim"
    ))
}

/// Adds a member of a short, plain name.
fn append_member(blocks: &mut Blocks<'_>, name: &str, data: &[u8]) -> Result<(), Error> {
    blocks.append(&canonical::header(name, data.len() as u64))?;
    blocks.append(data)?;
    let padding = data.len().next_multiple_of(TAR_UNIT) - data.len();
    blocks.append(&[0; TAR_UNIT][..padding])
}

/// Copies what is read to the blocks.
struct Tap<'a, 'b, R> {
    inner: R,
    blocks: &'a mut Blocks<'b>,
    failure: Option<Error>,
}

impl<R: Read> Read for Tap<'_, '_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        if let Err(failure) = self.blocks.append(&buffer[..count]) {
            self.failure = Some(failure);
            return Err(io::Error::other("the blocks are no longer wanted"));
        }
        Ok(count)
    }
}

struct Arrived<'a> {
    contents: &'a Contents<(Content, Option<Extent>)>,
    spool: &'a mut Spool,
}

impl Documents for Arrived<'_> {
    fn document(&mut self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        match self.contents.file(name)? {
            None => Ok(None),
            Some((_, Some(extent))) => self.spool.read(*extent).map(Some),
            Some(_) => Err(Error::member(
                name,
                Fault::Refused("is not the JSON document that it should be"),
            )),
        }
    }
}
