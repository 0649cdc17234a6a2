//! Makes the certificates of a cluster once and serves TLS with them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
};
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::Error;
use crate::state::write_private;

/// The names and addresses that the certificate is good for.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The files of a cluster's TLS identity.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    /// The certificate to trust.
    pub(crate) ca: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
}

impl Identity {
    /// Names the files in a cluster's folder.
    pub(crate) fn in_folder(dir: &Path) -> Identity {
        Identity {
            ca: dir.join("ca.pem"),
            certificate: dir.join("server.pem"),
            key: dir.join("server-key.pem"),
        }
    }

    /// Says whether all files are there.
    pub(crate) fn exists(&self) -> bool {
        [&self.ca, &self.certificate, &self.key]
            .iter()
            .all(|path| path.exists())
    }

    /// Makes a certificate authority and a server certificate.
    ///
    /// The authority's key is thrown away, so that it can never vouch for anything else.
    pub(crate) fn create(&self) -> Result<(), Error> {
        let (ca, certificate, key) = generate().map_err(Error::Certificate)?;
        write_private(&self.key, key.as_bytes())?;
        write_private(&self.certificate, certificate.as_bytes())?;
        write_private(&self.ca, ca.as_bytes())
    }

    /// Reads the files and makes a server's configuration of them.
    pub(crate) fn server_config(&self) -> Result<Arc<ServerConfig>, Error> {
        let read = |path: &PathBuf| {
            fs::read(path).map_err(|source| Error::File {
                path: path.clone(),
                source,
            })
        };
        let pem = |path: &PathBuf, reason: rustls_pki_types::pem::Error| Error::BadCertificate {
            path: path.clone(),
            reason: reason.to_string(),
        };
        let certificates = CertificateDer::pem_slice_iter(&read(&self.certificate)?)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|reason| pem(&self.certificate, reason))?;
        let key = PrivateKeyDer::from_pem_slice(&read(&self.key)?)
            .map_err(|reason| pem(&self.key, reason))?;
        let bad = |reason: rustls::Error| Error::BadCertificate {
            path: self.certificate.clone(),
            reason: reason.to_string(),
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(bad)?
            .with_no_client_auth()
            .with_single_cert(certificates, key)
            .map_err(bad)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

/// Makes the PEM texts of authority, server certificate and server key.
fn generate() -> Result<(String, String, String), rcgen::Error> {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, "keepdocker sandbox");
    let mut ca = CertificateParams::new(Vec::new())?;
    ca.distinguished_name = name.clone();
    ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    ca.not_before = rcgen::date_time_ymd(2020, 1, 1);
    ca.not_after = rcgen::date_time_ymd(2049, 12, 31);
    let issuer = CertifiedIssuer::self_signed(ca, KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?)?;
    let mut server = CertificateParams::new(NAMES.map(str::to_owned).to_vec())?;
    name.push(DnType::OrganizationalUnitName, "server");
    server.distinguished_name = name;
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    server.use_authority_key_identifier_extension = true;
    server.not_before = rcgen::date_time_ymd(2020, 1, 1);
    server.not_after = rcgen::date_time_ymd(2049, 12, 31);
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let certificate = server.signed_by(&key, &issuer)?;
    Ok((issuer.pem(), certificate.pem(), key.serialize_pem()))
}
