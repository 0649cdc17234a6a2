//! What a person means by an image: a name, or an image ID.
//!
//! A name is a repository with an optional registry host, tag and digest, in the grammar of the
//! distribution project. An image ID is the digest of the image's config, whole or cut to at
//! least twelve digits, with or without the `sha256:` before it. Nothing else is accepted, so
//! that no character of a name can act as a pattern later.
//!
//! A text of twelve to sixty-four hexadecimal digits could be either. It counts as an ID; a
//! caller that finds no such ID may ask for the same text as a name.

use std::fmt;

/// The longest text that is looked at; the grammar's own limits are far below.
const LONGEST_TEXT: usize = 1024;
/// The longest repository with its host, as registries have it.
const LONGEST_REPOSITORY: usize = 255;
const LONGEST_TAG: usize = 128;
/// With fewer digits a prefix stops being a practical name for one image.
const FEWEST_DIGITS: usize = 12;
const ALL_DIGITS: usize = 64;
const ALGORITHM: &str = "sha256:";

/// A name or an image ID; prints exactly as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// A name.
    Name(Name),
    /// An image ID, whole or cut.
    Id(Id),
}

/// A repository, possibly with a registry host, a tag and a digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    host: Option<String>,
    path: String,
    tag: Option<String>,
    digest: Option<String>,
}

/// An image ID or the first digits of one, as given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Id {
    text: String,
}

/// Why a text is neither a name nor an image ID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReferenceError {
    /// There is no text.
    Empty,
    /// The text is longer than names are.
    TooLong,
    /// This part stands for a registry host and is none.
    Host(String),
    /// This part stands for a repository and is none.
    Repository(String),
    /// This part stands for a tag and is none.
    Tag(String),
    /// This part stands for a digest and is none.
    Digest(String),
    /// This is marked as an image ID and has too few or too many digits.
    ShortId(String),
    /// A tag was given beside a text that has one.
    TwoTags {
        /// The text that has a tag.
        image: String,
        /// The tag beside it.
        tag: String,
    },
}

impl fmt::Display for ReferenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "an image name cannot be empty"),
            Self::TooLong => write!(
                f,
                "an image name cannot have more than {LONGEST_REPOSITORY} characters"
            ),
            Self::Host(text) => write!(
                f,
                "`{text}` is not the name of a registry host; expected a form like `host`, `host:5000` or `[::1]:5000`"
            ),
            Self::Repository(text) => write!(
                f,
                "`{text}` is not the name of a repository; it may have lower-case letters, digits and single separators (`.`, `_`, `-`, `/`)"
            ),
            Self::Tag(text) => write!(
                f,
                "`{text}` is not a tag; it may have up to {LONGEST_TAG} letters, digits, `_`, `.` and `-`, and begins with none of the last two"
            ),
            Self::Digest(text) => write!(
                f,
                "`{text}` is not a digest; expected `sha256:` and 64 hexadecimal digits"
            ),
            Self::ShortId(text) => write!(
                f,
                "`{text}` is not an image ID; give between {FEWEST_DIGITS} and {ALL_DIGITS} hexadecimal digits of it"
            ),
            // Scripts look for these words of the Python program.
            Self::TwoTags { image, tag } => write!(
                f,
                "image '{image}' already includes a tag, cannot add tag argument '{tag}'"
            ),
        }
    }
}

impl Reference {
    /// Reads a name or an ID.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        if text.is_empty() {
            return Err(ReferenceError::Empty);
        }
        if text.len() > LONGEST_TEXT {
            return Err(ReferenceError::TooLong);
        }
        if let Some(id) = Id::parse(text)? {
            return Ok(Self::Id(id));
        }
        Name::parse(text).map(Self::Name)
    }

    /// Reads a name or an ID that may have its tag beside it.
    ///
    /// Digits with a tag beside them are the name of a repository.
    pub fn with_tag(text: &str, tag: Option<&str>) -> Result<Self, ReferenceError> {
        let reference = Self::parse(text)?;
        let Some(tag) = tag else {
            return Ok(reference);
        };
        let mut name = match &reference {
            Self::Name(name) if name.tag.is_none() && name.digest.is_none() => name.clone(),
            Self::Id(id) if !id.text.contains(':') => Name::parse(text)?,
            _ => {
                return Err(ReferenceError::TwoTags {
                    image: text.into(),
                    tag: tag.into(),
                });
            }
        };
        if !is_tag(tag) {
            return Err(ReferenceError::Tag(tag.into()));
        }
        name.tag = Some(tag.into());
        Ok(Self::Name(name))
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(f),
            Self::Id(id) => f.write_str(&id.text),
        }
    }
}

impl Name {
    fn parse(text: &str) -> Result<Self, ReferenceError> {
        let (named, digest) = match text.split_once('@') {
            Some((named, digest)) => (named, Some(digest)),
            None => (text, None),
        };
        if let Some(digest) = digest.filter(|digest| !is_digest(digest)) {
            return Err(ReferenceError::Digest(digest.into()));
        }
        let (host, rest) = match named.split_once('/') {
            Some((first, rest)) if looks_like_host(first) => (Some(first), rest),
            _ => (None, named),
        };
        if let Some(host) = host.filter(|host| !is_host(host)) {
            return Err(ReferenceError::Host(host.into()));
        }
        let (path, tag) = match rest.split_once(':') {
            Some((path, tag)) => (path, Some(tag)),
            None => (rest, None),
        };
        if !path.split('/').all(is_path_component) {
            return Err(ReferenceError::Repository(path.into()));
        }
        if let Some(tag) = tag.filter(|tag| !is_tag(tag)) {
            return Err(ReferenceError::Tag(tag.into()));
        }
        if host.map_or(0, |host| host.len() + 1) + path.len() > LONGEST_REPOSITORY {
            return Err(ReferenceError::TooLong);
        }
        Ok(Self {
            host: host.map(Into::into),
            path: path.into(),
            tag: tag.map(Into::into),
            digest: digest.map(Into::into),
        })
    }

    /// Returns the repository under which the image is registered.
    ///
    /// A registry on the default port is named without it, as engines do.
    pub fn repository(&self) -> String {
        match &self.host {
            Some(host) => format!(
                "{}/{}",
                host.strip_suffix(":443").unwrap_or(host),
                self.path
            ),
            None => self.path.clone(),
        }
    }

    /// Returns the tag that was given.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// Returns the digest that was given.
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// Returns the `repository:tag` under which the image is registered.
    ///
    /// The tag is `latest` unless there is a tag or a digest. A digest stays a part of the name.
    pub fn registered(&self) -> String {
        let mut name = self.repository();
        match (&self.tag, &self.digest) {
            (Some(tag), _) => name = format!("{name}:{tag}"),
            (None, None) => name.push_str(":latest"),
            (None, Some(_)) => {}
        }
        match &self.digest {
            Some(digest) => format!("{name}@{digest}"),
            None => name,
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(host) = &self.host {
            write!(f, "{host}/")?;
        }
        f.write_str(&self.path)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl Id {
    /// Reads an ID, or returns none where the text can only be a name.
    fn parse(text: &str) -> Result<Option<Self>, ReferenceError> {
        let (digits, is_marked) = match text.strip_prefix(ALGORITHM) {
            Some(digits) => (digits, true),
            None => (text, false),
        };
        let is_hex = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_hex && (FEWEST_DIGITS..=ALL_DIGITS).contains(&digits.len()) {
            return Ok(Some(Self { text: text.into() }));
        }
        // `sha256:ab` may stand for an ID in an engine; as a name it would be a trap.
        if is_hex && is_marked {
            return Err(ReferenceError::ShortId(text.into()));
        }
        Ok(None)
    }

    /// Returns the digits alone, in lower case.
    pub fn digits(&self) -> String {
        let digits = self.text.strip_prefix(ALGORITHM).unwrap_or(&self.text);
        digits.to_ascii_lowercase()
    }

    /// Returns the whole ID where all its digits were given.
    pub fn full(&self) -> Option<String> {
        let digits = self.digits();
        (digits.len() == ALL_DIGITS).then(|| format!("{ALGORITHM}{digits}"))
    }

    /// Returns the beginnings of the image IDs that can be meant: in v2 form, and in v1 form
    /// unless `sha256:` was given.
    pub fn beginnings(&self) -> Vec<String> {
        let digits = self.digits();
        let mut beginnings = vec![format!("{ALGORITHM}{digits}")];
        if !self.text.starts_with(ALGORITHM) {
            beginnings.push(digits);
        }
        beginnings
    }

    /// Tells whether `image_id` is what was given, or begins with it.
    pub fn matches(&self, image_id: &str) -> bool {
        self.beginnings()
            .iter()
            .any(|beginning| image_id.starts_with(beginning.as_str()))
    }

    /// Returns the same text as the name of a repository, if it can be one.
    pub fn as_name(&self) -> Option<Name> {
        if self.text.starts_with(ALGORITHM) || self.text.len() == ALL_DIGITS {
            return None;
        }
        Name::parse(&self.text).ok()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Tells whether the text before the first `/` names a host, not a part of the path.
fn looks_like_host(text: &str) -> bool {
    text == "localhost"
        || text.contains(['.', ':', '['])
        || text.bytes().any(|byte| byte.is_ascii_uppercase())
}

fn is_host(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, port)) => {
                let is_address = !address.is_empty()
                    && address
                        .bytes()
                        .all(|byte| byte.is_ascii_hexdigit() || byte == b':');
                if !is_address {
                    return false;
                }
                match port.strip_prefix(':') {
                    Some(port) => (None, Some(port)),
                    None if port.is_empty() => (None, None),
                    None => return false,
                }
            }
            None => return false,
        },
        None => match text.split_once(':') {
            Some((host, port)) => (Some(host), Some(port)),
            None => (Some(text), None),
        },
    };
    let is_name = host.is_none_or(|host| host.split('.').all(is_label));
    let is_port =
        port.is_none_or(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()));
    is_name && is_port
}

fn is_label(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Tells whether the text is runs of lower-case letters and digits, with one separator between
/// two runs: `.`, `_`, `__`, or any number of `-`.
fn is_path_component(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    let (Some(&first), Some(&last)) = (bytes.first(), bytes.last()) else {
        return false;
    };
    if !is_plain(first) || !is_plain(last) {
        return false;
    }
    bytes.split(|&byte| is_plain(byte)).all(|separator| {
        matches!(separator, b"" | b"." | b"_" | b"__") || separator.iter().all(|&byte| byte == b'-')
    })
}

fn is_tag(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.len() <= LONGEST_TAG
        && text.bytes().next().is_some_and(is_word)
        && text
            .bytes()
            .all(|byte| is_word(byte) || byte == b'.' || byte == b'-')
}

fn is_digest(text: &str) -> bool {
    let Some((algorithm, digits)) = text.split_once(':') else {
        return false;
    };
    let is_algorithm = algorithm
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_alphabetic())
        && algorithm
            .split(['+', '.', '_', '-'])
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    // A digest of the usual algorithm has one length; of others the grammar knows only the least.
    let is_long_enough = match algorithm {
        "sha256" => digits.len() == ALL_DIGITS,
        _ => (32..=256).contains(&digits.len()),
    };
    is_algorithm && is_hex && is_long_enough
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DIGITS: &str = "d8309758b8fe2c81034ffc8a10c36460b77db7bc5e7b448c4e5b684f9d95a678";

    fn name(text: &str) -> Name {
        match Reference::parse(text) {
            Ok(Reference::Name(name)) => name,
            other => panic!("{text}: {other:?}"),
        }
    }

    fn id(text: &str) -> Id {
        match Reference::parse(text) {
            Ok(Reference::Id(id)) => id,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn a_name_is_registered_with_its_tag_or_latest() {
        let digest = format!("sha256:{DIGITS}");
        for (given, registered) in [
            ("debian", "debian:latest"),
            ("debian:12", "debian:12"),
            ("arvados/jobs", "arvados/jobs:latest"),
            ("host.example:5000/img", "host.example:5000/img:latest"),
            ("localhost/img:1", "localhost/img:1"),
            ("localhost:5000", "localhost:5000"),
            (
                "myreg.example:8888/repo/img:tag",
                "myreg.example:8888/repo/img:tag",
            ),
            ("[::1]:8888/repo/img", "[::1]:8888/repo/img:latest"),
            ("[::1]/repo/img", "[::1]/repo/img:latest"),
            ("[::1]:8888/repo/img:tag", "[::1]:8888/repo/img:tag"),
            ("images", "images:latest"),
            ("s", "s:latest"),
            ("sha", "sha:latest"),
            ("sha256", "sha256:latest"),
            ("sha256:main", "sha256:main"),
        ] {
            assert_eq!(name(given).registered(), registered, "{given}");
        }
        assert_eq!(
            name(&format!("img@{digest}")).registered(),
            format!("img@{digest}")
        );
        assert_eq!(
            name(&format!("img:1@{digest}")).registered(),
            format!("img:1@{digest}")
        );
    }

    #[test]
    fn the_default_port_is_no_part_of_the_registered_name() {
        for (given, registered) in [
            (
                "registry.hub.docker.com:443/library/debian:bullseye-slim",
                "registry.hub.docker.com/library/debian:bullseye-slim",
            ),
            ("reg.example:443/x/img:1", "reg.example/x/img:1"),
            ("[::1]:443/img", "[::1]/img:latest"),
            ("reg.example:4430/img", "reg.example:4430/img:latest"),
            ("img:443", "img:443"),
        ] {
            assert_eq!(name(given).registered(), registered);
            assert_eq!(name(given).to_string(), given);
        }
    }

    #[test]
    fn a_second_tag_is_refused_in_the_words_that_scripts_look_for() {
        let full = format!("sha256:{DIGITS}");
        let pinned = format!("img@{full}");
        for image in [
            "myrepo:mytag",
            "host:5000/img:1",
            full.as_str(),
            pinned.as_str(),
        ] {
            let error = Reference::with_tag(image, Some("extratag")).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!(
                    "image '{image}' already includes a tag, cannot add tag argument 'extratag'"
                )
            );
        }
    }

    #[test]
    fn a_tag_beside_the_name_becomes_its_tag() {
        for (image, tag, registered) in [
            ("debian", "12", "debian:12"),
            ("host:5000/img", "12", "host:5000/img:12"),
            ("[::1]:8888/repo/img", "x", "[::1]:8888/repo/img:x"),
            ("deadbeefcafe", "v1", "deadbeefcafe:v1"),
        ] {
            match Reference::with_tag(image, Some(tag)).unwrap() {
                Reference::Name(name) => assert_eq!(name.registered(), registered),
                other => panic!("{other:?}"),
            }
        }
        assert!(matches!(
            Reference::with_tag("debian", Some("a b")),
            Err(ReferenceError::Tag(_))
        ));
    }

    #[test]
    fn twelve_digits_or_more_are_an_id() {
        for text in [
            DIGITS.to_owned(),
            format!("sha256:{DIGITS}"),
            "d8309758b8fe".into(),
            "sha256:D8309758B8FE".into(),
        ] {
            assert!(id(&text).matches(&format!("sha256:{DIGITS}")), "{text}");
        }
        assert!(id("d8309758b8fe").matches(DIGITS));
        assert!(!id("sha256:d8309758b8fe").matches(DIGITS));
        assert!(!id("d8309758b8ff").matches(DIGITS));
        assert_eq!(id(DIGITS).full().unwrap(), format!("sha256:{DIGITS}"));
        assert_eq!(id("d8309758b8fe").full(), None);
    }

    #[test]
    fn fewer_digits_are_a_name_or_an_error_but_never_an_id() {
        assert_eq!(name("d830975").registered(), "d830975:latest");
        assert!(matches!(
            Reference::parse("sha256:d830"),
            Err(ReferenceError::ShortId(_))
        ));
        assert!(matches!(
            Reference::parse(&format!("sha256:{DIGITS}0")),
            Err(ReferenceError::ShortId(_))
        ));
    }

    #[test]
    fn digits_can_be_read_as_a_name_unless_engines_forbid_it() {
        assert_eq!(
            id("deadbeefcafe").as_name().unwrap().registered(),
            "deadbeefcafe:latest"
        );
        assert!(id("sha256:deadbeefcafe").as_name().is_none());
        assert!(id(DIGITS).as_name().is_none());
        assert!(id("DEADBEEFCAFE").as_name().is_none());
    }

    #[test]
    fn what_is_no_reference_is_refused() {
        let long = "a".repeat(256);
        let huge = "a".repeat(1_000_000);
        for text in [
            "",
            " ",
            ":",
            "/",
            "@",
            "a:",
            "a/",
            "/a",
            "a//b",
            "A",
            "a b",
            "a:b:c",
            "a%",
            "%",
            "a*",
            "-a",
            "a-",
            "a..b",
            "a___b",
            "a\nb",
            "host:/img",
            "host:x/img",
            "[::1/img",
            "[]/img",
            "[::1]x/img",
            "-host.example/img",
            "a@",
            "a@sha256:12",
            "a@b@c",
            "é",
            "a:-x",
            "<none>",
            "<unknown>",
            "../a",
            "--help",
            long.as_str(),
            huge.as_str(),
        ] {
            assert!(Reference::parse(text).is_err(), "{text:.40}");
        }
    }

    proptest! {
        #[test]
        fn printing_what_was_parsed_gives_the_input_back(
            host in proptest::option::of("([a-z]{1,8}\\.[a-z]{2,3}|localhost|\\[[0-9a-f]{1,4}::[0-9a-f]{1,4}\\])(:[0-9]{1,5})?"),
            path in "[a-z0-9]{1,6}((\\.|_|__|-{1,3})[a-z0-9]{1,4}){0,2}(/[a-z0-9]{1,6}){0,2}",
            tag in proptest::option::of("[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}"),
            digest in proptest::option::of("sha256:[0-9a-f]{64}"),
        ) {
            // Before a `/`, a dot makes a host of a component.
            prop_assume!(!path.split_once('/').is_some_and(|(first, _)| looks_like_host(first)));
            let mut text = path;
            if let Some(host) = host { text = format!("{host}/{text}"); }
            if let Some(tag) = tag { text = format!("{text}:{tag}"); }
            if let Some(digest) = digest { text = format!("{text}@{digest}"); }
            match Reference::parse(&text) {
                Ok(reference) => prop_assert_eq!(reference.to_string(), text),
                Err(ReferenceError::ShortId(_)) => prop_assert!(text.starts_with("sha256:")),
                Err(error) => prop_assert!(false, "{}: {}", text, error),
            }
        }

        #[test]
        fn any_text_is_parsed_or_refused_without_a_panic(text in "\\PC{0,40}", tag in proptest::option::of("\\PC{0,10}")) {
            if let Ok(reference) = Reference::parse(&text) {
                prop_assert_eq!(reference.to_string(), text.clone());
            }
            let _ = Reference::with_tag(&text, tag.as_deref());
        }

        #[test]
        fn an_id_matches_only_what_begins_with_its_digits(digits in "[0-9a-f]{12,64}", other in "[0-9a-f]{64}") {
            let parsed = Reference::parse(&digits).unwrap();
            let Reference::Id(id) = parsed else { panic!("{digits} is an ID") };
            prop_assert_eq!(id.matches(&other), other.starts_with(&digits));
            prop_assert_eq!(id.matches(&format!("sha256:{other}")), other.starts_with(&digits));
        }
    }
}
