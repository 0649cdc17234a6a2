//! Which images of an archive are of interest: what bounds the look into its account.
//!
//! Nothing is chosen here. An archive may name more images than anybody wants to list, and be damaged where nobody
//! looks; so whoever chooses says beforehand what can be meant.

use keepdocker_terms::called::Called;
use keepdocker_terms::digest::Digest;
use keepdocker_terms::platform::Platform;

/// What is looked for in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// What the user calls the image, as in `docker-archive:FILE:NAME`; none for any.
    pub called: Option<String>,
    /// The platform that is meant: what is for another may be damaged.
    pub platform: Platform,
}

impl Default for Wanted {
    /// Looks for any image of the usual platform.
    fn default() -> Self {
        Self {
            called: None,
            platform: Platform::usual(),
        }
    }
}

/// Exactly one image of an archive, as [`Held`](crate::Held) told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The digest of its config.
    pub image: String,
    /// The digest of its manifest, where that was told. Two manifests may have one config.
    pub manifest: Option<String>,
}

impl Chosen {
    /// Tells whether what stands at these digests is the image.
    fn is_among<'a>(&self, digests: impl IntoIterator<Item = &'a Digest>) -> bool {
        let wanted = self.manifest.as_ref().unwrap_or(&self.image);
        let wanted = Digest::parse(wanted);
        digests.into_iter().any(|digest| Some(*digest) == wanted)
    }

    /// Tells whether the image has this config.
    pub(crate) fn is_of(&self, config: &Digest) -> bool {
        Digest::parse(&self.image) == Some(*config)
    }
}

/// What a look into an archive's account is for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Search<'a> {
    /// To tell what it holds, for a choice.
    Any(&'a Platform),
    /// To tell which of its images are called so, for a choice.
    Called(Called<'a>, &'a Platform),
    /// To take what was chosen.
    Exactly(&'a Chosen),
}

/// What something can be called by.
pub(crate) struct Names<'a> {
    pub(crate) position: usize,
    pub(crate) names: &'a [String],
    pub(crate) references: &'a [String],
    /// Its own digests, as far as they are known.
    pub(crate) digests: &'a [Digest],
    /// Those of the indexes above it.
    pub(crate) indexes: &'a [Digest],
}

impl<'a> Search<'a> {
    /// Looks for what is wanted.
    pub(crate) fn new(wanted: &'a Wanted) -> Self {
        match &wanted.called {
            Some(called) => Self::Called(Called(called), &wanted.platform),
            None => Self::Any(&wanted.platform),
        }
    }

    /// Tells whether what has these names is of interest.
    pub(crate) fn concerns(self, it: &Names<'_>) -> bool {
        match self {
            Self::Any(_) => true,
            Self::Called(called, _) => {
                called.is_at(it.position)
                    || called.is_name(it.names)
                    || called.is_reference(it.references)
                    || is_called(called, it.digests.iter().chain(it.indexes))
            }
            Self::Exactly(chosen) => chosen.is_among(it.digests),
        }
    }

    /// Tells whether damage of what is said to be for this platform counts.
    pub(crate) fn cares_for(self, said: &Platform) -> bool {
        match self {
            Self::Any(meant) | Self::Called(_, meant) => {
                said.architecture.is_empty() || said.is_for(meant)
            }
            Self::Exactly(_) => true,
        }
    }
}

/// Tells whether one of the digests is the one that is called so.
pub(crate) fn is_called<'d>(
    called: Called<'_>,
    digests: impl IntoIterator<Item = &'d Digest>,
) -> bool {
    let texts: Vec<String> = digests.into_iter().map(Digest::to_string).collect();
    called.is_digest(texts.iter().map(String::as_str))
}
