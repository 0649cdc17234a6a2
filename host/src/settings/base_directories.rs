//! Where configuration and caches are: the rules of XDG, and systemd's for services.
//!
//! These rules are the ones of the Arvados Python SDK, so that both find the same files.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::Environment;
use crate::harmless::escape;

/// A place where a configuration file may be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ConfigPlace {
    /// The file.
    pub(super) path: PathBuf,
    /// Whether this is the usual place, and not searched because `XDG_CONFIG_HOME` is another.
    pub(super) is_default_elsewhere: bool,
}

/// Returns the places of the configuration file `name`, in the order of search.
pub(super) fn config_files(environment: &Environment, name: &str) -> Vec<ConfigPlace> {
    let searched = |path| ConfigPlace {
        path,
        is_default_elsewhere: false,
    };
    let mut places: Vec<ConfigPlace> = environment
        // systemd names a folder of the unit's own, so there is no `arvados` below it.
        .absolute_paths("CONFIGURATION_DIRECTORY")
        .into_iter()
        .map(|folder| searched(folder.join(name)))
        .collect();

    let usual = environment.home().map(|home| home.join(".config"));
    let given = environment.absolute_path("XDG_CONFIG_HOME");
    let hidden = usual
        .clone()
        .filter(|usual| given.as_ref().is_some_and(|given| given != usual));
    if let Some(home) = given.or(usual) {
        places.push(searched(home.join("arvados").join(name)));
    }

    let system = if environment.get("XDG_CONFIG_DIRS").is_some() {
        environment.absolute_paths("XDG_CONFIG_DIRS")
    } else {
        vec![PathBuf::from("/etc/xdg")]
    };
    for folder in system {
        places.push(searched(folder.join("arvados").join(name)));
    }

    // Last, so that it is mentioned only if nothing else was found.
    if let Some(usual) = hidden {
        let path = usual.join("arvados").join(name);
        if !places.iter().any(|place| place.path == path) {
            places.push(ConfigPlace {
                path,
                is_default_elsewhere: true,
            });
        }
    }
    places
}

/// The folder that holds this program's caches, by the rules and not yet opened.
///
/// It may not exist; then it is to be created with mode 0700.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CacheBase {
    /// The folder. Each cache is a folder in it, such as `docker`.
    pub path: PathBuf,
    /// Whether systemd provided it (`CACHE_DIRECTORY`), so that it exists.
    pub provided: bool,
    /// A folder that `CACHE_DIRECTORY` names in vain.
    pub refused: Option<PathBuf>,
}

impl CacheBase {
    /// Returns the folder for `environment`, or none where there is not even a home directory.
    ///
    /// A folder in `CACHE_DIRECTORY` counts if it exists and its owner may write to it; else
    /// `arvados` in `XDG_CACHE_HOME` or `~/.cache`.
    pub(crate) fn new(environment: &Environment) -> Option<Self> {
        let named = environment.absolute_paths("CACHE_DIRECTORY");
        let provided = named.iter().find(|path| {
            fs::metadata(path).is_ok_and(|metadata| {
                metadata.is_dir() && metadata.permissions().mode() & 0o200 != 0
            })
        });
        if let Some(path) = provided {
            return Some(Self {
                path: path.clone(),
                provided: true,
                refused: None,
            });
        }
        let base = environment
            .absolute_path("XDG_CACHE_HOME")
            .or_else(|| environment.home().map(|home| home.join(".cache")))?;
        Some(Self {
            path: base.join("arvados"),
            provided: false,
            refused: named.into_iter().next(),
        })
    }

    /// Says that the cache is elsewhere than the user meant, if it is.
    pub(crate) fn warning(&self) -> Option<String> {
        let shown = |path: &Path| escape(&path.display().to_string()).into_owned();
        let refused = self.refused.as_deref()?;
        Some(format!(
            "`{}` in CACHE_DIRECTORY is no folder that its owner may write to, so the cache is in `{}`",
            shown(refused),
            shown(&self.path)
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn searched(environment: &Environment) -> Vec<String> {
        config_files(environment, "settings.conf")
            .into_iter()
            .filter(|place| !place.is_default_elsewhere)
            .map(|place| place.path.display().to_string())
            .collect()
    }

    #[test]
    fn configuration_is_sought_in_the_order_of_the_python_sdk() {
        let environment = Environment::default().with("HOME", "/h");
        assert_eq!(
            searched(&environment),
            [
                "/h/.config/arvados/settings.conf",
                "/etc/xdg/arvados/settings.conf"
            ]
        );
        let environment = environment
            .with("CONFIGURATION_DIRECTORY", "/u1:u2:/u3")
            .with("XDG_CONFIG_HOME", "/x")
            .with("XDG_CONFIG_DIRS", "/s1:s2:/s3");
        assert_eq!(
            searched(&environment),
            [
                "/u1/settings.conf",
                "/u3/settings.conf",
                "/x/arvados/settings.conf",
                "/s1/arvados/settings.conf",
                "/s3/arvados/settings.conf",
            ]
        );
        let environment = environment
            .without("CONFIGURATION_DIRECTORY")
            .with("XDG_CONFIG_HOME", "relative")
            .with("XDG_CONFIG_DIRS", " ");
        assert_eq!(
            searched(&environment),
            [
                "/h/.config/arvados/settings.conf",
                "/etc/xdg/arvados/settings.conf"
            ]
        );
    }

    #[test]
    fn the_cache_is_where_the_python_sdk_has_it() {
        let unit = tempfile::tempdir().unwrap();
        let path = |environment: &Environment| CacheBase::new(environment).map(|base| base.path);
        let environment = Environment::default();
        assert_eq!(path(&environment), None);
        let environment = environment.with("HOME", "/h");
        assert_eq!(path(&environment), Some("/h/.cache/arvados".into()));
        let environment = environment.with("XDG_CACHE_HOME", "/x");
        assert_eq!(path(&environment), Some("/x/arvados".into()));
        let environment = environment.with(
            "CACHE_DIRECTORY",
            format!("relative:/nonexistent:{}", unit.path().display()),
        );
        assert_eq!(
            CacheBase::new(&environment),
            Some(CacheBase {
                path: unit.path().to_owned(),
                provided: true,
                refused: None,
            })
        );
    }

    #[test]
    fn a_provided_folder_that_its_owner_may_not_write_to_is_passed_over_and_told() {
        let unit = tempfile::tempdir().unwrap();
        fs::set_permissions(unit.path(), fs::Permissions::from_mode(0o500)).unwrap();
        let environment = Environment::default()
            .with("HOME", "/h")
            .with("CACHE_DIRECTORY", unit.path());
        let base = CacheBase::new(&environment).unwrap();
        assert!(!base.provided);
        let warning = base.warning().unwrap();
        for folder in [unit.path().to_str().unwrap(), "/h/.cache/arvados"] {
            assert!(warning.contains(folder), "{warning}");
        }
        let usual = CacheBase::new(&environment.without("CACHE_DIRECTORY"));
        assert_eq!(usual.unwrap().warning(), None);
    }
}
