//! A Sigstore of the tests' own: an authority for certificates, and two logs, all on this machine.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData as _, SanType,
    SerialNumber, date_time_ymd,
};
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};

use crate::{BUNDLE, SIGNED, Signer, covered, payload, statement};

const STATEMENT: &str = "application/vnd.in-toto+json";
/// When all of it happens: the first of June 2025, in seconds since 1970.
const THEN: i64 = 1_748_736_000;
/// How long certificates are valid, in seconds.
const VALID: i64 = 600;

/// Extensions of certificates: who vouches, and the promise of the log of certificates.
const ISSUER: &[u64] = &[1, 3, 6, 1, 4, 1, 57264, 1, 8];
const PROMISES: &[u64] = &[1, 3, 6, 1, 4, 1, 11129, 2, 4, 2];

/// Everything that proves who somebody without a key is.
#[derive(Debug)]
pub struct Sigstore {
    authority: Issuer<'static, KeyPair>,
    certificate: Certificate,
    /// The log of certificates.
    certificates: Signer,
    /// The log of signatures.
    signatures: Signer,
}

/// What can be amiss with a signature, or is asked of it.
#[derive(Debug, Clone)]
pub struct Logged<'a> {
    /// Who vouches for the identity.
    pub issuer: &'a str,
    /// Whom the certificate is for.
    pub identity: &'a str,
    /// When the log took it in, in seconds after the certificate became valid.
    pub after: i64,
    /// Whether the log of certificates has the certificate.
    pub has_promise: bool,
    /// What the statement says.
    pub predicate: &'a str,
}

impl<'a> Logged<'a> {
    /// A signature with which nothing is amiss.
    #[must_use]
    pub fn by(issuer: &'a str, identity: &'a str) -> Self {
        Self {
            issuer,
            identity,
            after: 60,
            has_promise: true,
            predicate: SIGNED,
        }
    }
}

impl Default for Sigstore {
    fn default() -> Self {
        Self::new()
    }
}

impl Sigstore {
    /// Makes one with keys that nobody else has.
    #[must_use]
    pub fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::CommonName, "authority of a test");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let certificate = params.self_signed(&key).unwrap();
        Self {
            authority: Issuer::new(params, key),
            certificate,
            certificates: Signer::p256(),
            signatures: Signer::p256(),
        }
    }

    /// Returns the file that names all of it as trusted.
    #[must_use]
    pub fn trusted_root(&self) -> String {
        self.trusted_root_until("2035-01-01T00:00:00Z")
    }

    /// Returns such a file in which the authority for certificates is trusted until then.
    #[must_use]
    pub fn trusted_root_until(&self, end: &str) -> String {
        let start = "2024-01-01T00:00:00Z";
        let log = |signer: &Signer| {
            json!([{
                "baseUrl": "https://log.example",
                "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": signer.base64(),
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                    "validFor": {"start": start},
                },
                "logId": {"keyId": BASE64_STANDARD.encode(id(signer))},
            }])
        };
        json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": log(&self.signatures),
            "certificateAuthorities": [{
                "subject": {"organization": "lab", "commonName": "authority of a test"},
                "uri": "https://authority.example",
                "certChain": {"certificates": [
                    {"rawBytes": BASE64_STANDARD.encode(self.certificate.der())},
                ]},
                "validFor": {"start": start, "end": end},
            }],
            "ctlogs": log(&self.certificates),
            "timestampAuthorities": [],
        })
        .to_string()
    }

    /// Returns a bundle that signs what has this digest.
    #[must_use]
    pub fn bundle(&self, digest: &str, logged: &Logged<'_>) -> Value {
        let (signer, certificate) = self.certified(logged);
        let statement = statement(digest, logged.predicate);
        let signature = signer.sign(covered(STATEMENT, &statement).as_bytes());
        let body = json!({
            "apiVersion": "0.0.1",
            "kind": "dsse",
            "spec": {
                "envelopeHash": {"algorithm": "sha256", "value": hex(b"")},
                "payloadHash": {"algorithm": "sha256", "value": hex(statement.as_bytes())},
                "signatures": [{
                    "signature": signature,
                    "verifier": BASE64_STANDARD.encode(certificate.pem()),
                }],
            },
        });
        json!({
            "mediaType": BUNDLE,
            "verificationMaterial": {
                "certificate": {"rawBytes": BASE64_STANDARD.encode(certificate.der())},
                "tlogEntries": [self.entry(&body, "dsse", logged)],
            },
            "dsseEnvelope": {
                "payload": BASE64_STANDARD.encode(&statement),
                "payloadType": STATEMENT,
                "signatures": [{"sig": signature}],
            },
        })
    }

    /// Returns a payload of the old form for what has this digest, and the annotations beside it.
    #[must_use]
    pub fn payload(&self, digest: &str, reference: &str, logged: &Logged<'_>) -> (String, Value) {
        let (signer, certificate) = self.certified(logged);
        let payload = payload(digest, reference);
        let signature = signer.sign(payload.as_bytes());
        let body = json!({
            "apiVersion": "0.0.1",
            "kind": "hashedrekord",
            "spec": {
                "data": {"hash": {"algorithm": "sha256", "value": hex(payload.as_bytes())}},
                "signature": {
                    "content": signature,
                    "publicKey": {"content": BASE64_STANDARD.encode(certificate.pem())},
                },
            },
        });
        let time = THEN + logged.after;
        let promise = self.promise(&body, time);
        let log = json!({
            "SignedEntryTimestamp": promise,
            "Payload": {
                "body": BASE64_STANDARD.encode(body.to_string()),
                "integratedTime": time,
                "logIndex": 1,
                "logID": id(&self.signatures).iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
            },
        });
        let annotations = json!({
            crate::SIGNATURE: signature,
            "dev.sigstore.cosign/certificate": certificate.pem(),
            "dev.sigstore.cosign/chain": self.certificate.pem(),
            "dev.sigstore.cosign/bundle": log.to_string(),
        });
        (payload, annotations)
    }

    /// Makes a key that nobody keeps, and a certificate for it.
    fn certified(&self, logged: &Logged<'_>) -> (Signer, Certificate) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.serial_number = Some(SerialNumber::from_slice(&[1, 2, 3, 4]));
        params.not_before = date_time_ymd(2025, 6, 1);
        params.not_after = params.not_before + std::time::Duration::from_secs(VALID.unsigned_abs());
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
        let identity = logged.identity.try_into().unwrap();
        params.subject_alt_names = vec![if logged.identity.contains("://") {
            SanType::URI(identity)
        } else {
            SanType::Rfc822Name(identity)
        }];
        params.custom_extensions = vec![CustomExtension::from_oid_content(
            ISSUER,
            tagged(0x0c, logged.issuer.as_bytes()),
        )];
        let bare = params.signed_by(&key, &self.authority).unwrap();
        if logged.has_promise {
            let promise = self.certificate_promise(first_part(bare.der()));
            let extension = CustomExtension::from_oid_content(PROMISES, tagged(0x04, &promise));
            params.custom_extensions.push(extension);
        }
        let certificate = params.signed_by(&key, &self.authority).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(
            &ECDSA_P256_SHA256_ASN1_SIGNING,
            key.serialized_der(),
            &SystemRandom::new(),
        );
        (Signer::P256(key.unwrap()), certificate)
    }

    /// Returns the list with the one promise that this will be in the log of certificates (RFC 6962).
    fn certificate_promise(&self, to_be_signed: &[u8]) -> Vec<u8> {
        let time = u64::try_from(THEN * 1000).unwrap().to_be_bytes();
        let authority = self.authority.key().subject_public_key_info();
        let length = u32::try_from(to_be_signed.len()).unwrap().to_be_bytes();
        let covered = [
            &[0, 0],
            &time[..],
            &[0, 1],
            digest(&SHA256, &authority).as_ref(),
            &length[1..],
            to_be_signed,
            &[0, 0],
        ]
        .concat();
        let signature = BASE64_STANDARD
            .decode(self.certificates.sign(&covered))
            .unwrap();
        let one = [
            &[0],
            &*id(&self.certificates),
            &time[..],
            &[0, 0, 4, 3],
            &after_its_length(&signature),
        ]
        .concat();
        after_its_length(&after_its_length(&one))
    }

    /// Returns the entry of the log of signatures, the second of two.
    fn entry(&self, body: &Value, kind: &str, logged: &Logged<'_>) -> Value {
        let time = THEN + logged.after;
        let body_text = body.to_string();
        let first = digest(&SHA256, b"\x00another");
        let own = digest(&SHA256, &[b"\x00", body_text.as_bytes()].concat());
        let root = digest(&SHA256, &[b"\x01", first.as_ref(), own.as_ref()].concat());
        let root = BASE64_STANDARD.encode(root);
        let log = id(&self.signatures);
        let note = format!("log.example\n2\n{root}\n");
        let signature = BASE64_STANDARD
            .decode(self.signatures.sign(note.as_bytes()))
            .unwrap();
        let signed = BASE64_STANDARD.encode([&log[..4], &signature].concat());
        json!({
            "logIndex": "1",
            "logId": {"keyId": BASE64_STANDARD.encode(&log)},
            "kindVersion": {"kind": kind, "version": "0.0.1"},
            "integratedTime": time.to_string(),
            "inclusionPromise": {"signedEntryTimestamp": self.promise(body, time)},
            "inclusionProof": {
                "logIndex": "1",
                "rootHash": root,
                "treeSize": "2",
                "hashes": [BASE64_STANDARD.encode(first)],
                "checkpoint": {"envelope": format!("{note}\n— log.example {signed}\n")},
            },
            "canonicalizedBody": BASE64_STANDARD.encode(body_text),
        })
    }

    /// Returns the log's word that it takes this in at a time.
    fn promise(&self, body: &Value, time: i64) -> String {
        let log: String = id(&self.signatures)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let body = BASE64_STANDARD.encode(body.to_string());
        let covered =
            format!(r#"{{"body":"{body}","integratedTime":{time},"logID":"{log}","logIndex":1}}"#);
        self.signatures.sign(covered.as_bytes())
    }
}

/// Returns what a log is known by: the digest of its key.
fn id(log: &Signer) -> Vec<u8> {
    let key = BASE64_STANDARD.decode(log.base64()).unwrap();
    digest(&SHA256, &key).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    let digest = digest(&SHA256, bytes);
    digest
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Returns a value of DER, after its tag and its length.
fn tagged(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = value.len();
    let head = match u8::try_from(length).unwrap() {
        short @ 0..0x80 => vec![tag, short],
        long => vec![tag, 0x81, long],
    };
    [head, value.to_vec()].concat()
}

/// Returns the first part of a sequence in DER that is longer than 255 bytes, as it is.
fn first_part(sequence: &[u8]) -> &[u8] {
    let inner = &sequence[4..];
    assert_eq!(&[sequence[1], inner[1]], &[0x82, 0x82], "long forms");
    let length = usize::from(u16::from_be_bytes([inner[2], inner[3]]));
    &inner[..4 + length]
}

fn after_its_length(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
    [&length, bytes].concat()
}
