//! `signers`: whose signature an image of a registry must have.

mod reading;

use keepdocker_signature::Signer;
use serde_json::{Map, Value, json};

use super::super::context::{Cluster, Context};
use super::super::document::{Document, Entry};
use super::super::matching::Match;
use super::super::probe::Seeds;
use super::super::rule::Effect;
use super::super::sources::SIGNERS;
use super::{ALLOW, Narrowing};
use crate::kind::Kind;
use crate::{Operation, Verb};
use reading::{IDENTITY, ISSUER, KEY, PUBLIC_KEY, TRUSTED_ROOT};

/// One of these has signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signers(Vec<Signer>);

/// Matches the signers that an image turned out to have; as long as nobody has looked, it may have any.
pub(super) fn of_signers(operation: &Operation, is_met: impl Fn(&[String]) -> bool) -> Match {
    match operation.about().signers {
        Some(Some(signers)) => Match::from(is_met(signers)),
        Some(None) => Match::Maybe,
        None => Match::No,
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
    const BESIDE: Option<&'static str> = Some("require-signature");

    fn is_about(verb: Verb) -> bool {
        verb.has(&[Kind::Signers])
    }

    fn schema() -> Value {
        let all_of = |properties: Value| {
            let names: Vec<&String> = properties
                .as_object()
                .into_iter()
                .flat_map(Map::keys)
                .collect();
            json!({
                "type": "object",
                "required": names,
                "properties": properties,
                "additionalProperties": false,
            })
        };
        json!({
            "type": "array",
            "items": {
                "oneOf": [
                    all_of(json!({ KEY: {
                        "description": "A file with a public key of ECDSA on P-256 or of Ed25519, in the form PEM.",
                        "type": "string",
                        "pattern": "^/",
                    }})),
                    all_of(json!({ PUBLIC_KEY: {
                        "description": "Such a key itself: what stands between the first and the last line of its file.",
                        "type": "string",
                        "pattern": "^[A-Za-z0-9+/]+=*$",
                    }})),
                    all_of(json!({
                        ISSUER: {
                            "description": "Who vouches for the identity, as certificates of signers without keys name it.",
                            "type": "string",
                            "pattern": "^https?://[^\\s,#*]+$",
                        },
                        IDENTITY: {
                            "description": "Whom a certificate is for: an address, or the beginning of addresses and /**.",
                            "type": "string",
                            "pattern": "^[^\\s,#*]+(/\\*\\*)?$",
                        },
                        TRUSTED_ROOT: {
                            "description": "A file in the form of Sigstore's trusted_root.json: whose certificates and logs count.",
                            "type": "string",
                            "pattern": "^/",
                        },
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
            let Some((signer, stated)) = reading::signer(document, at.clone(), table) else {
                continue;
            };
            if signers.contains(&signer) {
                // On a command line, two files with one key are no slip.
                if *document.file != *SIGNERS {
                    let name = signer.name();
                    document.fault(at, format!("the signer {name} stands here twice"));
                }
                continue;
            }
            words.push(stated);
            signers.push(signer);
        }
        (words, Some(Self(signers)))
    }

    fn matches(&self, operation: &Operation, _: &Context<'_>) -> Match {
        of_signers(operation, |signers| {
            self.0.iter().any(|signer| signers.contains(&signer.name()))
        })
    }

    fn value(&self, _: &Operation, _: &Context<'_>) -> Option<String> {
        None
    }

    fn remedy(&self) -> Option<String> {
        Some("add who signed it to `signers`".to_owned())
    }

    fn probe(&self, seeds: &mut Seeds) {
        seeds.signers.extend(self.0.iter().map(Signer::name));
    }

    fn seen(_: &Operation, _: &Cluster) -> Vec<String> {
        Vec::new()
    }
}
