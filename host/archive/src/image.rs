//! What an archive says of its images, and in which form one is read.

use keepdocker_terms::platform::Platform;

/// What an archive says of one image that it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// The digest of the config, computed from the config's bytes.
    pub id: String,
    /// The digest of the image's manifest.
    ///
    /// Where the archive has none, it shows only once the image has been read in canonical form: then it is the
    /// digest of the manifest that an engine with a containerd store makes of that form.
    pub manifest: Option<String>,
    /// The `repository:tag` names that the archive gives it.
    pub repo_tags: Vec<String>,
    /// The config as it stands in the archive, with replacement characters for what is no UTF-8.
    pub config: String,
    /// The digests of the uncompressed layers, lowest first.
    pub diff_ids: Vec<String>,
    /// The platform that its config names.
    pub platform: Platform,
}

/// One image of several, by the archive's own account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The image.
    pub image: Image,
    /// Where it stands in the archive's own list, counted from 0. The platforms of one image may share a place.
    pub position: usize,
    /// Images of one group are one image for several platforms.
    pub group: usize,
    /// The names by which an image layout refers to it; often a tag alone.
    pub references: Vec<String>,
    /// The digests of the indexes above it.
    pub indexes: Vec<String>,
}

/// In which form an archive is handed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A fixed layout and fixed header fields: one image gives the same bytes whatever engine or tool it came
    /// from.
    Canonical,
    /// The bytes of the source as they come.
    Verbatim,
}

/// Where the archive is cut into blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockLayout {
    /// At the starts of large layers too, so that equal layers give equal blocks.
    Layered,
    /// Every 64 MiB.
    Dense,
}
