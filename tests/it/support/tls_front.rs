//! A server of TLS in front of a server without, with a certificate that a test made.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

/// A running front.
pub(crate) struct TlsFront {
    port: u16,
    _runtime: Runtime,
}

impl TlsFront {
    /// Starts a front with a certificate and its key, which hands all on to `server`. With `clients`
    /// it wants to see certificates that this authority has issued.
    pub(crate) fn start(
        certificate: &Path,
        key: &Path,
        clients: Option<&Path>,
        server: &str,
    ) -> TlsFront {
        TlsFront::listening("127.0.0.1", certificate, key, clients, server)
    }

    /// Does the same on another address of this machine.
    pub(crate) fn listening(
        host: &str,
        certificate: &Path,
        key: &Path,
        clients: Option<&Path>,
        server: &str,
    ) -> TlsFront {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(read(authority).remove(0)).unwrap();
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                        .build()
                        .unwrap();
                builder.with_client_cert_verifier(verifier)
            }
        };
        let key = PrivateKeyDer::from_pem_file(key).unwrap();
        let config = builder.with_single_cert(read(certificate), key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind((host, 0))).unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = server.to_owned();
        runtime.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (acceptor, server) = (acceptor.clone(), server.clone());
                tokio::spawn(async move {
                    // Clients that trust nobody here are what many tests are about.
                    if let Ok(mut client) = acceptor.accept(client).await
                        && let Ok(mut server) = TcpStream::connect(&server).await
                    {
                        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                    }
                });
            }
        });
        TlsFront {
            port,
            _runtime: runtime,
        }
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

fn read(path: &Path) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_file_iter(path)
        .unwrap()
        .map(Result::unwrap)
        .collect()
}
