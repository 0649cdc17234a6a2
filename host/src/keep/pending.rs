//! An archive between the call that takes it in and the one that stores the rest of it.

use std::sync::{Arc, Mutex, Weak};

use super::journal::Noted;
use super::{Charge, Upload};
use crate::archive::{Archive, Opened};

/// An archive that was taken in, and of which nobody has chosen an image yet. Dropping it ends its upload.
pub(super) struct Pending {
    pub(super) archive: Weak<Mutex<Archive>>,
    pub(super) upload: Upload,
    pub(super) charge: Charge,
    /// Whether its journal has no image's name.
    pub(super) is_of_stream: bool,
    /// Its journal, if it has one.
    pub(super) _noted: Option<Noted>,
}

impl Pending {
    /// Tells whether it is this archive.
    pub(super) fn is_of(&self, archive: &Opened) -> bool {
        Weak::ptr_eq(&self.archive, &Arc::downgrade(&archive.shared()))
    }
}
