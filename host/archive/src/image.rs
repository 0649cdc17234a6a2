//! What an archive says of its images, and which of them is read how.

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

/// Which image of an archive is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// The only one; an archive with several is ambiguous.
    Only,
    /// The one with this ID, or whose manifest has this digest.
    Id(String),
    /// The one that the archive knows by this `repository:tag`.
    Name(String),
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
