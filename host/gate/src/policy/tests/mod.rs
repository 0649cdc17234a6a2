//! Tests of the policy as a whole.

mod bounds;
mod contract;
mod demands;
mod keys;
mod layers;
mod schema;
mod signers;
mod sources;
mod strictness;
mod tightest;
mod tools;

use super::*;
use crate::{Operation, Verb};

/// Reads a policy whose schema line is added before the text.
fn layer(text: &str) -> Layer {
    Layer::read(
        Origin::Given,
        "p.toml",
        &format!("schema = \"{SCHEMA}\"\n{text}"),
    )
    .unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Returns the faults of a policy, each as `line:column: message`; the schema line is line 1.
fn faults(text: &str) -> Vec<String> {
    match Layer::read(
        Origin::Given,
        "p.toml",
        &format!("schema = \"{SCHEMA}\"\n{text}"),
    ) {
        Ok(_) => Vec::new(),
        Err(Error::Invalid(faults)) => faults
            .into_iter()
            .map(|fault| format!("{}:{}: {}", fault.line, fault.column, fault.message))
            .collect(),
        Err(other) => panic!("{other}"),
    }
}

/// Makes an operation of a line such as `engine.find lab/x`.
fn operation(line: &str) -> Operation {
    let mut words = line.split_whitespace().map(str::to_owned);
    Operation::from_words(&words.next().expect("a verb"), &words.collect::<Vec<_>>())
        .unwrap_or_else(|error| panic!("{line}: {error}"))
}

/// Returns some operation of the verb.
fn some(verb: Verb) -> Operation {
    let mut probes = super::probe::of(verb, std::iter::empty());
    probes.swap_remove(0).operation
}

fn cluster() -> Cluster {
    Cluster {
        host: "zzzzz.example.org".into(),
        id: Some("zzzzz".into()),
    }
}

fn decide(policy: &Policy, line: &str) -> Decision {
    policy
        .decide(
            &operation(line),
            &Context {
                cluster: &cluster(),
                names: None,
            },
        )
        .decision
}

/// Two public keys, as a policy has them, and the digests by which operations know them.
const SIGNERS: [(&str, &str); 2] = [
    (
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeTcISC7Ak4kz5Ck3S38UvsD5LGYcCmOzuiTHcyf9iI42xuo6YBxPKFsI1KOfLo0nqW0BwMElW2UXe1dfHjPXcA==",
        "sha256:f892a1c24bdfd37f6e43b3634c30e1056031545947d2f4b1a5b0c8a3763667ca",
    ),
    (
        "MCowBQYDK2VwAyEACkLkBiQ3mYVvuAHdaWH1LSwK3HfOB4f5YeV08T1UkCM=",
        "sha256:6b09d7675d0c1cb5a5cdc88bf56a4a113465e96aa18d1511df2faf94cf5e80c3",
    ),
];

fn signer(at: usize) -> String {
    format!("{{ public-key = \"{}\" }}", SIGNERS[at].0)
}

fn signer_name(at: usize) -> &'static str {
    SIGNERS[at].1
}

const PROJECT: &str = "zzzzz-j7d0g-000000000000000";
