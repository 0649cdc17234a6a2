//! Which certificates to trust, and which to show.

use std::path::{Path, PathBuf};

use super::Environment;

/// What makes a server's certificate good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trust {
    /// It descends from one of these, or is one of them, whatever the system trusts.
    Places {
        /// A file with certificates.
        file: Option<PathBuf>,
        /// Folders whose files hold certificates.
        folders: Vec<PathBuf>,
    },
    /// The system trusts it.
    System,
    /// It need not be good (`ARVADOS_API_HOST_INSECURE`).
    Anything,
}

/// A certificate that shows to servers who is asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClientCertificate {
    /// The file with the certificate and those of its issuers (`KEEPDOCKER_CLIENT_CERTIFICATE`).
    pub certificate: PathBuf,
    /// The file with its private key (`KEEPDOCKER_CLIENT_KEY`, else the same file).
    pub key: PathBuf,
}

impl Trust {
    /// Returns what makes certificates good of servers that are none of the cluster's.
    #[must_use]
    pub(crate) fn usual(environment: &Environment) -> Self {
        // What there is to warn of was told with the cluster's settings.
        choose(false, environment, &mut Vec::new())
    }
}

impl ClientCertificate {
    /// The variable that names the certificate.
    pub(crate) const CERTIFICATE: &'static str = "KEEPDOCKER_CLIENT_CERTIFICATE";
    /// The variable that names the private key.
    pub(crate) const KEY: &'static str = "KEEPDOCKER_CLIENT_KEY";

    /// Reads the variables.
    pub(super) fn choose(environment: &Environment, warnings: &mut Vec<String>) -> Option<Self> {
        let key = path(environment, Self::KEY);
        let Some(certificate) = path(environment, Self::CERTIFICATE) else {
            if key.is_some() {
                warnings.push(format!(
                    "{} names a private key, but {} names no certificate, so that none is shown",
                    Self::KEY,
                    Self::CERTIFICATE
                ));
            }
            return None;
        };
        Some(Self {
            key: key.unwrap_or_else(|| certificate.clone()),
            certificate,
        })
    }
}

/// Where systems have the certificates that they trust, in order: first where the Arvados programs
/// look.
const FILES: [&str; 7] = [
    "/etc/arvados/ca-certificates.crt",
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/ssl/cert.pem",
];

/// Chooses as the Python client does, for the API and for Keep: the file that is given, else the
/// first of the system's; and as curl and the Go programs do, the folders of `SSL_CERT_DIR` too.
pub(super) fn choose(
    insecure: bool,
    environment: &Environment,
    warnings: &mut Vec<String>,
) -> Trust {
    if insecure {
        return Trust::Anything;
    }
    let given = path(environment, "SSL_CERT_FILE").filter(|path| {
        let exists = path.exists();
        if !exists {
            warnings.push(format!(
                "SSL_CERT_FILE names {}, which does not exist; the usual certificates are used",
                path.display()
            ));
        }
        exists
    });
    let usual = || {
        FILES
            .into_iter()
            .map(PathBuf::from)
            .find(|path| path.exists())
    };
    let file = given.or_else(usual);
    let folders = folders(environment, warnings);
    if file.is_none() && folders.is_empty() {
        return Trust::System;
    }
    Trust::Places { file, folders }
}

fn path(environment: &Environment, name: &str) -> Option<PathBuf> {
    environment.get(name).map(PathBuf::from)
}

/// Returns the folders of `SSL_CERT_DIR`.
fn folders(environment: &Environment, warnings: &mut Vec<String>) -> Vec<PathBuf> {
    let Some(value) = environment.get("SSL_CERT_DIR") else {
        return Vec::new();
    };
    let named = std::env::split_paths(value).filter(|path| path != Path::new(""));
    let (folders, others): (Vec<PathBuf>, Vec<PathBuf>) = named.partition(|path| path.is_dir());
    warnings.extend(others.iter().map(|path| {
        format!(
            "SSL_CERT_DIR names {}, which is not a folder",
            path.display()
        )
    }));
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_given_file_comes_first() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut warnings = Vec::new();
        let environment = Environment::default().with("SSL_CERT_FILE", file.path());
        assert_eq!(
            choose(false, &environment, &mut warnings),
            Trust::Places {
                file: Some(file.path().to_owned()),
                folders: Vec::new(),
            }
        );
        assert_eq!(choose(true, &environment, &mut warnings), Trust::Anything);
        assert!(warnings.is_empty());

        let environment = environment.with("SSL_CERT_FILE", "/nonexistent/ca.pem");
        let chosen = choose(false, &environment, &mut warnings);
        assert!(!format!("{chosen:?}").contains("/nonexistent"));
        assert_eq!(warnings.len(), 1);
    }

    #[test]
    fn folders_come_beside_the_file() {
        let (file, folder) = (
            tempfile::NamedTempFile::new().unwrap(),
            tempfile::tempdir().unwrap(),
        );
        let mut warnings = Vec::new();
        let list = std::env::join_paths([folder.path(), Path::new("/nonexistent/dir")]).unwrap();
        let environment = Environment::default()
            .with("SSL_CERT_FILE", file.path())
            .with("SSL_CERT_DIR", list);
        assert_eq!(
            choose(false, &environment, &mut warnings),
            Trust::Places {
                file: Some(file.path().to_owned()),
                folders: vec![folder.path().to_owned()],
            }
        );
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].contains("/nonexistent/dir"), "{warnings:?}");
    }

    #[test]
    fn the_key_may_stand_in_the_file_of_the_certificate() {
        let mut warnings = Vec::new();
        let environment = Environment::default().with(ClientCertificate::CERTIFICATE, "/c.pem");
        let chosen = ClientCertificate::choose(&environment, &mut warnings).unwrap();
        assert_eq!(chosen.key, Path::new("/c.pem"));
        let environment = environment.with(ClientCertificate::KEY, "/k.pem");
        let chosen = ClientCertificate::choose(&environment, &mut warnings).unwrap();
        assert_eq!(chosen.key, Path::new("/k.pem"));
        let nothing = Environment::default().with(ClientCertificate::CERTIFICATE, " ");
        assert_eq!(ClientCertificate::choose(&nothing, &mut warnings), None);
        assert!(warnings.is_empty(), "{warnings:?}");

        let alone = nothing.with(ClientCertificate::KEY, "/k.pem");
        assert_eq!(ClientCertificate::choose(&alone, &mut warnings), None);
        assert!(warnings[0].contains(ClientCertificate::KEY), "{warnings:?}");
    }
}
