//! Where an archive comes from, as the user writes it: `TRANSPORT:REFERENCE`, a file or a folder.

use std::path::PathBuf;
use std::str::FromStr;

use super::error::quoted;

/// Where an archive comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// The engine's store: a reference or an image ID.
    Engine(String),
    /// A registry: a reference.
    Registry(String),
    /// A tar that `docker load` would take, or one of an OCI image layout; and which image of it.
    File {
        /// The tar; a pipe will do.
        file: PathBuf,
        /// The image's name or ID.
        image: Option<String>,
    },
    /// A folder with an OCI image layout or in the form `dir:`, and which image of it.
    Folder {
        /// The folder.
        folder: PathBuf,
        /// The image's name or ID.
        image: Option<String>,
    },
    /// Standard input, and which image of what comes there.
    Stdin {
        /// The image's name or ID.
        image: Option<String>,
    },
}

/// Why a text is no location.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocationError {
    /// Neither a file nor a transport is named.
    #[error(
        "`{0}` does not exist, and no transport stands before it; write FILE, FOLDER, or one of {TRANSPORTS}"
    )]
    NoTransport(String),
    /// The transport is unknown, or not one that images can be read from here.
    #[error(
        "`{0}` is not a transport that images are read from; write FILE, FOLDER, or one of {TRANSPORTS}"
    )]
    UnknownTransport(String),
    /// Nothing follows the transport.
    #[error("nothing follows `{0}:`; write {0}:{1}")]
    Empty(&'static str, &'static str),
    /// What belongs into a file of logins stands in the name; it is not repeated.
    #[error(
        "the name behind `docker://` has a user and a password in it; write docker://IMAGE, and log in with `docker login` or `podman login`"
    )]
    Login,
    /// It has the name of an image, which is always text.
    #[error("`{0}` is not UTF-8, as the name of an image is")]
    NotText(String),
}

const TRANSPORTS: &str = "`docker://IMAGE`, `docker-daemon:IMAGE`, `docker-archive:FILE`, `oci-archive:FILE`, `oci:FOLDER`, `dir:FOLDER`, `-`";

impl Location {
    /// Returns what the user calls the image behind an archive's name, which says which of several is meant.
    #[must_use]
    pub fn image(&self) -> Option<&str> {
        match self {
            Self::Engine(_) | Self::Registry(_) => None,
            Self::File { image, .. } | Self::Folder { image, .. } | Self::Stdin { image } => {
                image.as_deref()
            }
        }
    }

    /// Tells whether what is there can be read a second time: a pipe or standard input cannot.
    #[must_use]
    pub fn can_be_read_again(&self) -> bool {
        match self {
            Self::Stdin { .. } => false,
            Self::File { file, .. } => file.is_file(),
            Self::Engine(_) | Self::Registry(_) | Self::Folder { .. } => true,
        }
    }

    /// Reads a file or folder that is there, with the image's name that may follow it.
    fn by_path(text: &str) -> Option<Self> {
        let (path, image) = split(text);
        let metadata = path.metadata().ok()?;
        Some(match metadata.is_dir() {
            true => Location::Folder {
                folder: path,
                image,
            },
            false => Location::File { file: path, image },
        })
    }

    /// Reads what may be a source where an image is named too: a path that is written as one, the name of an archive
    /// that is there, or a registry's image.
    ///
    /// Of anything else, an image of that name is meant.
    #[must_use]
    pub fn of_file(text: &str) -> Option<Self> {
        const STARTS: [&str; 3] = ["/", "./", "../"];
        // Nothing else looks so.
        if text.starts_with("docker://") {
            return text.parse().ok();
        }
        const ENDS: [&str; 8] = [
            ".tar", ".tar.gz", ".tgz", ".tar.zst", ".tar.xz", ".txz", ".tar.bz2", ".tbz2",
        ];
        let found = Self::by_path(text)?;
        let is_path = STARTS.iter().any(|start| text.starts_with(start));
        let is_archive = match &found {
            Self::File { file, .. } => {
                let name = file.to_string_lossy().to_lowercase();
                ENDS.iter().any(|end| name.ends_with(end))
            }
            _ => false,
        };
        (is_path || is_archive).then_some(found)
    }
}

#[cfg(unix)]
impl Location {
    /// Reads a location that may hold a path which is no text; all behind the transport is such a path.
    ///
    /// # Errors
    /// If it is no location.
    pub fn of_words(words: &std::ffi::OsStr) -> Result<Self, LocationError> {
        use std::os::unix::ffi::OsStrExt as _;

        if let Some(text) = words.to_str() {
            return text.parse();
        }
        let shown = words.to_string_lossy();
        let bytes = words.as_bytes();
        let Some(colon) = bytes.iter().position(|&byte| byte == b':') else {
            return Err(LocationError::NoTransport(quoted(&shown)));
        };
        let path = PathBuf::from(std::ffi::OsStr::from_bytes(&bytes[colon + 1..]));
        match &bytes[..colon] {
            b"docker-archive" | b"oci-archive" => Ok(Self::File {
                file: path,
                image: None,
            }),
            b"oci" => Ok(Self::Folder {
                folder: path,
                image: None,
            }),
            b"docker-daemon" => Err(LocationError::NotText(quoted(&shown))),
            transport => {
                let transport = String::from_utf8_lossy(transport);
                Err(LocationError::UnknownTransport(quoted(&transport)))
            }
        }
    }
}

impl FromStr for Location {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "-" {
            return Ok(Location::Stdin { image: None });
        }
        let Some((transport, rest)) = text.split_once(':') else {
            return Self::by_path(text).ok_or_else(|| LocationError::NoTransport(quoted(text)));
        };
        let (transport, form) = match transport {
            "docker" if rest == "//" => return Err(LocationError::Empty("docker", "//IMAGE")),
            "docker" if has_login(rest) => return Err(LocationError::Login),
            "docker" if rest.starts_with("//") => {
                return Ok(Location::Registry(rest[2..].to_owned()));
            }
            "docker-daemon" => ("docker-daemon", "IMAGE"),
            "docker-archive" => ("docker-archive", "FILE"),
            "oci-archive" => ("oci-archive", "FILE"),
            "oci" => ("oci", "FOLDER"),
            "dir" => ("dir", "FOLDER"),
            other => {
                return Self::by_path(text)
                    .ok_or_else(|| LocationError::UnknownTransport(quoted(other)));
            }
        };
        if rest.is_empty() || rest.starts_with(':') {
            return Err(LocationError::Empty(transport, form));
        }
        if transport == "docker-daemon" {
            return Ok(Location::Engine(rest.to_owned()));
        }
        let (path, image) = split(rest);
        Ok(match transport {
            _ if path.as_os_str() == "-" => Location::Stdin { image },
            "oci" | "dir" => Location::Folder {
                folder: path,
                image,
            },
            _ => Location::File { file: path, image },
        })
    }
}

/// Tells whether a user and a password stand where a name begins: a digest is the only thing that an `@` may introduce.
fn has_login(rest: &str) -> bool {
    rest.split_once('@').is_some_and(|(before, after)| {
        // A digest that was cut is one, too: a host called so has no port of letters.
        let is_digest = after.split_once(':').is_some_and(|(algorithm, hex)| {
            let is_known = matches!(algorithm, "sha256" | "sha512");
            (is_known || hex.len() > 8) && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
        });
        before.contains(':') && !is_digest
    })
}

/// Splits a path from the image's name that may follow.
///
/// Paths may hold colons, so a path that exists wins: the longest, then the shorter ones.
/// Where nothing exists, the first colon ends the path, as in other tools.
fn split(text: &str) -> (PathBuf, Option<String>) {
    if PathBuf::from(text).exists() {
        return (text.into(), None);
    }
    let colons: Vec<usize> = text.match_indices(':').map(|(at, _)| at).collect();
    let end = colons
        .iter()
        .rev()
        .find(|at| PathBuf::from(&text[..**at]).exists())
        .or(colons.first());
    match end {
        None => (text.into(), None),
        Some(end) => {
            let image = &text[end + 1..];
            let image = (!image.is_empty()).then(|| image.to_owned());
            (text[..*end].into(), image)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transports_are_those_of_the_trade() {
        let parse = |text: &str| text.parse::<Location>().unwrap();
        assert_eq!(parse("-"), Location::Stdin { image: None });
        assert_eq!(
            parse("docker-archive:-:example/tiny:1"),
            Location::Stdin {
                image: Some("example/tiny:1".into())
            }
        );
        assert_eq!(
            parse("docker-daemon:localhost:5000/a:1"),
            Location::Engine("localhost:5000/a:1".into())
        );
        assert_eq!(
            parse("docker://quay.io:5000/a/b:1"),
            Location::Registry("quay.io:5000/a/b:1".into())
        );
        assert_eq!(
            parse("docker-archive:/no/a.tar:example/tiny:1"),
            Location::File {
                file: "/no/a.tar".into(),
                image: Some("example/tiny:1".into())
            }
        );
        assert_eq!(
            parse("oci:layout"),
            Location::Folder {
                folder: "layout".into(),
                image: None
            }
        );
    }

    #[test]
    fn a_path_that_exists_may_hold_colons() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sha256:ab.tar");
        std::fs::write(&file, "").unwrap();
        let text = format!("oci-archive:{}", file.display());
        let image = None;
        let expected = Location::File {
            file: file.clone(),
            image,
        };
        assert_eq!(text.parse(), Ok(expected));
        let expected = Location::File {
            file,
            image: Some("a:1".into()),
        };
        assert_eq!(format!("{text}:a:1").parse(), Ok(expected));
    }

    #[cfg(unix)]
    #[test]
    fn a_path_need_not_be_text() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt as _;

        let location = |bytes: &[u8]| Location::of_words(OsStr::from_bytes(bytes));
        assert_eq!(
            location(b"docker-archive:caf\xe9:1.tar"),
            Ok(Location::File {
                file: PathBuf::from(OsStr::from_bytes(b"caf\xe9:1.tar")),
                image: None
            })
        );
        assert_eq!(location(b"oci-archive:a:b"), "oci-archive:a:b".parse());
        for (bytes, hint) in [
            (&b"caf\xe9"[..], "no transport stands before it"),
            (b"caf\xe9:x", "not a transport"),
            (b"docker-daemon:caf\xe9", "is not UTF-8"),
        ] {
            let error = location(bytes).unwrap_err().to_string();
            assert!(error.contains(hint), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn what_is_there_needs_no_transport() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("saved"), "").unwrap();
        let text = path("saved").display().to_string();
        let file = |image: Option<&str>| Location::File {
            file: path("saved"),
            image: image.map(str::to_owned),
        };
        assert_eq!(text.parse(), Ok(file(None)));
        assert_eq!(format!("{text}:a:1").parse(), Ok(file(Some("a:1"))));
        let layout = Location::Folder {
            folder: folder.path().to_owned(),
            image: None,
        };
        assert_eq!(
            folder.path().display().to_string().parse(),
            Ok(layout.clone())
        );
        let text = format!("dir:{}", folder.path().display());
        assert_eq!(text.parse(), Ok(layout));
    }

    #[test]
    fn only_what_looks_like_a_file_is_one_where_images_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("saved");
        std::fs::write(&path, "").unwrap();
        assert!(Location::of_file(&path.display().to_string()).is_some());
        let missing = folder.path().join("other.tar");
        assert_eq!(Location::of_file(&missing.display().to_string()), None);
        // A folder of the project, in which the tests run.
        assert!(std::path::Path::new("src").is_dir());
        for image in ["src", "src:1", "Cargo.toml", "debian"] {
            assert_eq!(Location::of_file(image), None, "{image}");
        }
        assert!(Location::of_file("./src").is_some());
        assert_eq!(
            Location::of_file("docker://debian"),
            Some(Location::Registry("debian".into()))
        );
    }

    #[test]
    fn a_digest_that_was_cut_is_no_login() {
        for name in [
            "lab.example:5000/x@sha256:abc",
            "lab.example/x:1@sha256:abc",
            "x@sha512:0",
        ] {
            let location = format!("docker://{name}").parse();
            assert_eq!(location, Ok(Location::Registry(name.into())));
        }
    }

    #[test]
    fn mistakes_are_explained() {
        for (text, hint) in [
            ("image.tar", "`image.tar` does not exist"),
            ("docker:debian", "not a transport"),
            ("docker://", "write docker://IMAGE"),
            ("oci:", "nothing follows `oci:`; write oci:FOLDER"),
            ("docker-archive::x", "write docker-archive:FILE"),
            ("docker://me:secret@lab.example/x:1", "log in with"),
            ("docker://me:secret@lab.example:5000/x", "log in with"),
            ("docker://me:secret@localhost:5000/x", "log in with"),
            ("docker://me:secret@localhost:5000", "log in with"),
        ] {
            let error = text.parse::<Location>().unwrap_err().to_string();
            assert!(error.contains(hint), "{error}");
        }
    }
}
