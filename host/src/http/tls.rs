//! Which servers' certificates are good, and which certificate of ours is shown.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, ring};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::{Error as PemError, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::verifier::{Anyone, Verifier};
use super::{Error, pem};
use crate::settings::{ClientCertificate, Trust};

/// Makes what TLS goes by, of what the settings say and of further certificates to trust.
pub(super) fn config(
    trust: &Trust,
    further: &[PathBuf],
    shown: Option<&ClientCertificate>,
) -> Result<ClientConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = match trust {
        Trust::Anything => Arc::new(Anyone),
        Trust::Places { file, folders } => verifier(
            [from_places(file.as_deref(), folders)?, from_files(further)?].concat(),
            &provider,
            &described(file.as_deref(), folders),
        )?,
        Trust::System => verifier(
            [
                rustls_native_certs::load_native_certs().certs,
                from_files(further)?,
            ]
            .concat(),
            &provider,
            "the places where systems keep the certificates of authorities",
        )?,
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the cryptography supports the usual versions of TLS")
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    match shown {
        None => Ok(builder.with_no_client_auth()),
        Some(shown) => {
            let (chain, key) = own(shown)?;
            builder.with_client_auth_cert(chain, key).map_err(|error| {
                unusable(
                    &shown.certificate,
                    format!("it and its private key do not go together: {error}"),
                )
            })
        }
    }
}

/// Trusts these certificates and no others.
fn verifier(
    certificates: Vec<CertificateDer<'static>>,
    provider: &Arc<CryptoProvider>,
    place: &str,
) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    let mut roots = RootCertStore::empty();
    // Bundles of real systems hold certificates that are refused for odd reasons; the others
    // still count.
    let (usable, _) = roots.add_parsable_certificates(certificates.iter().cloned());
    if usable == 0 {
        return Err(Error::NoCertificates {
            place: place.to_owned(),
        });
    }
    let chains = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .map_err(|error| Error::Setup(error.to_string()))?;
    Ok(Arc::new(Verifier::new(chains, certificates)))
}

fn from_places(
    file: Option<&Path>,
    folders: &[PathBuf],
) -> Result<Vec<CertificateDer<'static>>, Error> {
    let mut found = Vec::new();
    if let Some(path) = file {
        let certificates = pem::certificates(path).map_err(|reason| unusable(path, reason))?;
        if certificates.is_empty() {
            let reason = "there is no certificate in it".to_owned();
            return Err(unusable(path, reason));
        }
        found.extend(certificates);
    }
    for folder in folders {
        found.extend(pem::certificates_in(folder).map_err(|reason| unusable(folder, reason))?);
    }
    Ok(found)
}

fn from_files(files: &[PathBuf]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let mut found = Vec::new();
    for path in files {
        found.extend(pem::certificates(path).map_err(|reason| unusable(path, reason))?);
    }
    Ok(found)
}

/// Names these places.
pub(super) fn described(file: Option<&Path>, folders: &[PathBuf]) -> String {
    let places: Vec<String> = file
        .into_iter()
        .chain(folders.iter().map(PathBuf::as_path))
        .map(|path| path.display().to_string())
        .collect();
    places.join(" and ")
}

/// Reads the certificate that is shown to servers, and its private key.
fn own(
    shown: &ClientCertificate,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), Error> {
    let chain = pem::certificates(&shown.certificate)
        .map_err(|reason| unusable(&shown.certificate, reason))?;
    if chain.is_empty() {
        let reason = "there is no certificate in it".to_owned();
        return Err(unusable(&shown.certificate, reason));
    }
    let bytes =
        std::fs::read(&shown.key).map_err(|error| unusable(&shown.key, error.to_string()))?;
    let text = pem::text(&bytes);
    let key = PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|error| {
        let reason = match error {
            _ if text.contains("ENCRYPTED") => {
                "the private key in it is encrypted; decrypt it with `openssl pkey` first"
                    .to_owned()
            }
            PemError::NoItemsFound => format!(
                "there is no private key in it; {} names the file that has it",
                ClientCertificate::KEY
            ),
            _ => "the private key in it cannot be read".to_owned(),
        };
        unusable(&shown.key, reason)
    })?;
    Ok((chain, key))
}

fn unusable(path: &Path, reason: String) -> Error {
    Error::Certificates {
        path: path.display().to_string(),
        reason,
    }
}
