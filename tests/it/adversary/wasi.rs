//! The component in a stock runtime is as hard to deceive.

use std::fs;

use keepdocker_sandbox::Options;
use serde_json::json;

use super::claims::{CLAIMS, honest, lie};
use super::contents::CONTENTS;
use super::{Ground, LATER, NAME, Verdicts, genuine, judge_unread};
use crate::support::{Account, Environment, Grants, Output, Wasmtime};

/// A cluster that a runtime can reach: most trust the public authorities alone.
fn ground() -> Ground {
    Ground::with(Options {
        is_keep_encrypted: false,
        is_api_plain_too: true,
        ..Options::default()
    })
}

/// Uploads the genuine image from a folder that holds nothing else.
fn upload(wasmtime: &Wasmtime, ground: &Ground, victim: &Account<'_>) -> Output {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("image.tar"), genuine().saved(&[NAME])).unwrap();
    let mut outside = Environment::new();
    let host = ground.cluster.plain_api_host().unwrap();
    outside.set("ARVADOS_API_HOST", format!("http://{host}"));
    outside.set("ARVADOS_API_TOKEN", victim.token());
    outside.set("ARVADOS_KEEP_SERVICES", "");
    let grants = Grants {
        http: true,
        folder: Some(folder.path()),
        cluster: true,
    };
    let words = ["upload", "--from", "docker-archive:/image.tar", NAME];
    wasmtime.run(&outside, &grants, &words)
}

#[test]
fn nothing_that_is_planted_takes_the_place_of_an_image_in_another_runtime() {
    let Some(wasmtime) = Wasmtime::find() else {
        return;
    };
    let mut verdicts = Verdicts::default();
    for content in CONTENTS {
        let ground = ground();
        let victim = ground.victim();
        let attacker = ground.attacker();
        let files = (content.files)(&attacker.genuine, &attacker.evil);
        let planted = attacker.plant(&files, json!({}));
        attacker.link_id(&planted, LATER);
        let output = upload(&wasmtime, &ground, &victim);
        let image = genuine();
        let verdict = match ground.judge_success(&victim, victim.uuid(), &image, &output) {
            Err(why) if content.in_layers => judge_unread(&victim, &planted, &output)
                .map_err(|more| format!("{why}\nand {more}")),
            verdict => verdict,
        };
        verdicts.add(content.name, verdict);
    }
    for claim in CLAIMS {
        let ground = ground();
        let victim = ground.victim();
        let planted = (claim.make)(&ground.attacker());
        let output = upload(&wasmtime, &ground, &victim);
        let image = genuine();
        let verdict = ground
            .judge_success(&victim, victim.uuid(), &image, &output)
            .and_then(|()| {
                let other = claim.outranks.then_some(planted.as_str());
                ground.judge_name(&victim, &image, &output, other)
            });
        verdicts.add(claim.name, verdict);
    }
    verdicts.assert(50);
}

#[test]
fn a_sound_collection_of_somebody_else_is_named_in_another_runtime_too() {
    let Some(wasmtime) = Wasmtime::find() else {
        return;
    };
    let ground = ground();
    let victim = ground.victim();
    let attacker = ground.attacker();
    let planted = honest(&attacker);
    attacker.link_id(&planted, "2020-01-01T00:00:00Z");
    attacker.link_id(&lie(&attacker), LATER);
    let written = ground.cluster.log().blocks_written();

    let output = upload(&wasmtime, &ground, &victim);

    let image = genuine();
    ground
        .judge_success(&victim, victim.uuid(), &image, &output)
        .unwrap();
    if ground.cluster.log().blocks_written() == written {
        for word in [&planted, &attacker.project] {
            assert!(output.stderr.contains(word), "no {word} in {output}");
        }
    }
}
