//! An archive into Keep: the reader on one thread, hashing and sending on others. How one comes
//! out again is in `fetch`.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinError;

use super::journal::{Both, JournalFile, Noted, Sent, recall};
use super::pending::Pending;
use super::records::LayerRecords;
use super::{
    Charge, Destination, Error as KeepError, Identity, Journal, Keep, KnownBlocks, Lenders, Upload,
    UploadOptions,
};
use crate::archive::{self, Chosen, KnownLayer, Opened};
use crate::bindings::archives::Error as WitArchiveError;
use crate::bindings::keep::{Error as WitError, Options, Stored, StoredLayer};
use crate::cache::Place;
use crate::engine::CommandError;
use crate::gate::Budget;
use crate::messages::{Level, Messages};
use crate::plan::{Deviation, Effects, Step};
use crate::progress::Progress;
use crate::target;

/// How long the journals of earlier runs may take to be read.
const PATIENCE: Duration = Duration::from_secs(10);

/// Stores archives in Keep, and fetches them from there.
pub(crate) struct ArchiveStore {
    pub(super) keep: Arc<Keep>,
    pub(super) concurrency: Option<usize>,
    pub(super) progress: Arc<dyn Progress>,
    pub(super) destination: Destination,
    pub(super) messages: Messages,
    pub(super) records: Arc<LayerRecords>,
    sent: Arc<Sent>,
    effects: Effects,
    lenders: Lenders,
    /// Where journals are kept, and for whom their signatures are good; none to keep none.
    journals: Option<(Arc<Place>, Identity)>,
    /// What was taken in last.
    pending: Mutex<Option<Pending>>,
}

/// Why an archive could not be stored, or not be fetched.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// The archive is at fault, or its source.
    #[error(transparent)]
    Archive(#[from] archive::Error),
    /// Keep is at fault.
    #[error(transparent)]
    Keep(#[from] KeepError),
    /// Where the archive is to go takes no more.
    #[error(transparent)]
    Target(#[from] target::Error),
    /// The command that runs fetches nothing.
    #[error("there is nowhere for the archive to go, as this command fetches nothing")]
    NoTarget,
    /// The image is to get a name that nobody gave it.
    #[error("the image cannot be called `{0}` there, as it was not asked for by that")]
    NotTheName(String),
    /// The archive does not lie where it is said to lie.
    #[error("{0} is no stretch of a block")]
    BadExtent(String),
    /// The archive is that of another image.
    #[error("the archive that is named {wanted} holds image {found}")]
    AnotherImage {
        /// What the archive's name promises.
        wanted: String,
        /// What the archive holds.
        found: String,
    },
    /// A plan has something else in this place. The blocks are in Keep, and nothing refers to them.
    #[error(transparent)]
    OffPlan(#[from] Deviation),
    /// The thread that read the archive broke off, which is a defect of this program.
    #[error("reading the archive broke off: {0}")]
    BrokenOff(String),
}

/// Whoever broke off has said why: the error tells nothing but that, in words of the library.
impl From<JoinError> for StoreError {
    fn from(_: JoinError) -> Self {
        Self::BrokenOff("why stands above".to_owned())
    }
}

impl From<StoreError> for WitError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Archive(error) => Self::Archive(error.into()),
            StoreError::Keep(error) => error.into(),
            StoreError::AnotherImage { .. } => {
                Self::Archive(WitArchiveError::Unsound(error.to_string()))
            }
            StoreError::Target(target::Error::Engine(CommandError::Failed(failure))) => {
                Self::Archive(WitArchiveError::Engine(failure))
            }
            StoreError::Target(_)
            | StoreError::NoTarget
            | StoreError::NotTheName(_)
            | StoreError::BadExtent(_)
            | StoreError::OffPlan(_)
            | StoreError::BrokenOff(_) => Self::Other(error.to_string()),
        }
    }
}

impl ArchiveStore {
    /// Creates a store that moves `concurrency` blocks at once, tells `progress` about them, and
    /// hands what it fetches to `destination`. `messages` are for what takes the user's disk.
    pub(crate) fn new(
        keep: Arc<Keep>,
        concurrency: Option<usize>,
        progress: Arc<dyn Progress>,
        destination: Destination,
        messages: Messages,
        effects: Effects,
    ) -> Self {
        Self {
            keep,
            concurrency,
            progress,
            destination,
            messages,
            records: Arc::default(),
            sent: Arc::default(),
            effects,
            lenders: Lenders::default(),
            journals: None,
            pending: Mutex::default(),
        }
    }

    /// Uses the blocks of these collections alone, whatever is asked for.
    #[must_use]
    pub(crate) fn lent_by(mut self, lenders: Lenders) -> Self {
        self.lenders = lenders;
        self
    }

    /// Keeps journals of what was sent in this cache, and goes by those that are there.
    #[must_use]
    pub(crate) fn with_journals(mut self, cache: Arc<Place>, identity: Identity) -> Self {
        self.journals = Some((cache, identity));
        self
    }

    /// Returns the leave to send bytes that an earlier call left, which took the archive in.
    pub(crate) fn left_of(&self, archive: &Opened) -> Option<Budget> {
        let pending = self.pending();
        let pending = pending.as_ref().filter(|pending| pending.is_of(archive));
        pending.map(|pending| pending.charge.current())
    }

    /// Reads an archive, verifies it, and stores the image that was chosen, as far as the budget allows. Without one,
    /// it is only taken in, and the next call stores the rest of it.
    ///
    /// # Errors
    /// If the archive is unsound or Keep does not take it. Blocks that were sent are left to Keep
    /// to remove.
    pub(crate) async fn store(
        &self,
        archive: &Opened,
        options: &Options,
        budget: Budget,
    ) -> Result<Option<Stored>, StoreError> {
        let pending = self.pending().take().filter(|it| it.is_of(archive));
        let pending = match pending {
            Some(pending) => pending,
            None => self.take_in(archive, options, budget).await?,
        };
        match &options.image {
            Some(chosen) => self.finish(archive, chosen.into(), pending).await.map(Some),
            None => {
                pending.charge.next();
                *self.pending() = Some(pending);
                Ok(None)
            }
        }
    }

    /// Reads an archive as far as it must be to tell what it holds.
    async fn take_in(
        &self,
        archive: &Opened,
        options: &Options,
        budget: Budget,
    ) -> Result<Pending, StoreError> {
        let wanted = self
            .keep
            .wanted(options.replicas, &options.storage_classes)
            .await?;
        let lent = self.keep.lent_by(&self.lenders, &options.reuse).await;
        let mut known = lent.blocks;
        known.extend(self.sent.known().clone());
        let chosen = options.image.as_ref().map(|chosen| &chosen.image);
        let image = archive.image().or(chosen).map(String::as_str);
        let file = self.journal(image, options.resume, &mut known).await;
        let noted = file.map(Noted::new);
        let journal: Arc<dyn Journal> = match &noted {
            Some(noted) => Arc::new(Both(self.sent.clone(), noted.journal())),
            None => self.sent.clone(),
        };
        let charge = Charge::new(budget);
        let upload_options = UploadOptions {
            known,
            records: self.records.clone(),
            journal: Some(journal),
            progress: self.progress.clone(),
            budget: Some(charge.clone()),
            rehearse: self.effects.are_rehearsed(),
            ..UploadOptions::new(wanted)
        };
        let upload_options = upload_options.moving(self.concurrency);
        let proven = self
            .spared(archive, options, &upload_options, &lent.layers)
            .await?;
        let (mut writer, upload) = Upload::start(&self.keep, upload_options);
        let known: Vec<KnownLayer> = proven
            .into_iter()
            .map(|proven| KnownLayer {
                layer: proven.layer,
                blocks: writer.refer(proven.blocks),
            })
            .collect();
        let chosen: Option<Chosen> = options.image.as_ref().map(Into::into);
        let (progress, messages) = (self.progress.clone(), self.messages.clone());
        let (form, layout) = (options.form.into(), options.block_layout.into());
        let shared = archive.shared();
        let taken = waiting(move || {
            let mut archive = shared.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(chosen) = chosen.filter(|_| !known.is_empty()) {
                archive.spare(&chosen, known)?;
            }
            progress.total(archive.source_length());
            if let Some(folder) = archive.copies_to(form, layout) {
                messages.show(Level::Info, &note_of_copy(archive.subject(), folder));
            }
            archive.take_in(form, layout, Box::new(writer), &mut counted(&*progress))
        });
        let upload = told(taken.await?, upload).await?.1;
        Ok(Pending {
            archive: Arc::downgrade(&archive.shared()),
            upload,
            charge,
            is_of_stream: image.is_none() && noted.is_some(),
            _noted: noted,
        })
    }

    /// Stores what is missing of the image that was chosen.
    async fn finish(
        &self,
        archive: &Opened,
        chosen: Chosen,
        pending: Pending,
    ) -> Result<Stored, StoreError> {
        let progress = self.progress.clone();
        let shared = archive.shared();
        let read = waiting(move || {
            let mut archive = shared.lock().unwrap_or_else(PoisonError::into_inner);
            archive.finish(&chosen, &mut counted(&*progress))
        });
        let (reading, upload) = told(read.await?, pending.upload).await?;
        let stored = upload.finish().await?;
        self.progress.finish();
        if let (true, Some(Ok(cache))) = (
            pending.is_of_stream,
            self.journals.as_ref().map(|(place, _)| place.open()),
        ) {
            // Under the image's name it is found when the image is registered, and removed.
            let _ = cache.attribute_stream(&reading.image.id);
        }
        let blocks = reading
            .order
            .iter()
            .map(|number| stored.blocks.get(*number).map(super::Locator::signed))
            .collect::<Option<Vec<String>>>()
            .ok_or_else(|| {
                StoreError::BrokenOff("a block is missing from the upload's own account".into())
            })?;
        let stored = Stored {
            image: reading.image.into(),
            loaded_as: reading.loaded_as,
            blocks,
            size: reading.size,
            sent: stored.sent,
            reused: stored.reused,
            layers: reading.layers.into_iter().map(StoredLayer::from).collect(),
        };
        // The blocks are there by now, or would be; only what refers to them makes a difference.
        let step = || Step::store(&stored.image.id, stored.size, &stored.blocks);
        let _ = self.effects.admit(step)?;
        Ok(stored)
    }

    fn pending(&self) -> MutexGuard<'_, Option<Pending>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Does something that waits, on a thread that may.
async fn waiting<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StoreError> {
    Ok(tokio::task::spawn_blocking(work).await?)
}

/// Returns what came of reading, with the upload that goes on; where it takes no more, it knows why.
async fn told<T>(
    read: Result<T, archive::Error>,
    upload: Upload,
) -> Result<(T, Upload), StoreError> {
    match read {
        Ok(read) => Ok((read, upload)),
        Err(archive::Error::Closed(closed)) => {
            upload.finish().await?;
            Err(archive::Error::Closed(closed).into())
        }
        Err(error) => Err(error.into()),
    }
}

/// Tells the progress of each step, where a reader tells how far it has come.
fn counted(progress: &dyn Progress) -> impl FnMut(u64) {
    let mut seen = 0;
    move |count| {
        progress.read(count - seen);
        seen = count;
    }
}

/// Says, before it is made, what a temporary copy is for and where it lies.
fn note_of_copy(subject: &str, folder: &Path) -> String {
    format!(
        "dense blocks can be cut only once the order of all layers is known, so {subject} is copied first, to a temporary file in `{}` \
         as long as the whole archive; it is gone when this command ends",
        folder.display()
    )
}

/// Journals only spare sending: what goes wrong with them is no reason not to upload.
impl ArchiveStore {
    /// Opens the journal of this upload, and adds to `known` what earlier runs have sent, if they
    /// are to count.
    async fn journal(
        &self,
        image: Option<&str>,
        resumes: bool,
        known: &mut KnownBlocks,
    ) -> Option<Arc<JournalFile>> {
        let (place, identity) = self.journals.clone()?;
        let image = image.map(str::to_owned);
        let records = self.records.clone();
        let is_rehearsed = self.effects.are_rehearsed();
        let messages = self.messages.clone();
        let opened = tokio::task::spawn_blocking(move || {
            if is_rehearsed {
                // A rehearsal leaves no trace.
                if let Some(warning) = records.read(&place) {
                    messages.show(Level::Warning, &warning);
                }
                return None;
            }
            let cache = place.open().ok()?;
            if let Some(warning) = records.load(&place) {
                messages.show(Level::Warning, &warning);
            }
            let sent = match resumes {
                true => recall(cache, &identity).ok(),
                false => None,
            };
            let file = JournalFile::open(cache, image.as_deref(), identity, !resumes);
            Some((sent, file.ok().flatten()))
        });
        // The disk of the cache may be one of the network that does not answer.
        let answered = tokio::time::timeout(PATIENCE, opened).await;
        let (sent, file) = answered.ok()?.ok()??;
        known.extend(sent.unwrap_or_default());
        file
    }
}

impl std::fmt::Debug for ArchiveStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ArchiveStore")
            .field("keep", &self.keep)
            .field("concurrency", &self.concurrency)
            .finish_non_exhaustive()
    }
}
