//! What a person or a site has said once for all commands: the optional `config.toml`.

mod file;

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::Environment;
use file::{Table, tables, text_of};

/// The file of the machine.
const SYSTEM: &str = "/etc/keepdocker/config.toml";

/// The variable that names the digest by which images are registered.
const IMAGE_ID: &str = "KEEPDOCKER_IMAGE_ID";

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

/// Something that was said, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said<T> {
    /// What was said.
    pub value: T,
    /// A file, with its table where it is about one cluster, or a variable.
    pub from: String,
}

/// What is in force where the command line says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Preferences {
    /// By which of its digests an image is registered.
    pub image_id: Option<Said<ImageId>>,
    /// The container engine's program.
    pub engine: Option<Said<String>>,
    /// The project that uploads go to: a UUID, a name or a path.
    pub project: Option<Said<String>>,
    /// The platform that an uploaded image must be for.
    pub platform: Option<Said<String>>,
    /// How many blocks to send or to fetch at once.
    pub threads: Option<Said<u8>>,
    /// How to show progress: one of [`PROGRESS`].
    pub progress: Option<Said<String>>,
}

/// How progress can be shown.
pub(crate) const PROGRESS: [&str; 5] = ["auto", "bar", "plain", "json", "none"];

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
    /// Gathers what was said: by a variable, else of the cluster, else of all; in the user's file, else in the machine's.
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
        let (mut of_all, mut of_cluster) = (Vec::new(), Vec::new());
        // Every file is read, so that a fault shows before somebody relies on it.
        for file in [Some(system), user].into_iter().flatten() {
            let Some(text) = text_of(file)? else { continue };
            for Table { cluster, said } in tables(file, &text)? {
                match cluster {
                    None => of_all.push(said),
                    Some(name) if environment.cluster() == Some(&name) => of_cluster.push(said),
                    Some(_) => {}
                }
            }
        }
        let mut preferences = of_all
            .into_iter()
            .chain(of_cluster)
            .fold(Self::default(), Self::overruled_by);
        // A variable that is empty is as good as none.
        let variable = environment.text(IMAGE_ID);
        if let Some(value) = variable.filter(|value| !value.trim().is_empty()) {
            let value = ImageId::parse(&value).ok_or(PreferencesError::Variable {
                variable: IMAGE_ID,
                value,
            })?;
            preferences.image_id = Some(Said {
                value,
                from: IMAGE_ID.to_owned(),
            });
        }
        Ok(preferences)
    }

    /// Takes what `other` says, and keeps the rest.
    fn overruled_by(self, other: Self) -> Self {
        Self {
            image_id: other.image_id.or(self.image_id),
            engine: other.engine.or(self.engine),
            project: other.project.or(self.project),
            platform: other.platform.or(self.platform),
            threads: other.threads.or(self.threads),
            progress: other.progress.or(self.progress),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

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
            preferences
                .unwrap()
                .image_id
                .map_or_else(ImageId::default, |said| said.value)
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
            preferences.unwrap().image_id.map(|said| said.from)
        };
        assert_eq!(from(""), Some(user.display().to_string()));
        assert_eq!(from("manifest").as_deref(), Some(IMAGE_ID));
    }

    #[test]
    fn what_is_said_of_a_cluster_wins_over_what_is_said_of_all() {
        let folder = tempfile::tempdir().unwrap();
        let (system, user) = (folder.path().join("system"), folder.path().join("user"));
        fs::write(
            &system,
            "engine = \"podman\"\nproject = \"Site\"\nthreads = 4\n[clusters.zzzzz]\nplatform = \"linux/arm64\"\nprogress = \"plain\"\n",
        )
        .unwrap();
        fs::write(
            &user,
            "project = \"Mine\"\nplatform = \"linux/amd64\"\n[clusters.other]\nproject = \"Other\"\n",
        )
        .unwrap();
        let of = |cluster: Option<&str>| {
            let environment = match cluster {
                Some(name) => Environment::default().of_cluster(name),
                None => Environment::default(),
            };
            Preferences::of(&environment, &system, Some(&user)).unwrap()
        };
        let value = |said: &Option<Said<String>>| said.clone().map(|said| said.value);
        let any = of(None);
        assert_eq!(value(&any.engine).as_deref(), Some("podman"));
        assert_eq!(value(&any.project).as_deref(), Some("Mine"));
        assert_eq!(value(&any.platform).as_deref(), Some("linux/amd64"));
        assert_eq!(any.threads.map(|said| said.value), Some(4));
        assert_eq!(any.progress, None);
        let here = of(Some("zzzzz"));
        assert_eq!(value(&here.platform).as_deref(), Some("linux/arm64"));
        assert_eq!(
            here.progress.unwrap().from,
            format!("{} [clusters.zzzzz]", system.display())
        );
        assert_eq!(value(&of(Some("other")).project).as_deref(), Some("Other"));
    }

    #[test]
    fn what_cannot_be_meant_is_told_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        for (text, words) in [
            (
                "\nimage_id = \"config\"",
                ":2: unknown key `image_id`; there are: image-id, engine, project, platform, threads, progress, clusters",
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
            ("threads = 0", ":1: `threads` is a number from 1 to 32"),
            (
                "\n\nproject = \"\"",
                ":3: `project` is a text, and not an empty one",
            ),
            ("progress = \"loud\"", ":1: `progress` can be: auto, bar"),
            ("clusters = 1", ":1: `clusters` has tables"),
            (
                "[clusters.\"a/b\"]",
                ":1: `a/b` cannot be the name of a cluster",
            ),
            ("[clusters.zzzzz]\ntoken = \"x\"", ":2: unknown key `token`"),
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
        assert_eq!(none.unwrap().image_id, None);
        let error = Preferences::of(&environment("sha\n"), &folder.path().join("none"), None);
        let told = error.unwrap_err().to_string();
        assert_eq!(
            told,
            "KEEPDOCKER_IMAGE_ID is `sha\\n`; it can be: config, manifest"
        );
    }
}
