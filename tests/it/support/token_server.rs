//! A server of tokens for a registry, whose tokens Debian's registry takes.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use serde_json::json;

/// A server of tokens as registries have one; `requests` are the heads of what it was asked.
pub(crate) struct TokenServer {
    pub(crate) port: u16,
    pub(crate) requests: Arc<Mutex<Vec<String>>>,
}

impl TokenServer {
    /// Starts a server that gives those who log in a token of this issuer, signed with this key.
    pub(crate) fn start(key: &Path, certificate: &Path) -> Self {
        let random = SystemRandom::new();
        let key = PrivatePkcs8KeyDer::from_pem_file(key).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            key.secret_pkcs8_der(),
            &random,
        )
        .unwrap();
        let certificate = CertificateDer::from_pem_file(certificate).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = requests.clone();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).is_ok() {
                    head.push(byte[0]);
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                let login = format!("Basic {}", BASE64_STANDARD.encode("me:s3cr3tword"));
                let (status, body) = if head.contains(&login) {
                    let token = token(&key, &certificate, &random);
                    (200, json!({"token": token, "expires_in": 300}).to_string())
                } else {
                    (401, json!({"details": "who are you?"}).to_string())
                };
                seen.lock().unwrap().push(head);
                let answer = format!(
                    "HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                );
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        Self { port, requests }
    }
}

/// Makes a token that the registry takes: signed, with the certificate of who signed it.
fn token(key: &EcdsaKeyPair, certificate: &[u8], random: &SystemRandom) -> String {
    let part = |value: serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let head =
        part(json!({"typ": "JWT", "alg": "ES256", "x5c": [BASE64_STANDARD.encode(certificate)]}));
    let claims = part(json!({
        "iss": "lab", "sub": "me", "aud": "registry",
        "nbf": now - 10, "iat": now - 10, "exp": now + 300, "jti": "1",
        "access": [{"type": "repository", "name": "lab/tool", "actions": ["pull"]}],
    }));
    let signed = format!("{head}.{claims}");
    let signature = key.sign(random, signed.as_bytes()).unwrap();
    format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}
