//! Which certificates to trust.

use std::path::{Path, PathBuf};

use super::Environment;

/// What makes a server's certificate good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// It descends from one in this file, whatever the system trusts.
    File(PathBuf),
    /// The system trusts it.
    System,
    /// It need not be good (`ARVADOS_API_HOST_INSECURE`).
    Anything,
}

/// Where the Arvados programs look for trusted certificates, in order.
const FILES: [&str; 3] = [
    "/etc/arvados/ca-certificates.crt",
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
];

/// Chooses as the Python client does: the first file that exists, for the API and for Keep.
pub(super) fn choose(
    insecure: bool,
    environment: &Environment,
    warnings: &mut Vec<String>,
) -> Trust {
    if insecure {
        return Trust::Anything;
    }
    let given = environment
        .get("SSL_CERT_FILE")
        .filter(|value| !value.is_empty())
        .map(PathBuf::from);
    if let Some(path) = given {
        if path.exists() {
            return Trust::File(path);
        }
        warnings.push(format!(
            "SSL_CERT_FILE names {}, which does not exist; the usual certificates are used",
            path.display()
        ));
    }
    FILES
        .into_iter()
        .map(Path::new)
        .find(|path| path.exists())
        .map_or(Trust::System, |path| Trust::File(path.to_owned()))
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
            Trust::File(file.path().to_owned())
        );
        assert_eq!(choose(true, &environment, &mut warnings), Trust::Anything);
        assert!(warnings.is_empty());

        let environment = environment.with("SSL_CERT_FILE", "/nonexistent/ca.pem");
        let chosen = choose(false, &environment, &mut warnings);
        assert_ne!(chosen, Trust::File("/nonexistent/ca.pem".into()));
        assert_eq!(warnings.len(), 1);
    }
}
