//! What a person or a site has said once for all commands: the optional `config.toml`.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use toml::de::{DeTable, DeValue};

use super::Environment;

/// The file of the machine.
const SYSTEM: &str = "/etc/keepdocker/config.toml";

/// The variable that names the digest by which images are registered.
const IMAGE_ID: &str = "KEEPDOCKER_IMAGE_ID";

/// The keys of the file.
const KEYS: [&str; 1] = ["image-id"];

/// A longer file is none of ours.
const LONGEST: u64 = 64 << 10;

/// By which of its digests an image is registered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ImageId {
    /// The digest of the config, for Docker with its classic image store.
    #[default]
    Config,
    /// The digest of the manifest, for Docker with the containerd image store.
    Manifest,
}

/// What is in force where the command line says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Preferences {
    /// By which of its digests an image is registered.
    pub image_id: ImageId,
    /// Where that was said: a file or a variable; none if it is the default.
    pub image_id_from: Option<String>,
}

/// Why what somebody said cannot be followed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PreferencesError {
    /// The file is there and cannot be read.
    #[error("{} cannot be read: {reason}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system said, or what is wrong with it.
        reason: String,
    },
    /// The file says what cannot be meant.
    #[error("{}:{line}: {reason}", file.display())]
    Invalid {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
    /// A variable has a value that cannot be meant.
    #[error("{variable} is `{}`; it can be: {}", value.escape_debug(), ImageId::words())]
    Variable {
        /// The variable.
        variable: &'static str,
        /// Its value.
        value: String,
    },
}

impl ImageId {
    /// Returns the words for it, as the user writes them.
    fn words() -> String {
        let words = Self::value_variants().iter();
        let words = words.filter_map(|value| value.to_possible_value());
        let words: Vec<String> = words.map(|word| word.get_name().to_owned()).collect();
        words.join(", ")
    }

    fn parse(text: &str) -> Option<Self> {
        Self::from_str(text, false).ok()
    }
}

impl Preferences {
    /// Gathers what was said: by a variable, else in the user's file, else in the machine's.
    ///
    /// # Errors
    /// If a file is there and cannot be read, or something in it or in a variable cannot be meant.
    pub(crate) fn load(environment: &Environment) -> Result<Self, PreferencesError> {
        let base = environment
            .absolute_path("XDG_CONFIG_HOME")
            .or_else(|| Some(environment.home()?.join(".config")));
        let user = base.map(|base| base.join("keepdocker/config.toml"));
        Self::of(environment, Path::new(SYSTEM), user.as_deref())
    }

    fn of(
        environment: &Environment,
        system: &Path,
        user: Option<&Path>,
    ) -> Result<Self, PreferencesError> {
        let mut image_id = None;
        // Every file is read, so that a fault shows before somebody relies on it.
        for file in [Some(system), user].into_iter().flatten() {
            if let Some(text) = text_of(file)? {
                let said = read(file, &text)?.map(|id| (id, file.display().to_string()));
                image_id = said.or(image_id);
            }
        }
        // A variable that is empty is as good as none.
        let variable = environment.text(IMAGE_ID);
        if let Some(value) = variable.filter(|value| !value.trim().is_empty()) {
            let named = ImageId::parse(&value).ok_or(PreferencesError::Variable {
                variable: IMAGE_ID,
                value,
            })?;
            image_id = Some((named, IMAGE_ID.to_owned()));
        }
        let (image_id, image_id_from) = image_id.unzip();
        Ok(Self {
            image_id: image_id.unwrap_or_default(),
            image_id_from,
        })
    }
}

/// Reads a file that need not be there.
fn text_of(file: &Path) -> Result<Option<String>, PreferencesError> {
    let unreadable = |reason: String| PreferencesError::Unreadable {
        file: file.to_owned(),
        reason,
    };
    match fs::symlink_metadata(file) {
        // A home may be no folder at all, as `/dev/null` of users that only run services.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(unreadable(error.to_string())),
        Ok(_) => {}
    }
    // A link to nothing is one whose disk is not there, and no reason to go on as if nothing were said.
    match fs::metadata(file) {
        Err(error) => return Err(unreadable(error.to_string())),
        // Whoever opened a pipe would wait for its other end.
        Ok(metadata) if !metadata.is_file() => return Err(unreadable("it is not a file".into())),
        Ok(_) => {}
    }
    let mut text = String::new();
    File::open(file)
        .and_then(|opened| opened.take(LONGEST + 1).read_to_string(&mut text))
        .map_err(|error| unreadable(error.to_string()))?;
    if text.len() as u64 > LONGEST {
        return Err(unreadable(format!(
            "it has more than {} KiB",
            LONGEST >> 10
        )));
    }
    Ok(Some(text))
}

/// Reads what a file says, to the letter.
fn read(file: &Path, text: &str) -> Result<Option<ImageId>, PreferencesError> {
    let invalid = |at: usize, reason: String| PreferencesError::Invalid {
        file: file.to_owned(),
        line: text.as_bytes()[..at.min(text.len())]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
            + 1,
        reason,
    };
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let reason = error.message().lines().next().unwrap_or_default();
        invalid(at, reason.to_owned())
    })?;
    let mut image_id = None;
    for (key, value) in table.get_ref() {
        if !KEYS.contains(&key.get_ref().as_ref()) {
            let known = KEYS.join(", ");
            let reason = format!(
                "unknown key `{}`; there are: {known}",
                key.get_ref().escape_debug()
            );
            return Err(invalid(key.span().start, reason));
        }
        image_id = match value.get_ref() {
            DeValue::String(word) => ImageId::parse(word),
            _ => None,
        };
        if image_id.is_none() {
            let reason = format!("`{}` can be: {}", key.get_ref(), ImageId::words());
            return Err(invalid(value.span().start, reason));
        }
    }
    Ok(image_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(value: &str) -> Environment {
        Environment::default().with(IMAGE_ID, value)
    }

    #[test]
    fn the_variable_wins_over_the_user_and_the_user_over_the_machine() {
        let folder = tempfile::tempdir().unwrap();
        let (system, user) = (folder.path().join("system"), folder.path().join("user"));
        let of = |variable: &str| {
            let preferences = Preferences::of(&environment(variable), &system, Some(&user));
            preferences.unwrap().image_id
        };
        assert_eq!(of(""), ImageId::Config, "nothing is there");
        fs::write(&system, "# of the site\nimage-id = \"manifest\"\n").unwrap();
        assert_eq!(of(""), ImageId::Manifest);
        fs::write(&user, "").unwrap();
        assert_eq!(of(" "), ImageId::Manifest, "an empty file says nothing");
        fs::write(&user, "image-id = 'config'").unwrap();
        assert_eq!(of(""), ImageId::Config);
        assert_eq!(of("manifest"), ImageId::Manifest);
        let from = |variable: &str| {
            let preferences = Preferences::of(&environment(variable), &system, Some(&user));
            preferences.unwrap().image_id_from
        };
        assert_eq!(from(""), Some(user.display().to_string()));
        assert_eq!(from("manifest").as_deref(), Some(IMAGE_ID));
    }

    #[test]
    fn what_cannot_be_meant_is_told_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        for (text, words) in [
            (
                "\nimage_id = \"config\"",
                ":2: unknown key `image_id`; there are: image-id",
            ),
            (
                "image-id = \"digest\"",
                ":1: `image-id` can be: config, manifest",
            ),
            ("image-id = true", ":1: `image-id` can be"),
            (
                "image-id = \"config\"\nimage-id = \"config\"",
                ":2: duplicate key",
            ),
            ("image-id", ":1: "),
        ] {
            fs::write(&file, text).unwrap();
            let error = Preferences::of(&environment(""), &file, None).unwrap_err();
            let told = error.to_string();
            assert!(told.contains(words), "{text}: {told}");
            assert!(told.starts_with(&file.display().to_string()), "{told}");
        }
        fs::write(&file, " ".repeat(70_000)).unwrap();
        let error = Preferences::of(&environment(""), &file, None).unwrap_err();
        assert!(error.to_string().contains("more than 64 KiB"), "{error}");
        let error = Preferences::of(&environment(""), folder.path(), None).unwrap_err();
        assert!(error.to_string().contains("it is not a file"), "{error}");
        // As where the disk of the site is not mounted.
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/nowhere/config.toml", &link).unwrap();
        let error = Preferences::of(&environment(""), &link, None).unwrap_err();
        assert!(
            matches!(error, PreferencesError::Unreadable { .. }),
            "{error}"
        );
        let none = Preferences::of(&environment(""), &file.join("config.toml"), None);
        assert_eq!(none.unwrap().image_id, ImageId::Config);
        let error = Preferences::of(&environment("sha\n"), &folder.path().join("none"), None);
        let told = error.unwrap_err().to_string();
        assert_eq!(
            told,
            "KEEPDOCKER_IMAGE_ID is `sha\\n`; it can be: config, manifest"
        );
    }
}
