//! Lets tests lose and spoil blocks, as disks do.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::Error;
use crate::seed::Seeder;

/// What happens to a block on every volume that keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// Its file is gone.
    Lost,
    /// Its second half is gone.
    Truncated,
    /// One of its bits is another.
    Flipped,
}

impl Damage {
    fn befall(self, block: &Path) -> std::io::Result<()> {
        match self {
            Damage::Lost => fs::remove_file(block),
            Damage::Truncated => {
                let file = File::options().write(true).open(block)?;
                file.set_len(file.metadata()?.len() / 2)
            }
            Damage::Flipped => {
                let file = File::options().read(true).write(true).open(block)?;
                let place = file.metadata()?.len() / 2;
                let mut byte = [0];
                file.read_exact_at(&mut byte, place)?;
                file.write_all_at(&[byte[0] ^ 1], place)
            }
        }
    }
}

impl Seeder {
    /// Damages a block, which is known by its hash, and returns on how many volumes it was.
    ///
    /// # Errors
    ///
    /// Fails if a file cannot be changed.
    pub fn damage(&self, hash: &str, damage: Damage) -> Result<usize, Error> {
        let spoil = |block: &Path| damage.befall(block);
        self.cluster
            .blocks
            .spoil(hash, spoil)
            .map_err(|source| Error::File {
                path: hash.into(),
                source,
            })
    }

    /// Puts empty volumes in the place of those that there are, and returns how many blocks are lost.
    ///
    /// # Errors
    ///
    /// Fails if a file cannot be removed.
    pub fn replace_volumes(&self) -> Result<usize, Error> {
        let blocks = self.cluster.blocks.list()?;
        for (hash, _) in &blocks {
            self.damage(hash, Damage::Lost)?;
        }
        Ok(blocks.len())
    }
}
