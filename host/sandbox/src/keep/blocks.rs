//! Keeps blocks as files named by their hash, one folder per volume.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use md5::{Digest, Md5};
use tokio::sync::mpsc;

use crate::signature::hex;
use crate::uuid;

/// The most bytes in a block.
pub(crate) const MAX_SIZE: u64 = 64 << 20;

/// How much is read at once.
const PIECE: usize = 256 << 10;

/// The blocks of a cluster.
#[derive(Debug)]
pub(crate) struct Blocks {
    volumes: Vec<PathBuf>,
    /// Files whose content was found right, with the time they had then.
    verified: Mutex<HashMap<PathBuf, SystemTime>>,
    /// The sizes of blocks that were taken and not kept, as a test may want it.
    #[cfg(feature = "testing")]
    pub(super) discarded: Mutex<HashMap<String, u64>>,
}

/// A block that was received and not yet put in its place.
#[derive(Debug)]
pub(crate) struct Received {
    /// Its hash, 32 hex digits.
    pub(crate) hash: String,
    /// Its size.
    pub(crate) size: u64,
    /// None once it is in its place.
    pub(super) file: Option<PathBuf>,
}

impl Drop for Received {
    fn drop(&mut self) {
        if let Some(file) = self.file.take() {
            // Nobody can use a leftover; if it cannot be removed it only costs space.
            let _ = fs::remove_file(file);
        }
    }
}

impl Blocks {
    /// Names the volumes in a cluster's folder.
    pub(crate) fn in_folder(dir: &Path, volumes: usize) -> Blocks {
        let volumes = (0..volumes.max(1))
            .map(|index| match index {
                0 => dir.join("blocks"),
                _ => dir.join(format!("blocks-{}", index + 1)),
            })
            .collect();
        Blocks {
            volumes,
            verified: Mutex::default(),
            #[cfg(feature = "testing")]
            discarded: Mutex::default(),
        }
    }

    /// Returns the number of volumes.
    pub(crate) fn volumes(&self) -> usize {
        self.volumes.len()
    }

    fn path(&self, volume: usize, hash: &str) -> PathBuf {
        self.volumes[volume].join(&hash[..3]).join(hash)
    }

    /// Writes what arrives to a temporary file and hashes it. Blocks.
    pub(crate) fn receive(&self, pieces: &mut mpsc::Receiver<Bytes>) -> std::io::Result<Received> {
        let folder = self.volumes[0].join("tmp");
        fs::create_dir_all(&folder)?;
        let path = folder.join(uuid::random_text(20));
        let mut file = File::create_new(&path)?;
        let mut received = Received {
            hash: String::new(),
            size: 0,
            file: Some(path),
        };
        let mut digest = Md5::new();
        while let Some(piece) = pieces.blocking_recv() {
            digest.update(&piece);
            received.size += piece.len() as u64;
            file.write_all(&piece)?;
        }
        received.hash = hex(&digest.finalize());
        Ok(received)
    }

    /// Puts a received block into its place on some volumes. Blocks.
    ///
    /// A block that is there already is left alone, and replaced where it is spoiled. An error of
    /// kind `AlreadyExists` means that another block has the same hash.
    pub(crate) fn keep(&self, mut received: Received, volumes: &[usize]) -> std::io::Result<()> {
        let Some(temporary) = received.file.clone() else {
            #[cfg(feature = "testing")]
            self.discard(&received);
            return Ok(());
        };
        for (index, volume) in volumes.iter().enumerate() {
            let place = self.path(*volume, &received.hash);
            if let Some(folder) = place.parent() {
                fs::create_dir_all(folder)?;
            }
            if place.exists() && self.verify(&place, &received.hash).is_ok() {
                if !are_equal(&temporary, &place)? {
                    return Err(std::io::ErrorKind::AlreadyExists.into());
                }
                continue;
            }
            if index + 1 == volumes.len() {
                fs::rename(&temporary, &place)?;
                received.file = None;
            } else {
                let copy = temporary.with_extension("copy");
                fs::copy(&temporary, &copy)?;
                fs::rename(&copy, &place)?;
            }
            self.note(&place);
        }
        Ok(())
    }

    /// Does something to a block wherever it is kept, and returns on how many volumes. Blocks.
    #[cfg(feature = "testing")]
    pub(crate) fn spoil(
        &self,
        hash: &str,
        spoil: impl Fn(&Path) -> std::io::Result<()>,
    ) -> std::io::Result<usize> {
        let mut count = 0;
        for volume in 0..self.volumes() {
            let place = self.path(volume, hash);
            if place.exists() {
                spoil(&place)?;
                // Times are too coarse to tell a change from the moment before.
                lock(&self.verified).remove(&place);
                count += 1;
            }
        }
        Ok(count)
    }

    /// Finds a block on the volumes. Blocks.
    ///
    /// `Ok(None)` means that it is nowhere; an error of kind `InvalidData` that its bytes do not
    /// have its hash.
    pub(crate) fn find(
        &self,
        hash: &str,
        volumes: &[usize],
    ) -> std::io::Result<Option<(File, u64)>> {
        for volume in volumes {
            let path = self.path(*volume, hash);
            match File::open(&path) {
                Ok(file) => {
                    let size = file.metadata()?.len();
                    self.verify(&path, hash)?;
                    return Ok(Some((file, size)));
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Reads a file through unless it has been found right before and not changed since.
    fn verify(&self, path: &Path, hash: &str) -> std::io::Result<()> {
        let changed = fs::metadata(path)?.modified()?;
        if lock(&self.verified).get(path) == Some(&changed) {
            return Ok(());
        }
        let mut file = File::open(path)?;
        let mut digest = Md5::new();
        let mut piece = vec![0; PIECE];
        loop {
            match file.read(&mut piece)? {
                0 => break,
                length => digest.update(&piece[..length]),
            }
        }
        if hex(&digest.finalize()) != hash {
            return Err(std::io::ErrorKind::InvalidData.into());
        }
        self.note(path);
        Ok(())
    }

    fn note(&self, path: &Path) {
        if let Ok(changed) = fs::metadata(path).and_then(|metadata| metadata.modified()) {
            lock(&self.verified).insert(path.to_owned(), changed);
        }
    }

    /// Sets the time of a block to now. Blocks.
    pub(crate) fn touch(&self, volume: usize, hash: &str) -> std::io::Result<()> {
        let path = self.path(volume, hash);
        let now = SystemTime::now();
        File::options()
            .append(true)
            .open(&path)?
            .set_modified(now)?;
        Ok(())
    }

    /// Removes a block that is older than that; a younger one stays. Blocks.
    pub(crate) fn trash(&self, volume: usize, hash: &str, age: Duration) -> std::io::Result<()> {
        let path = self.path(volume, hash);
        let changed = fs::metadata(&path)?.modified()?;
        if changed.elapsed().is_ok_and(|elapsed| elapsed > age) {
            fs::remove_file(&path)?;
        }
        Ok(())
    }

    /// Returns hash, size and time of writing, in nanoseconds, of the blocks of one volume. Blocks.
    pub(crate) fn index(
        &self,
        volume: usize,
        prefix: &str,
    ) -> std::io::Result<Vec<(String, u64, u128)>> {
        let mut blocks = Vec::new();
        for folder in read_dir(&self.volumes[volume])? {
            if folder.file_name().is_none_or(|name| name == "tmp") {
                continue;
            }
            for file in read_dir(&folder)? {
                let Some(name) = file.file_name().and_then(|name| name.to_str()) else {
                    continue;
                };
                if name.starts_with(prefix) {
                    let metadata = fs::metadata(&file)?;
                    let changed = metadata
                        .modified()?
                        .duration_since(SystemTime::UNIX_EPOCH)
                        .map_or(0, |since| since.as_nanos());
                    blocks.push((name.to_owned(), metadata.len(), changed));
                }
            }
        }
        blocks.sort();
        Ok(blocks)
    }

    /// Returns hash and size of every block on any volume. Blocks.
    #[cfg(feature = "testing")]
    pub(crate) fn list(&self) -> Result<Vec<(String, u64)>, crate::Error> {
        let mut blocks = std::collections::BTreeMap::new();
        for volume in &self.volumes {
            let fail = |source| crate::Error::File {
                path: volume.clone(),
                source,
            };
            for folder in read_dir(volume).map_err(fail)? {
                if folder.file_name().is_none_or(|name| name == "tmp") {
                    continue;
                }
                for file in read_dir(&folder).map_err(fail)? {
                    let size = fs::metadata(&file).map_err(fail)?.len();
                    if let Some(name) = file.file_name().and_then(|name| name.to_str()) {
                        blocks.insert(name.to_owned(), size);
                    }
                }
            }
        }
        Ok(blocks.into_iter().collect())
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Compares two files.
fn are_equal(one: &Path, other: &Path) -> std::io::Result<bool> {
    let mut pieces = [Vec::new(), Vec::new()];
    let mut files = [File::open(one)?, File::open(other)?];
    loop {
        for (file, piece) in files.iter_mut().zip(&mut pieces) {
            piece.clear();
            file.take(PIECE as u64).read_to_end(piece)?;
        }
        if pieces[0] != pieces[1] {
            return Ok(false);
        }
        if pieces[0].is_empty() {
            return Ok(true);
        }
    }
}

/// The entries of a folder; none if there is no such folder.
fn read_dir(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    match fs::read_dir(path) {
        Ok(entries) => entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}
