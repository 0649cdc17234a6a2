//! What an archive was found to be.

use keepdocker_terms::digest::Digest;

use crate::image::Image;

/// What an archive was found to be, after its last byte.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The image that was meant.
    pub image: Image,
    /// The digest of the manifest that an engine with a containerd store makes of the canonical form; none
    /// of an archive that was passed on as it is.
    pub loaded_as: Option<String>,
    /// The numbers that the sink gave the blocks, in the order in which they are the archive.
    ///
    /// A number may be missing: that block belongs to no member of this image.
    pub order: Vec<usize>,
    /// The archive's length in bytes.
    pub size: u64,
    /// The layers of the canonical form, each once, lowest first; none of an archive that was passed on as it is.
    pub layers: Vec<TakenLayer>,
}

/// A layer of an image that was read, or did not have to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenLayer {
    /// Its digest without compression.
    pub diff_id: Digest,
    /// How many bytes it has without compression.
    pub size: u64,
    /// Whether the source gave it; else its blocks were known beforehand.
    pub is_read: bool,
}
