//! An archive in which any member can be read at any time: here always a tar in a file.

use std::fs::File;
use std::path::Path;

use super::SOURCES;
use crate::documents::{self, Documents};
use crate::error::Error;
use crate::tar_file::{Data, TarFile};

/// An archive whose members can be read in any order.
pub(crate) struct Store(TarFile);

impl Store {
    /// Takes a tar that was indexed.
    pub(crate) fn tar(tar: TarFile) -> Self {
        Store(tar)
    }

    /// Says that a folder cannot be read here.
    pub(crate) fn folder(_: &Path, _: String) -> Result<Self, Error> {
        Err(Error::Unsupported(SOURCES.to_owned()))
    }

    /// Returns the number of bytes of the archive.
    pub(crate) fn length(&self) -> Option<u64> {
        Some(self.0.length())
    }

    /// Returns what error texts call the archive.
    pub(crate) fn subject(&self) -> &str {
        self.0.subject()
    }

    /// Puts the fault of the whole archive in the place of one that only follows from it.
    pub(crate) fn refine(&self, error: Error) -> Error {
        self.0.shape().refine(error)
    }

    /// Returns the file, at its beginning.
    pub(crate) fn rewound(&self) -> Result<&File, Error> {
        self.0.rewound()
    }

    /// Returns a reader of the member's data and their length, or none if there is no such
    /// member.
    pub(crate) fn open(&self, name: &str) -> Result<Option<Data<'_>>, Error> {
        self.0.open_member(name)
    }
}

impl Documents for &Store {
    fn document(&mut self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        match self.open(name)? {
            None => Ok(None),
            Some(data) => documents::read(name, data, self.subject()).map(Some),
        }
    }
}
