//! An archive out of Keep: blocks are fetched ahead, verified, and handed to the target.
//!
//! ```text
//! Keep ─▶ ReadAhead ─▶ Archive (every digest) ─▶ Pieces ─▶ Delivery ─▶ file, pipe, engine
//! ```

use std::path::PathBuf;
use std::sync::PoisonError;

use super::Stretch;
use super::read_ahead::ReadAhead;
use super::store::{ArchiveStore, StoreError};
use crate::archive::{self, Archive, BlockSink, Image, SinkClosed};
use crate::bindings::keep::{self, Depth, Extent, Fetched, StoredArchive};
use crate::target::{self, Delivery, Opening, Target};

/// How many blocks are fetched at a time, unless the user says otherwise. With the one that is
/// being read, that makes 256 MiB.
pub(super) const USUAL_CONCURRENCY: usize = 3;

/// How many bytes go to the target at a time.
const PIECE: usize = 1 << 20;

/// Where the command line wants fetched archives to go.
#[derive(Debug, Clone)]
pub(crate) struct Destination {
    /// None where the command fetches nothing.
    pub target: Option<Target>,
    /// Where temporary files are made.
    pub scratch: PathBuf,
}

impl ArchiveStore {
    /// Fetches an archive, verifies it, and hands it to the target; of one whose image is `present` in the
    /// engine, makes sure of that instead. `name` is what the image is called there.
    ///
    /// # Errors
    /// If a block cannot be read, the archive is not sound or not that of the image, or the
    /// target does not take it. No file holds a part of it then, and the engine none of it.
    pub(crate) async fn fetch(
        &self,
        stored: &StoredArchive,
        target: keep::Target,
        present: bool,
        name: Option<String>,
    ) -> Result<Fetched, StoreError> {
        // What the component asks for must also be what the user wants.
        let target = self
            .destination
            .target
            .clone()
            .filter(|wanted| wanted.is_engine() == (target == keep::Target::Engine))
            .ok_or(StoreError::NoTarget)?
            .calling_it(name)
            .map_err(StoreError::NotTheName)?;
        if present {
            return self.present(stored, &target).await;
        }
        let stretches = stretches(&stored.extents)?;
        let size = stretches.iter().map(|stretch| stretch.length as u64).sum();
        let progress = self.progress.clone();
        progress.total(Some(size));
        let blocks = ReadAhead::start(
            self.keep.clone(),
            stretches,
            self.concurrency.unwrap_or(USUAL_CONCURRENCY),
        );
        let failure = blocks.failure();
        let archive = Archive::stream(
            "the archive in Keep",
            Box::new(move || Ok(Box::new(blocks))),
            &self.destination.scratch,
        )
        .in_pieces(PIECE)
        .named(target.naming());
        let (opening, file) = target.prepare()?;
        let wanted = stored.image.clone();
        let read = tokio::task::spawn_blocking(move || {
            let mut seen = 0;
            deliver(opening, archive, &wanted, &mut |count| {
                progress.read(count - seen);
                seen = count;
            })
        })
        .await?;
        let of_keep = failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let image = match (read, of_keep) {
            (Ok(image), _) => image,
            (Err(_), Some(error)) => return Err(error.into()),
            (Err(error), None) => return Err(error),
        };
        target.check(&image).await?;
        if let Some(file) = file {
            file.finish().map_err(target::Error::from)?;
        }
        self.progress.finish();
        Ok(Fetched {
            image: image.into(),
            size,
        })
    }
}

impl ArchiveStore {
    /// Has the engine keep the image that it has, under the name that the user wants.
    ///
    /// What the component says of it counts for nothing: the archive tells which image it is.
    async fn present(
        &self,
        stored: &StoredArchive,
        target: &Target,
    ) -> Result<Fetched, StoreError> {
        let image = self.examine(stored, Depth::Config).await?;
        promised(&stored.image, &image)?;
        target.take_present(&image).await?;
        Ok(Fetched {
            image: image.into(),
            size: 0,
        })
    }
}

/// Makes sure that an archive holds the image that its name promises.
fn promised(wanted: &str, image: &Image) -> Result<(), StoreError> {
    // Both were found by reading, and neither is anybody's word.
    if image.id == wanted || image.manifest.as_deref() == Some(wanted) {
        return Ok(());
    }
    Err(StoreError::AnotherImage {
        wanted: wanted.to_owned(),
        found: image.id.clone(),
    })
}

/// Reads the archive, and hands what was verified to the target.
fn deliver(
    target: Opening,
    mut archive: Archive,
    wanted: &str,
    progress: archive::Progress<'_>,
) -> Result<Image, StoreError> {
    let mut pieces = Pieces {
        delivery: target.begin()?,
        unused: None,
        failure: None,
        count: 0,
    };
    let read = archive.pass_on(&mut pieces, progress);
    if let Some(failure) = pieces.failure {
        return Err(failure.into());
    }
    let image = read?;
    promised(wanted, &image)?;
    pieces.delivery.finish()?;
    Ok(image)
}

/// Hands the pieces of an archive on as they come.
struct Pieces {
    delivery: Delivery,
    /// A buffer that came back.
    unused: Option<Vec<u8>>,
    failure: Option<target::Error>,
    count: usize,
}

impl BlockSink for Pieces {
    fn buffer(&mut self) -> Result<Vec<u8>, SinkClosed> {
        let mut buffer = self.unused.take().unwrap_or_default();
        buffer.reserve_exact(PIECE.saturating_sub(buffer.len()));
        Ok(buffer)
    }

    fn submit(&mut self, block: Vec<u8>) -> Result<usize, SinkClosed> {
        match self.delivery.write(block) {
            Ok(buffer) => self.unused = buffer.or(self.unused.take()),
            Err(error) => {
                self.failure = Some(error);
                return Err(SinkClosed);
            }
        }
        self.count += 1;
        Ok(self.count - 1)
    }
}

/// Reads what the component says of the archive's place.
pub(super) fn stretches(extents: &[Extent]) -> Result<Vec<Stretch>, StoreError> {
    extents
        .iter()
        .map(|extent| {
            let block: super::Locator = extent
                .block
                .parse()
                .map_err(|_| StoreError::BadExtent("what is no locator".into()))?;
            let (start, length) = (extent.start as usize, extent.length as usize);
            let is_inside = length > 0 && start + length <= block.block().size as usize;
            if !is_inside {
                return Err(StoreError::BadExtent(block.without_signature()));
            }
            Ok(Stretch {
                block,
                start,
                length,
            })
        })
        .collect()
}
