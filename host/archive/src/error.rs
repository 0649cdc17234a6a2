//! Why an archive could not be read, and what the component is told of it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::sink::SinkClosed;
use keepdocker_terms::digest::Digest;
use keepdocker_wording::harmless::excerpt;

/// Why an archive could not be opened or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing is there.
    #[error("there is no `{}`", .0.display())]
    NotFound(PathBuf),
    /// What is there is not a whole and sound image archive.
    #[error("{subject}: {fault}")]
    Unsound {
        /// The member at fault, or the archive.
        subject: Subject,
        /// What is wrong with it.
        fault: Fault,
    },
    /// No image of the archive matches.
    #[error("the archive holds no image {wanted}; it holds {held}")]
    NoSuchImage {
        /// What was asked for.
        wanted: String,
        /// What there is.
        held: String,
    },
    /// The archive holds more than the one image that it should.
    #[error("the archive holds several images: {held}")]
    Ambiguous {
        /// What there is.
        held: String,
    },
    /// What produces the archive failed, such as an engine, for a reason that the caller knows.
    #[error(transparent)]
    Producer(Box<dyn std::error::Error + Send + Sync>),
    /// A known form that this program does not read.
    #[error("{0}")]
    Unsupported(String),
    /// A stream was to be read a second time.
    #[error("the archive was read already; open it again")]
    Spent,
    /// The disk, or what stands for it, failed.
    #[error("cannot {action} {subject}: {source}")]
    Io {
        /// What was tried: `read`, `open`.
        action: &'static str,
        /// On what.
        subject: String,
        /// What the system said.
        source: io::Error,
    },
    /// The disk has no room for a temporary copy.
    #[error(
        "there is no room in `{}` for a temporary copy of {subject}, which dense blocks of a stream need: {source}; \
         make room, name another place with XDG_CACHE_HOME, or save the image to a file and name that, which needs no copy",
        .folder.display()
    )]
    NoRoom {
        /// What was to be copied.
        subject: String,
        /// Where to.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The other side takes no more blocks, for a reason that it knows.
    #[error(transparent)]
    Closed(#[from] SinkClosed),
}

/// What an error is about: a member by its name, or the archive as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The archive as a whole.
    Archive,
    /// A member, by a name that may be hostile.
    Member(String),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Archive => f.write_str("the archive"),
            Subject::Member(name) => write!(f, "member `{}`", quoted(name)),
        }
    }
}

/// What is wrong with an archive or a member.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Neither `manifest.json` nor `index.json` is there.
    #[error("has neither `manifest.json` nor `index.json`, so it is not an image archive")]
    NotAnImage,
    /// It does not begin like a tar.
    #[error("is not a tar archive")]
    NotATar,
    /// The bytes end too early.
    #[error("ends too early; the archive is truncated")]
    Truncated,
    /// Something is named that is not there.
    #[error("is named by {0} but missing")]
    Missing(String),
    /// Something is named that has to be fetched from elsewhere.
    #[error("is not in the archive; it has to be fetched from {}", quoted(.0))]
    Elsewhere(String),
    /// There are no bytes at all.
    #[error("is empty; did the command that was to write it fail?")]
    Empty,
    /// It is the file system of a container, or of one layer.
    #[error(
        "holds a file system, and neither `manifest.json` nor `index.json`, as `docker export` writes a container or a tool one layer; \
         save the image with `docker save -o FILE IMAGE`, or make one of the container with `docker commit`"
    )]
    FileSystem,
    /// Two members have one name, and other bytes.
    #[error("appears twice, with different content")]
    Doubled,
    /// The content is not what a digest promises.
    #[error("has digest {found} where {promised} is promised by {by}")]
    WrongDigest {
        /// The digest of what is there.
        found: Digest,
        /// The digest that should be.
        promised: Digest,
        /// Who promises it: the name, the config, the manifest.
        by: &'static str,
    },
    /// The content is longer or shorter than promised.
    #[error("is {found} bytes long where its manifest promises {promised}")]
    WrongSize {
        /// The length of what is there.
        found: u64,
        /// The length that should be.
        promised: u64,
    },
    /// The compressed bytes do not decode.
    #[error("cannot be decompressed: {0}")]
    Undecodable(String),
    /// The text is not what it should be.
    #[error("is not the JSON it should be: {0}")]
    BadJson(String),
    /// A header field is wrong or not allowed.
    #[error("{0}")]
    Refused(&'static str),
    /// A limit is passed.
    #[error("{what} (the limit is {limit})")]
    TooMuch {
        /// What there is too much of.
        what: &'static str,
        /// The most that is accepted.
        limit: u64,
    },
}

impl Error {
    /// Blames a member.
    pub(crate) fn member(name: impl Into<String>, fault: Fault) -> Self {
        Error::Unsound {
            subject: Subject::Member(name.into()),
            fault,
        }
    }

    /// Blames the archive as a whole.
    pub(crate) fn archive(fault: Fault) -> Self {
        Error::Unsound {
            subject: Subject::Archive,
            fault,
        }
    }

    /// Says that a file or folder cannot be opened.
    pub(crate) fn opening(path: &Path, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::NotFound => Error::NotFound(path.to_owned()),
            _ => Error::Io {
                action: "open",
                subject: path.display().to_string(),
                source,
            },
        }
    }

    /// Says that a member which something names is not there.
    pub(crate) fn missing(name: impl Into<String>, named_by: &str) -> Self {
        Error::member(name, Fault::Missing(named_by.to_owned()))
    }

    /// Tells whether an archive or member is at fault.
    pub(crate) fn is_unsound(&self) -> bool {
        matches!(self, Error::Unsound { .. })
    }

    /// Tells whether one member is at fault.
    pub(crate) fn is_of_member(&self) -> bool {
        let Error::Unsound { subject, .. } = self else {
            return false;
        };
        matches!(subject, Subject::Member(_))
    }

    /// Tells whether something is not what it was when its digest was taken.
    pub(crate) fn is_damage(&self) -> bool {
        let Error::Unsound { fault, .. } = self else {
            return false;
        };
        matches!(fault, Fault::WrongDigest { .. } | Fault::WrongSize { .. })
    }

    /// Tells whether something is named and not there.
    pub(crate) fn is_missing(&self) -> bool {
        let Error::Unsound { fault, .. } = self else {
            return false;
        };
        matches!(fault, Fault::Missing(_))
    }

    /// Tells whether it is this fault.
    pub(crate) fn is(&self, other: &Fault) -> bool {
        matches!(self, Error::Unsound { fault, .. } if fault == other)
    }

    /// Says that more than `limit` images are named.
    pub(crate) fn too_many_images(limit: usize) -> Self {
        Error::archive(Fault::TooMuch {
            what: "holds too many images to choose from; name the one that is meant with the source",
            limit: limit as u64,
        })
    }

    /// Sorts a failed read: the source's own failure stays one, all else is the subject's fault.
    ///
    /// Decoders report bad data and pass on failed reads in the same type; [`SourceFailure`]
    /// tells them apart.
    pub(crate) fn reading(subject: Subject, error: io::Error) -> Self {
        let error = match error.downcast::<SourceFailure>() {
            Ok(failure) => return failure.into(),
            Err(error) => error,
        };
        let fault = match error.kind() {
            io::ErrorKind::UnexpectedEof => Fault::Truncated,
            _ => Fault::Undecodable(error.to_string()),
        };
        Error::Unsound { subject, fault }
    }
}

/// A read that failed in the source itself: the disk, the pipe, the engine.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {subject}: {source}")]
pub(crate) struct SourceFailure {
    subject: String,
    source: io::Error,
}

impl SourceFailure {
    /// Marks a failed read of `subject`.
    pub(crate) fn wrap(subject: &str, source: io::Error) -> io::Error {
        if source.kind() == io::ErrorKind::Interrupted {
            return source;
        }
        io::Error::other(SourceFailure {
            subject: subject.to_owned(),
            source,
        })
    }
}

/// What a producer of an archive ends its stream with where it failed; a read of the archive then fails with
/// [`Error::Producer`], whatever was read before.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct ProducerFailure(pub Box<dyn std::error::Error + Send + Sync>);

impl ProducerFailure {
    /// Marks an error as that of a producer.
    pub fn wrap(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
        io::Error::other(Self(error.into()))
    }
}

impl From<SourceFailure> for Error {
    fn from(failure: SourceFailure) -> Self {
        let SourceFailure { subject, source } = failure;
        let io = |source| Error::Io {
            action: "read",
            subject,
            source,
        };
        // Taking an error out of its wrapping loses those that have none.
        if source.get_ref().is_none() {
            return io(source);
        }
        match source.downcast::<ProducerFailure>() {
            Ok(ProducerFailure(error)) => Error::Producer(error),
            Err(other) => io(other),
        }
    }
}

/// Returns a name from outside, fit to stand in a text.
pub(crate) fn quoted(name: &str) -> String {
    const LONGEST: usize = 160;
    excerpt(name, LONGEST)
}
