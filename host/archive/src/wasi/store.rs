//! Archives in which any member can be read at any time: a tar in a file, an image from afar.

use std::fs::File;
use std::path::Path;

use super::SOURCES;
use crate::documents::{self, Documents};
use crate::error::Error;
use crate::length_hint::Ending;
use crate::remote::Remote;
use crate::tar_file::{Data, TarFile};

/// An archive whose members can be read in any order.
pub(crate) enum Store {
    Tar(TarFile),
    Remote(Remote),
}

impl Store {
    /// Takes a tar that was indexed.
    pub(crate) fn tar(tar: TarFile) -> Self {
        Store::Tar(tar)
    }

    /// Takes an image whose layers come from afar.
    pub(crate) fn remote(remote: Remote) -> Self {
        Store::Remote(remote)
    }

    /// Says that a folder cannot be read here.
    pub(crate) fn folder(_: &Path, _: String) -> Result<Self, Error> {
        Err(Error::Unsupported(SOURCES.to_owned()))
    }

    /// Returns the number of bytes of the archive.
    pub(crate) fn length(&self) -> Option<u64> {
        Some(match self {
            Store::Tar(tar) => tar.length(),
            Store::Remote(remote) => remote.layers.length(),
        })
    }

    /// Returns what error texts call the archive.
    pub(crate) fn subject(&self) -> &str {
        match self {
            Store::Tar(tar) => tar.subject(),
            Store::Remote(remote) => &remote.subject,
        }
    }

    /// Puts the fault of the whole archive in the place of one that only follows from it.
    pub(crate) fn refine(&self, error: Error) -> Error {
        match self {
            Store::Tar(tar) => tar.shape().refine(error),
            Store::Remote(_) => error,
        }
    }

    /// Returns the file, at its beginning.
    pub(crate) fn rewound(&self) -> Result<&File, Error> {
        match self {
            Store::Tar(tar) => tar.rewound(),
            Store::Remote(_) => Err(crate::remote::verbatim()),
        }
    }

    /// Ends what is on its way from afar, as nobody will read it.
    pub(crate) fn give_up(&self) {
        if let Store::Remote(remote) = self {
            remote.layers.give_up();
        }
    }

    /// Returns a reader of the member's data and their length, or none if there is no such
    /// member.
    pub(crate) fn open(&self, name: &str) -> Result<Option<Data<'_>>, Error> {
        match self {
            Store::Tar(tar) => tar.open_member(name),
            Store::Remote(remote) => remote.open(name),
        }
    }
}

impl Store {
    /// Returns none: one thread reads layers here, which keeps blocks back at no cost.
    pub(crate) fn ending(&self, _: &str) -> Option<Box<dyn FnOnce() -> Option<Ending> + Send>> {
        None
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
