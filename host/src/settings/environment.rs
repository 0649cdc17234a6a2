//! The environment variables that a run sees.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

use super::machine::user;
use super::variables::{assert_listed, is_blank};
use crate::audit::{self, Folder, OnFailure};
use crate::policy::{AuditRules, Sources};

/// A set of environment variables, and the home directory.
///
/// Taken from the process once, at the edge; tests and the embedded sandbox make their own.
#[derive(Clone, Default)]
pub(crate) struct Environment {
    variables: BTreeMap<OsString, OsString>,
    account_home: Option<PathBuf>,
    cluster: Option<String>,
    /// What does not count, as another cluster was named; it is as secret as before.
    set_aside: BTreeMap<OsString, OsString>,
}

/// What says which cluster is meant, and how to be let in.
pub(super) const OF_CLUSTER: [&str; 5] = [
    "ARVADOS_API_HOST",
    "ARVADOS_API_TOKEN",
    "ARVADOS_API_HOST_INSECURE",
    "ARVADOS_KEEP_SERVICES",
    "ARVADOS_KEEP_PROXY",
];

/// Tells whether a text can name a cluster; it becomes the name of a file.
pub(crate) fn is_cluster(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(is_plain)
}

impl Environment {
    /// Takes the environment of this process.
    pub(crate) fn of_process() -> Self {
        Self {
            variables: std::env::vars_os().collect(),
            // Without HOME, this asks the account database.
            account_home: std::env::home_dir(),
            ..Self::default()
        }
    }

    /// Means the cluster that a settings file is named after: neither the variables count then nor `settings.conf`.
    #[must_use]
    pub(crate) fn of_cluster(mut self, name: &str) -> Self {
        for variable in OF_CLUSTER {
            let aside = self.variables.remove_entry(OsStr::new(variable));
            self.set_aside.extend(aside);
        }
        self.cluster = Some(name.to_owned());
        self
    }

    /// Returns the name of the cluster that was chosen, if one was.
    pub(crate) fn cluster(&self) -> Option<&String> {
        self.cluster.as_ref()
    }

    /// Returns the name of the settings file that counts.
    pub(super) fn settings_file(&self) -> String {
        format!("{}.conf", self.cluster.as_deref().unwrap_or("settings"))
    }

    /// Sets one variable.
    #[must_use]
    pub(crate) fn with(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.variables
            .insert(name.as_ref().to_owned(), value.as_ref().to_owned());
        self
    }

    /// Removes one variable.
    #[cfg(test)]
    pub(crate) fn without(mut self, name: impl AsRef<OsStr>) -> Self {
        self.variables.remove(name.as_ref());
        self
    }

    /// Returns a variable as it is, even if it is blank.
    pub(super) fn raw(&self, name: &str) -> Option<&OsStr> {
        assert_listed(name);
        self.variables
            .get(OsStr::new(name))
            .map(OsString::as_os_str)
    }

    /// Returns a variable; one that is empty, or blank, is as good as none.
    pub(crate) fn get(&self, name: &str) -> Option<&OsStr> {
        self.raw(name).filter(|value| !is_blank(value))
    }

    /// Returns a variable as text; what is not UTF-8 in it becomes U+FFFD. One that is empty, or blank, is
    /// as good as none.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.get(name)
            .map(|value| value.to_string_lossy().into_owned())
    }

    /// Returns the home directory: `HOME` if absolute, else the account's.
    pub(crate) fn home(&self) -> Option<&Path> {
        let given = self.get("HOME").map(Path::new);
        given.filter(|path| path.is_absolute()).or_else(|| {
            self.account_home
                .as_deref()
                .filter(|path| path.is_absolute())
        })
    }

    /// Returns the policy files that a command uses; `given` are those that its command line names.
    #[must_use]
    pub(crate) fn policies(&self, given: Vec<PathBuf>) -> Sources {
        Sources::standard(self.home(), self.absolute_path("XDG_CONFIG_HOME"), given)
    }

    /// Returns the folder of the audit logs: the one that the policy names, or the usual one; none where there is no
    /// home directory for that.
    pub(crate) fn audit_folder(&self, rules: &AuditRules) -> Option<Folder> {
        if let Some(directory) = rules.directory() {
            return Some(Folder::of_user(directory, user()));
        }
        let state = self
            .absolute_path("XDG_STATE_HOME")
            .or_else(|| Some(self.home()?.join(".local/state")))?;
        Some(Folder::usual(&state))
    }

    /// Returns how a policy has the audit log kept.
    ///
    /// # Errors
    /// If there is no folder for it.
    pub(crate) fn audit_options(&self, rules: &AuditRules) -> Result<audit::Options, audit::Error> {
        let on_failure = match rules.stops() {
            true => OnFailure::Stop,
            false => OnFailure::Continue,
        };
        Ok(audit::Options {
            directory: self.audit_folder(rules).ok_or(audit::Error::NoPlace)?.0,
            on_failure,
            system_log: rules.system_log().cloned(),
            sign_with: rules.sign_with().cloned(),
            retain: rules.retain(),
        })
    }

    /// Returns the absolute paths of a variable that holds several; others are left out.
    pub(super) fn absolute_paths(&self, name: &str) -> Vec<PathBuf> {
        self.get(name)
            .map(|value| {
                std::env::split_paths(value)
                    .filter(|path| path.is_absolute())
                    .collect()
            })
            .unwrap_or_default()
    }

    /// Returns a variable that holds one absolute path.
    pub(crate) fn absolute_path(&self, name: &str) -> Option<PathBuf> {
        self.get(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    }

    /// Returns the values of the variables that are secret by their names, and the names and passwords in
    /// addresses.
    #[must_use]
    pub(crate) fn secrets(&self) -> Vec<String> {
        let mut secrets = Vec::new();
        for (name, value) in self.variables.iter().chain(&self.set_aside) {
            let name = name.to_string_lossy().to_ascii_uppercase();
            let value = value.to_string_lossy();
            if names_a_secret(&name, &value) {
                secrets.push(value.clone().into_owned());
            }
            let is_address = value.contains("://") || name.starts_with("ARVADOS_");
            if is_address && value.contains('@') {
                secrets.extend(value.split_whitespace().flat_map(of_address));
            }
        }
        secrets
    }
}

/// Tells whether a variable holds a secret, by its name in capitals.
fn names_a_secret(name: &str, value: &str) -> bool {
    const WORDS: [&str; 5] = ["TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL"];
    /// What is also said of files and programs, which are no secrets.
    const ENDS: [&str; 6] = ["KEY", "PASS", "PASSPHRASE", "PWD", "PW", "AUTH"];
    if WORDS.iter().any(|word| name.contains(word)) || name.ends_with("_AUTH_CONFIG") {
        return true;
    }
    let is_place = value.starts_with('/') || matches!(name, "PWD" | "OLDPWD");
    !is_place && ENDS.iter().any(|end| name.ends_with(end))
}

/// Returns name and password of an address, as they are written and as they are meant.
fn of_address(address: &str) -> Vec<String> {
    let after = address
        .split_once("://")
        .map_or(address, |(_, after)| after);
    let authority = after.split(['/', '?', '#']).next().unwrap_or_default();
    let Some((user, _)) = authority.rsplit_once('@') else {
        return Vec::new();
    };
    let password = user.split_once(':').map_or(user, |(_, password)| password);
    let meant = percent_encoding::percent_decode_str(password).decode_utf8_lossy();
    vec![user.to_owned(), password.to_owned(), meant.into_owned()]
}

/// Shows the names alone: values may be secret.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Environment")
            .field(&self.variables.keys())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_not_shown() {
        let environment = Environment::default().with("ARVADOS_API_TOKEN", "s3cr3t");
        let shown = format!("{environment:?}");
        assert!(shown.contains("ARVADOS_API_TOKEN"));
        assert!(!shown.contains("s3cr3t"));
    }

    #[test]
    fn a_relative_home_is_no_home() {
        assert_eq!(Environment::default().with("HOME", "a/b").home(), None);
        let environment = Environment::default().with("HOME", "/a");
        assert_eq!(environment.home(), Some(Path::new("/a")));
        assert_eq!(environment.without("HOME").home(), None);
    }

    #[test]
    fn secrets_are_known_by_their_names_and_places() {
        let environment = Environment::default()
            .with("ARVADOS_API_HOST", "user:p%40ssword@zzzzz.example")
            .with("ftp_proxy", "http://name:of-the-proxy@h:1/x@y")
            .with("DB_PWD", "of-the-database")
            .with("SSHPASS", "of-ssh")
            .with("API_KEY", "of-an-api")
            .with("PWD", "/somewhere")
            .with("GIT_ASKPASS", "/usr/bin/ask")
            .with("LANG", "C.UTF-8");
        let mut secrets = environment.secrets();
        secrets.sort();
        assert_eq!(
            secrets,
            [
                "name:of-the-proxy",
                "of-an-api",
                "of-ssh",
                "of-the-database",
                "of-the-proxy",
                "of-the-proxy",
                "p%40ssword",
                "p@ssword",
                "user:p%40ssword",
            ]
        );
    }
}
