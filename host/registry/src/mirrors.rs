//! `registries.conf`: where else an image may be had, and what is not to be asked.
//!
//! Of that file count `blocked`, `insecure`, `location` and the mirrors. The search for names without a host and
//! the aliases do not: `debian` is `docker.io/library/debian` everywhere in this program.

use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::Error;
use crate::place::{Place, Target};

/// The longest file that is read.
const LONGEST: u64 = 1 << 20;

/// What the machine's configuration says of registries.
#[derive(Debug, Clone, Default)]
pub struct Mirrors {
    registries: Vec<(Registry, String)>,
    helpers: Helpers,
}

/// The programs that know logins, as far as the machine's configuration names some.
#[derive(Debug, Clone, Default)]
pub(crate) struct Helpers {
    /// Their names in the order in which they are asked; [`Helpers::FILES`] stands for the files with logins.
    pub(crate) names: Vec<String>,
    /// The file that names them.
    pub(crate) file: String,
}

impl Helpers {
    /// What stands for the files with logins in a list of helpers.
    pub(crate) const FILES: &str = "containers-auth.json";
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct File {
    #[serde(default)]
    registry: Vec<Registry>,
    credential_helpers: Option<Vec<String>>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Registry {
    prefix: String,
    location: String,
    insecure: bool,
    blocked: bool,
    mirror: Vec<Mirror>,
    mirror_by_digest_only: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Mirror {
    location: String,
    insecure: bool,
    pull_from_mirror: Option<PullFromMirror>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum PullFromMirror {
    All,
    DigestOnly,
    TagOnly,
}

impl Mirrors {
    /// Reads the first of `files` that is there, and then the files that end in `.conf` in `folders`, where a
    /// later one replaces what an earlier one says of the same prefix.
    ///
    /// # Errors
    /// If a file that is there cannot be read or understood.
    pub fn read(files: &[PathBuf], folders: &[PathBuf]) -> Result<Self, Error> {
        let mut mirrors = Self::default();
        for file in files {
            if mirrors.add(file)? {
                break;
            }
        }
        for folder in folders {
            let Ok(entries) = folder.read_dir() else {
                continue;
            };
            let mut drop_ins: Vec<PathBuf> = entries
                .filter_map(|entry| Some(entry.ok()?.path()))
                .filter(|path| path.extension().is_some_and(|end| end == "conf"))
                .collect();
            drop_ins.sort();
            for file in drop_ins {
                mirrors.add(&file)?;
            }
        }
        Ok(mirrors)
    }

    /// Adds what a file says; tells whether it is there.
    fn add(&mut self, path: &Path) -> Result<bool, Error> {
        let text = match crate::files::read(path, LONGEST) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            read => read.map_err(|error| unusable(path, error.to_string()))?,
        };
        let text = String::from_utf8_lossy(&text);
        let file: File =
            toml::from_str(&text).map_err(|error| unusable(path, error.message().to_owned()))?;
        if let Some(names) = file.credential_helpers {
            let file = path.display().to_string();
            self.helpers = Helpers { names, file };
        }
        for mut registry in file.registry {
            if registry.prefix.is_empty() {
                registry.prefix.clone_from(&registry.location);
            }
            self.registries
                .retain(|(known, _)| known.prefix != registry.prefix);
            self.registries.push((registry, path.display().to_string()));
        }
        Ok(true)
    }

    /// Returns the helpers that are asked for logins.
    pub(crate) fn helpers(&self) -> &Helpers {
        &self.helpers
    }

    /// Returns the places that may have what is meant, in the order in which to ask them.
    ///
    /// # Errors
    /// If the registry is blocked.
    pub fn places(&self, target: &Target) -> Result<Vec<Place>, Error> {
        let origin = target.origin();
        let name = origin.name();
        let longest = self
            .registries
            .iter()
            .filter(|(registry, _)| registry.rest(&name).is_some())
            .max_by_key(|(registry, _)| registry.prefix.trim_start_matches('*').len());
        let Some((registry, file)) = longest else {
            return Ok(vec![origin]);
        };
        if registry.blocked {
            return Err(Error::Blocked {
                place: name,
                file: file.clone(),
            });
        }
        let by_digest = target.digest.is_some();
        let counts = |mirror: &&Mirror| match mirror.pull_from_mirror {
            Some(PullFromMirror::DigestOnly) => by_digest,
            Some(PullFromMirror::TagOnly) => !by_digest,
            Some(PullFromMirror::All) => true,
            None => by_digest || !registry.mirror_by_digest_only,
        };
        let mirrors = registry.mirror.iter().filter(counts);
        let mut places: Vec<Place> = mirrors
            .filter_map(|mirror| registry.moved(&name, &mirror.location, mirror.insecure))
            .collect();
        places.extend(registry.moved(&name, &registry.location, registry.insecure));
        places.dedup();
        Ok(places)
    }
}

impl Registry {
    /// Returns what follows the prefix in a name, where the name has it.
    fn rest<'a>(&self, name: &'a str) -> Option<&'a str> {
        if let Some(suffix) = self.prefix.strip_prefix('*') {
            let (host, _) = name.split_once('/')?;
            let is_below = suffix.starts_with('.') && host.ends_with(suffix);
            return is_below.then(|| &name[host.len()..]);
        }
        let rest = name.strip_prefix(&*self.prefix)?;
        (rest.is_empty() || rest.starts_with('/')).then_some(rest)
    }

    /// Returns where a name is at another location; at its own where none is given.
    fn moved(&self, name: &str, location: &str, is_insecure: bool) -> Option<Place> {
        let rest = self.rest(name)?;
        let whole = match location {
            "" => name.to_owned(),
            location => format!("{}{rest}", location.trim_end_matches('/')),
        };
        let (host, path) = whole.split_once('/')?;
        let host = host.strip_suffix(":443").unwrap_or(host);
        Some(Place {
            host: host.to_owned(),
            path: path.to_owned(),
            is_insecure,
        })
    }
}

fn unusable(path: &Path, reason: String) -> Error {
    Error::Configuration {
        file: path.display().to_string(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use keepdocker_terms::reference::Name;

    use super::*;

    fn places(text: &str, name: &str) -> Result<Vec<String>, Error> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, text).unwrap();
        let mirrors = Mirrors::read(&[file.path().to_owned()], &[]).unwrap();
        let target = Target::of(&Name::parse(name).unwrap());
        let places = mirrors.places(&target)?;
        let shown = |place: &Place| {
            format!(
                "{}{}",
                place.name(),
                if place.is_insecure { " !" } else { "" }
            )
        };
        Ok(places.iter().map(shown).collect())
    }

    const DIGEST: &str = "@sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn without_a_word_the_name_itself_counts() {
        assert_eq!(places("", "debian").unwrap(), ["docker.io/library/debian"]);
        let other = "[[registry]]\nlocation = 'quay.io'\nblocked = true\n[[registry]]\nprefix='docker.io/lib'\nblocked=true";
        assert_eq!(
            places(other, "debian").unwrap(),
            ["docker.io/library/debian"]
        );
    }

    #[test]
    fn mirrors_come_first_and_the_longest_prefix_counts() {
        let text = "unqualified-search-registries = ['evil.example']\n[aliases]\ndebian='evil.example/x'\n\
            [[registry]]\nlocation='docker.io'\n[[registry.mirror]]\nlocation='m.example/hub'\ninsecure=true\n\
            [[registry]]\nprefix='docker.io/lab'\nlocation='lab.example:443/x'\n\
            [[registry]]\nprefix='*.example.com'\nlocation='cache.example'\n[[registry]]\nprefix='a.example.com'\ninsecure=true";
        assert_eq!(
            places(text, "debian").unwrap(),
            ["m.example/hub/library/debian !", "docker.io/library/debian"]
        );
        assert_eq!(places(text, "lab/tool:1").unwrap(), ["lab.example/x/tool"]);
        assert_eq!(
            places(text, "b.example.com/x/y").unwrap(),
            ["cache.example/x/y"]
        );
        assert_eq!(
            places(text, "a.example.com/x").unwrap(),
            ["a.example.com/x !"]
        );
        assert_eq!(places(text, "example.com/x").unwrap(), ["example.com/x"]);
    }

    #[test]
    fn some_mirrors_are_for_digests_only() {
        let text = "[[registry]]\nlocation='quay.io'\nmirror-by-digest-only=true\n[[registry.mirror]]\nlocation='a.example'\n\
            [[registry.mirror]]\nlocation='b.example'\npull-from-mirror='tag-only'";
        assert_eq!(
            places(text, "quay.io/x:1").unwrap(),
            ["b.example/x", "quay.io/x"]
        );
        let by_digest = format!("quay.io/x{DIGEST}");
        assert_eq!(
            places(text, &by_digest).unwrap(),
            ["a.example/x", "quay.io/x"]
        );
    }

    #[test]
    fn what_is_blocked_is_not_asked() {
        let text = "[[registry]]\nprefix='quay.io/evil'\nlocation='quay.io/evil'\nblocked=true";
        let error = places(text, "quay.io/evil/x").unwrap_err();
        assert!(matches!(error, Error::Blocked { .. }), "{error}");
        assert!(places(text, "quay.io/evilish/x").is_ok());
    }

    #[test]
    fn a_drop_in_replaces_and_nonsense_is_told_with_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("1.conf", "[[registry]]\nlocation='quay.io'\nblocked=true");
        write("2.conf", "[[registry]]\nlocation='quay.io'\ninsecure=true");
        write("ignored", "[[");
        let folders = [folder.path().to_owned()];
        let mirrors = Mirrors::read(&[], &folders).unwrap();
        let target = Target::of(&Name::parse("quay.io/x").unwrap());
        assert!(mirrors.places(&target).unwrap()[0].is_insecure);
        write("3.conf", "[[");
        let error = Mirrors::read(&[], &folders).unwrap_err().to_string();
        assert!(error.contains("3.conf cannot be used"), "{error}");
    }
}
