//! What an archive was found to be.

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
}
