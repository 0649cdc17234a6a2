//! Images that are registered by the digest of their manifest, beside files that have it for a name and
//! hold something else.

use serde_json::{Value, json};

use super::{Ground, LATER, NAME, Verdicts, archive_in, evil, genuine};
use crate::support::{Account, Environment, Made, Output};

/// What lies in the attacker's file, which is named by the digest of the genuine image's manifest.
struct Lie {
    name: &'static str,
    archive: fn() -> Vec<u8>,
    /// Whether only those who read the layers can tell.
    is_in_layers: bool,
}

const LIES: [Lie; 4] = [
    Lie {
        name: "the evil image",
        archive: || evil().saved(&[]),
        is_in_layers: false,
    },
    Lie {
        name: "the genuine config with the evil layers",
        archive: || {
            let mixed = Made {
                config: genuine().config,
                ..evil()
            };
            mixed.saved(&[])
        },
        is_in_layers: false,
    },
    Lie {
        name: "a layout whose index leads to the evil image",
        archive: || {
            let mut members = genuine().members(&[]);
            let evil = evil().members_of_layout(NAME);
            members.extend(evil.into_iter().filter(|(name, _)| name != "manifest.json"));
            crate::support::tar_of(&members)
        },
        is_in_layers: false,
    },
    Lie {
        name: "a layer of other bytes",
        archive: || {
            let mut members = genuine().members(&[]);
            let bytes = &mut members[1].1;
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            crate::support::tar_of(&members)
        },
        is_in_layers: true,
    },
];

/// Plants a lie, with everything said of it that can be said.
fn plant(ground: &Ground, lie: &Lie) {
    let attacker = ground.attacker();
    let (id, manifest) = (genuine().id(), genuine().loaded_as());
    let files = [(format!("{manifest}.tar"), (lie.archive)())];
    let told = json!({"arv:docker-config-digest": id, "arv:docker-manifest-digest": manifest});
    let planted = attacker.plant(&files, told);
    attacker.link_id(&planted, LATER);
    attacker.link("docker_image_hash", &manifest, &planted, LATER);
}

/// Checks what the victim has: the image to the last byte, by the name that nodes look for.
fn judge(victim: &Account<'_>, output: &Output) -> Result<(), String> {
    let answer: Value = serde_json::from_str(&output.stdout()).unwrap_or_default();
    let collection = answer["collection"]
        .as_str()
        .ok_or_else(|| format!("it did not come through: {output}"))?;
    let files = victim.files(collection)?;
    match files.as_slice() {
        [(name, bytes)] if *name == format!("{}.tar", genuine().loaded_as()) => {
            genuine().is_in(bytes)
        }
        _ => Err(format!("it is named otherwise: {output}")),
    }
}

fn by_manifest(victim: &Account<'_>) -> Environment {
    let mut environment = victim.environment();
    environment.set("KEEPDOCKER_IMAGE_ID", "manifest");
    environment
}

#[test]
fn a_file_that_is_named_by_a_manifest_counts_for_what_it_holds() {
    let mut verdicts = Verdicts::default();
    for lie in &LIES {
        for verify in [false, true] {
            let ground = Ground::new();
            let victim = ground.victim();
            plant(&ground, lie);
            let environment = by_manifest(&victim);
            let from = archive_in(&environment, &genuine());
            let mut words = vec!["upload", "--json", "--from", &from];
            words.extend(verify.then_some("--verify"));
            let output = environment.keepdocker(&words);
            let mut verdict = judge(&victim, &output);
            if lie.is_in_layers && !verify {
                // What is promised where layers are not read.
                verdict = match output.stderr.contains("layers were not read") {
                    true => Ok(()),
                    false => Err(format!("nothing warned: {output}")),
                };
            }
            verdicts.add(&format!("{}, verify {verify}", lie.name), verdict);
        }
    }
    verdicts.assert(8);
}

#[test]
fn neither_digest_fetches_or_repairs_what_only_has_it_for_a_name() {
    let mut verdicts = Verdicts::default();
    for lie in &LIES {
        let ground = Ground::new();
        let victim = ground.victim();
        plant(&ground, lie);
        let environment = by_manifest(&victim);
        let file = environment.home().join("fetched.tar");
        for text in [genuine().id(), genuine().loaded_as()] {
            let words = ["save", &text, "--output", file.to_str().unwrap()];
            let output = environment.keepdocker(&words);
            let verdict = match output.status.code() {
                Some(1 | 4) if !file.exists() => Ok(()),
                _ => Err(format!("something came of it: {output}")),
            };
            verdicts.add(&format!("{}, save {text}", lie.name), verdict);
            let output = environment.keepdocker(&["repair", &text, "--image-id", "config"]);
            let verdict = match ground.links(victim.uuid()).as_slice() {
                [] if !output.status.success() => Ok(()),
                links => Err(format!("{links:?}: {output}")),
            };
            verdicts.add(&format!("{}, repair {text}", lie.name), verdict);
        }
    }
    verdicts.assert(16);
}
