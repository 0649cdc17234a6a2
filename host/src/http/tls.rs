//! Which servers' certificates are good.

use std::path::Path;
use std::sync::Arc;

use reqwest::ClientBuilder;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::Error;
use crate::settings::Trust;

/// Makes the client trust what the settings say.
pub(super) fn trust(builder: ClientBuilder, trust: &Trust) -> Result<ClientBuilder, Error> {
    // The library takes its cryptography from the process; another part of the program may have
    // set the same already.
    let _ = ring::default_provider().install_default();
    match trust {
        Trust::File(path) => Ok(builder.tls_backend_preconfigured(from_file(path)?)),
        Trust::System => Ok(builder),
        Trust::Anything => Ok(builder.tls_danger_accept_invalid_certs(true)),
    }
}

/// Trusts the certificates of a file and no others.
fn from_file(path: &Path) -> Result<ClientConfig, Error> {
    let unusable = |reason: String| Error::Certificates {
        path: path.display().to_string(),
        reason,
    };
    let certificates = CertificateDer::pem_file_iter(path)
        .map_err(|error| unusable(error.to_string()))?
        .filter_map(Result::ok);
    let mut roots = RootCertStore::empty();
    // Bundles of real systems hold certificates that are refused for odd reasons; the others
    // still count.
    let (usable, _) = roots.add_parsable_certificates(certificates);
    if usable == 0 {
        return Err(unusable("there is no certificate in it".to_owned()));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the cryptography supports the usual versions of TLS")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}
