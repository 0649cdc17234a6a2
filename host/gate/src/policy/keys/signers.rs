//! `signers`: whose signature an image of a registry must have.

use std::path::Path;

use keepdocker_signature::PublicKey;
use serde_json::{Value, json};

use super::super::context::Context;
use super::super::document::{Document, Entry, Table, entry};
use super::super::matching::Match;
use super::super::probe::Seeds;
use super::super::rule::Effect;
use super::{ALLOW, Narrowing};
use crate::{Operation, Verb};

/// The keys of a signer, of which it has one.
const KEY: &str = "key";
const PUBLIC_KEY: &str = "public-key";

/// One of these has signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signers(Vec<Signer>);

/// Somebody who signs images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signer {
    /// The key that shows it.
    pub(crate) key: PublicKey,
    /// The digest of the key, by which an operation names the signer.
    name: String,
}

/// Matches the signers that an image turned out to have; as long as nobody has looked, it may have any.
pub(super) fn of_signers(operation: &Operation, is_met: impl Fn(&[String]) -> bool) -> Match {
    match operation {
        Operation::RegistryFetch {
            signers: Some(signers),
            ..
        } => Match::from(is_met(signers)),
        Operation::RegistryFetch { signers: None, .. } => Match::Maybe,
        _ => Match::No,
    }
}

impl Signers {
    pub(crate) fn all(&self) -> &[Signer] {
        &self.0
    }
}

impl Narrowing for Signers {
    const NAME: &'static str = "signers";
    const MEANING: &'static str = "Whose signature: any one of these suffices.";
    const EFFECTS: &'static [Effect] = ALLOW;
    const VERBS: &'static [Verb] = &[Verb::RegistryFetch];
    const BESIDE: Option<&'static str> = Some("require-signature");

    fn schema() -> Value {
        let one = |name: &str, value: Value| {
            json!({
                "type": "object",
                "properties": { name: value },
                "required": [name],
                "additionalProperties": false,
            })
        };
        json!({
            "type": "array",
            "items": {
                "oneOf": [
                    one(KEY, json!({
                        "description": "A file with a public key of ECDSA on P-256 or of Ed25519, in the form PEM.",
                        "type": "string",
                        "pattern": "^/",
                    })),
                    one(PUBLIC_KEY, json!({
                        "description": "Such a key itself: what stands between the first and the last line of its file.",
                        "type": "string",
                        "pattern": "^[A-Za-z0-9+/]+=*$",
                    })),
                ],
            },
            "minItems": 1,
            "maxItems": 1000,
        })
    }

    fn read(document: &mut Document<'_>, entry: &Entry<'_, '_>) -> (Vec<String>, Option<Self>) {
        let tables = document.tables(entry);
        if tables.is_empty() {
            document.fault(
                entry.value.span(),
                "this list names nobody; write { key = \"/…/cosign.pub\" } into it",
            );
        }
        let mut signers: Vec<Signer> = Vec::new();
        let mut words = Vec::new();
        for (at, table) in tables {
            document.known_keys(table, "a signer", &[KEY, PUBLIC_KEY]);
            let Some((key, stated)) = read_key(document, at.clone(), table) else {
                continue;
            };
            let name = key.fingerprint().to_string();
            if signers.iter().any(|known| known.name == name) {
                document.fault(
                    at,
                    format!("the signer with the key {name} stands here twice"),
                );
            }
            words.push(format!("{stated} ({name})"));
            signers.push(Signer { key, name });
        }
        (words, Some(Self(signers)))
    }

    fn matches(&self, operation: &Operation, _: &Context<'_>) -> Match {
        of_signers(operation, |signers| {
            self.0.iter().any(|signer| signers.contains(&signer.name))
        })
    }

    fn value(&self, _: &Operation, _: &Context<'_>) -> Option<String> {
        None
    }

    fn remedy(&self) -> Option<String> {
        Some("add who signed it to `signers`".to_owned())
    }

    fn probe(&self, seeds: &mut Seeds) {
        seeds
            .signers
            .extend(self.0.iter().map(|signer| signer.name.clone()));
    }

    fn seen(_: &Operation) -> Vec<String> {
        Vec::new()
    }
}

/// Reads the key of a signer, and returns how the file states it, too.
fn read_key(
    document: &mut Document<'_>,
    at: std::ops::Range<usize>,
    table: &Table<'_>,
) -> Option<(PublicKey, String)> {
    let read = match (entry(table, KEY), entry(table, PUBLIC_KEY)) {
        (Some(file), None) => {
            let path = document.text(&file)?;
            if !path.starts_with('/') {
                document.fault(file.value.span(), "a path must begin with `/`");
                return None;
            }
            let text = match document.read_kept(Path::new(&path)) {
                Ok(text) => text,
                Err(reason) => {
                    // Files are read as policies are, and this is none.
                    let reason = reason.replacen("the policy ", "the key ", 1);
                    document.fault(file.value.span(), reason);
                    return None;
                }
            };
            let key = PublicKey::from_pem(&text);
            key.map(|key| (key, format!("key {path}")))
                .map_err(|error| (file.value.span(), format!("{path} {error}")))
        }
        (None, Some(given)) => {
            let text = document.text(&given)?;
            PublicKey::from_base64(&text)
                .map(|key| (key, "a public key".to_owned()))
                .map_err(|error| (given.value.span(), format!("this {error}")))
        }
        _ => Err((
            at,
            format!("a signer has either `{KEY}`, a file, or `{PUBLIC_KEY}`"),
        )),
    };
    match read {
        Ok(read) => Some(read),
        Err((at, fault)) => {
            document.fault(at, fault);
            None
        }
    }
}
