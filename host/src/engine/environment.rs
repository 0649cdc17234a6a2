//! Which variables of the environment reach the engine.
//!
//! The engine's program gets what engines, their credential helpers and the modules of compute
//! clusters need, and nothing of ours: it has no use for the token. Who needs more names it.

use std::ffi::{OsStr, OsString};

use crate::harmless::excerpt;
use crate::settings::process_variable;

/// The setting that names further variables.
pub(crate) const SETTING: &str = "KEEPDOCKER_ENGINE_ENV";

/// The variables that every engine gets, besides those that begin with [`PREFIXES`].
const NAMES: [&str; 43] = [
    // Whose files, and where.
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "TERM",
    "TZ",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "XDG_RUNTIME_DIR",
    "XDG_CONFIG_HOME",
    "XDG_CONFIG_DIRS",
    "XDG_DATA_HOME",
    "XDG_CACHE_HOME",
    // Agents that keep keys, and those that ask for them.
    "DBUS_SESSION_BUS_ADDRESS",
    "SSH_AUTH_SOCK",
    "SSH_ASKPASS",
    "SSH_ASKPASS_REQUIRE",
    "GNUPGHOME",
    "GPG_TTY",
    "GPG_AGENT_INFO",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    // The network.
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
    // Registries.
    "REGISTRY_AUTH_FILE",
    "REGISTRIES_CONFIG_PATH",
    // The identities of machines in Azure and the accounts of Google's tools.
    "IDENTITY_ENDPOINT",
    "IDENTITY_HEADER",
    "MSI_ENDPOINT",
    "MSI_SECRET",
    "BOTO_CONFIG",
    // Podman without root.
    "_CONTAINERS_USERNS_CONFIGURED",
    "_CONTAINERS_ROOTLESS_UID",
];

/// The variables that steer engines (which one, where, with what storage) and those that credential
/// helpers read.
const PREFIXES: [&str; 14] = [
    "DOCKER_",
    "BUILDKIT_",
    "CONTAINER_",
    "CONTAINERS_",
    "CONTAINERD_",
    "NERDCTL_",
    "PODMAN_",
    "STORAGE_",
    "AWS_",
    "AZURE_",
    "CLOUDSDK_",
    "GCE_",
    "GOOGLE_",
    "PASSWORD_STORE_",
];

/// What is ours: it reaches no engine, whatever is asked for.
const OURS: [&str; 2] = ["ARVADOS_", "KEEPDOCKER_"];

/// Which further variables the engine gets, by the user's wish.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Passed {
    names: Vec<String>,
    prefixes: Vec<String>,
}

/// A list of variables that cannot be meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidList {
    /// What is neither a name nor the beginning of one.
    #[error("`{0}` is no name of a variable; write NAME, or PREFIX_* for all that begin so")]
    NoName(String),
    /// A variable of ours.
    #[error(
        "`{0}` is never given to an engine: what begins with ARVADOS_ or KEEPDOCKER_ is not for it"
    )]
    Ours(String),
}

impl Passed {
    /// Reads the list `NAME,NAME2,PREFIX_*`; blanks around names and empty places mean nothing.
    ///
    /// # Errors
    /// If a place of the list is no name, or names what is ours.
    pub(crate) fn parse(list: &str) -> Result<Self, InvalidList> {
        let mut passed = Self::default();
        let places = list.split(',').map(str::trim);
        for place in places.filter(|place| !place.is_empty()) {
            let (name, into) = match place.strip_suffix('*') {
                Some(prefix) => (prefix, &mut passed.prefixes),
                None => (place, &mut passed.names),
            };
            // `*` alone is all that is not ours.
            if !is_name(name) && place != "*" {
                return Err(InvalidList::NoName(excerpt(place, 80)));
            }
            if is_ours(name) {
                return Err(InvalidList::Ours(excerpt(place, 80)));
            }
            into.push(name.to_owned());
        }
        Ok(passed)
    }

    /// Tells whether a variable reaches the engine.
    fn takes(&self, name: &OsStr) -> bool {
        let Some(name) = name.to_str() else {
            return false;
        };
        let begins = |prefix: &str| name.starts_with(prefix);
        let is_usual = NAMES.contains(&name) || PREFIXES.into_iter().any(begins);
        let is_wanted = self.names.iter().any(|wanted| wanted == name)
            || self.prefixes.iter().any(|prefix| begins(prefix));
        (is_usual || is_wanted) && !is_ours(name)
    }

    /// Returns those of the process's variables that reach the engine.
    ///
    /// An empty `PATH` does not: by its rules, programs of the current folder would be run.
    pub(super) fn variables(&self) -> impl Iterator<Item = (OsString, OsString)> + '_ {
        let is_path = |name: &OsString| name == "PATH" && process_variable("PATH").is_none();
        std::env::vars_os().filter(move |(name, _)| self.takes(name) && !is_path(name))
    }
}

fn is_ours(name: &str) -> bool {
    OURS.iter().any(|ours| name.starts_with(ours))
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name
            .bytes()
            .all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(list: &str, name: &str) -> bool {
        Passed::parse(list).unwrap().takes(name.as_ref())
    }

    #[test]
    fn what_engines_and_credential_helpers_read_reaches_them() {
        for name in [
            "PATH",
            "DOCKER_HOST",
            "DOCKER_CONFIG",
            "CONTAINERS_STORAGE_CONF",
            "https_proxy",
            "all_proxy",
            "ALL_PROXY",
            "AWS_PROFILE",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "CLOUDSDK_CONFIG",
            "AZURE_CLIENT_SECRET",
            "GNUPGHOME",
            "PASSWORD_STORE_DIR",
            "REGISTRY_AUTH_FILE",
            "LD_LIBRARY_PATH",
            "XDG_RUNTIME_DIR",
        ] {
            assert!(takes("", name), "{name}");
        }
    }

    #[test]
    fn what_is_ours_reaches_no_engine_whatever_is_asked_for() {
        for name in [
            "ARVADOS_API_TOKEN",
            "ARVADOS_API_HOST",
            "ARVADOS_KEEP_SERVICES",
            "KEEPDOCKER_ENGINE_ENV",
        ] {
            for list in ["", "*", "A*,K*", "ARV*", "ARVADOS*", "KEEP*"] {
                assert!(!takes(list, name), "{list} {name}");
            }
            assert_eq!(
                Passed::parse(&format!("AWS_PROFILE, {name}")),
                Err(InvalidList::Ours(name.into()))
            );
        }
        assert_eq!(
            Passed::parse("ARVADOS_*"),
            Err(InvalidList::Ours("ARVADOS_*".into()))
        );
    }

    #[test]
    fn the_list_can_be_extended_by_names_and_beginnings() {
        for name in ["GH_TOKEN", "VAULT_ADDR", "LD_PRELOAD", "CARGO_HOME"] {
            assert!(!takes("", name), "{name}");
            assert!(takes("*", name), "{name}");
        }
        let list = " GH_TOKEN ,, VAULT_* ,";
        assert!(takes(list, "GH_TOKEN") && takes(list, "VAULT_ADDR"));
        assert!(takes(list, "PATH"), "the usual ones stay");
        assert!(!takes(list, "GH_TOKEN2") && !takes(list, "LD_PRELOAD"));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for list in ["A=B", "A B", "$HOME", "1A", "A*B", "**", "-e", "A_*,ä"] {
            assert!(
                matches!(Passed::parse(list), Err(InvalidList::NoName(_))),
                "{list}"
            );
        }
    }
}
