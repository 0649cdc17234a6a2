//! The verbs of the contract, of the gate and of the policy are one set.

use std::collections::BTreeSet;
use std::path::Path;

use wit_parser::{FunctionKind, Resolve, WorldItem};

use super::*;
use crate::policy::rule::Verbs;

/// Returns the verbs of the world's imports, in the contract's order.
fn verbs_of_contract() -> Vec<String> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve
        .push_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit"))
        .unwrap();
    let world = resolve
        .select_world(&[package], Some("keepdocker"))
        .unwrap();
    let mut verbs = Vec::new();
    for (_, item) in &resolve.worlds[world].imports {
        let WorldItem::Interface { id, .. } = item else {
            panic!("the world imports something that is no interface")
        };
        let interface = &resolve.interfaces[*id];
        let name = interface.name.as_deref().unwrap();
        for function in interface.functions.values() {
            let verb = match function.kind {
                FunctionKind::Freestanding => function.name.as_str(),
                // Named as `[static]archive.open`.
                FunctionKind::Static(_) | FunctionKind::Method(_) => {
                    function.name.rsplit('.').next().unwrap()
                }
                ref other => panic!("no verb is known for {other:?}"),
            };
            verbs.push(format!("{name}.{verb}"));
        }
    }
    verbs
}

fn set<'a>(verbs: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    verbs.into_iter().map(str::to_owned).collect()
}

#[test]
fn the_contract_the_gate_and_the_policy_have_the_same_verbs() {
    let contract = verbs_of_contract();
    let distinct = set(contract.iter().map(String::as_str));
    assert_eq!(
        distinct.len(),
        contract.len(),
        "two functions share a verb: {contract:?}"
    );
    assert_eq!(distinct, set(Verb::NAMES));
    assert_eq!(
        distinct,
        set(Verbs::covered_by("*").unwrap().iter().map(Verb::name))
    );
    let interfaces: BTreeSet<String> = contract
        .iter()
        .map(|verb| verb.split('.').next().unwrap().to_owned())
        .collect();
    assert_eq!(interfaces, set(Verb::INTERFACES));
}
