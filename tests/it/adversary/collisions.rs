//! Blocks with the MD5 hash of others: what a reader of the collection would get is not the image's.
//!
//! Keep knows a block by its MD5 hash, so a pair that collides is one block for it, and whoever stores
//! his half first decides what it is. `docs/policy.md` says what is defended: by `--verify`, by Keep itself where
//! every block is sent, and by whatever fetches the image.

use std::fs;

use serde_json::Value;

use super::{Attacker, Ground, NAME, judge_refusal};
use crate::support::{Environment, Made, Noise, Output};

/// Two pieces with one MD5 hash (X. Wang, D. Feng, X. Lai, H. Yu, 2004), which differ in six bytes. With
/// anything equal behind them they collide still.
fn pair() -> [Vec<u8>; 2] {
    let one = "d131dd02c5e6eec4693d9a0698aff95c2fcab58712467eab4004583eb8fb7f89\
               55ad340609f4b30283e488832571415a085125e8f7cdc99fd91dbdf280373c5b\
               d8823e3156348f5bae6dacd436c919c6dd53e2b487da03fd02396306d248cda0\
               e99f33420f577ee8ce54b67080a80d1ec69821bcb6a8839396f9652b6ff72a70";
    let digits = one.as_bytes().chunks(2);
    let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    let one: Vec<u8> = digits.map(byte).collect();
    let mut other = one.clone();
    for place in [19, 45, 59, 83, 109, 123] {
        other[place] ^= 0x80;
    }
    [one, other]
}

/// Two images that differ in the first bytes of their second block only.
fn images() -> [Made; 2] {
    pair().map(|piece| {
        // The header of the member is in the first block.
        let mut layer = Noise::bytes(1, (64 << 20) - 512);
        layer.extend(piece);
        layer.extend(Noise::bytes(2, 100 << 10));
        Made::with_layers(vec![layer], Made::BUILT)
    })
}

/// Stores the other image where uploads of this repository look for blocks.
fn plant(attacker: &Attacker<'_>, image: &Made, genuine: &Made) {
    let environment = attacker.account.environment();
    let path = environment.home().join("image.tar");
    fs::write(&path, image.saved(&[])).unwrap();
    let from = format!("docker-archive:{}", path.display());
    let words = [
        "upload",
        "--from",
        &from,
        "lab/tool:0",
        "--project-uuid",
        &attacker.project,
    ];
    let collection = environment.keepdocker(&words).success();
    let path = format!("collections/{}", collection.trim());
    let told = serde_json::json!({"arv:docker-base-layer": genuine.diff_ids()[0]});
    let change = serde_json::json!({"collection": {"properties": told}});
    attacker.account.done("PUT", &path, Some(change));
}

fn upload(environment: &Environment, image: &Made, options: &[&str]) -> Output {
    let path = environment.home().join("image.tar");
    fs::write(&path, image.saved(&[NAME])).unwrap();
    let from = format!("docker-archive:{}", path.display());
    // Keep refuses for ever, so that there is no use in many attempts.
    let mut words = vec!["--retries", "0", "upload", "--from", &from, NAME, "--json"];
    words.extend(options);
    environment.keepdocker(&words)
}

#[test]
fn a_colliding_block_is_refused_by_verify_by_keep_and_by_whoever_fetches_the_image() {
    let ground = Ground::new();
    let victim = ground.victim();
    let attacker = ground.attacker();
    let [genuine, evil] = images();
    assert_ne!(genuine.id(), evil.id());
    plant(&attacker, &evil, &genuine);

    // What was not sent is read back, and is not what was read from the archive.
    let environment = victim.environment();
    let output = upload(&environment, &genuine, &["--verify"]);
    judge_refusal(&ground, victim.uuid(), &output, 1, &["sha256:"]).unwrap();
    output.assert_told_to_people(&[victim.token()]);

    // Where every block is sent, Keep says that it has another block of this hash.
    for option in ["--no-reuse", "--force"] {
        let output = upload(&environment, &genuine, &[option, "--no-resume"]);
        judge_refusal(&ground, victim.uuid(), &output, 1, &["hash collision"]).unwrap();
    }

    // By default MD5 decides, as it does everywhere in Keep; nobody gets to run what came of it.
    let output = upload(&environment, &genuine, &["--no-resume"]);
    if output.status.success() {
        let uploaded: Value = serde_json::from_str(&output.stdout()).unwrap();
        assert!(uploaded["reused"].as_u64().unwrap() > 0, "{output}");
        let file = environment.home().join("fetched.tar");
        for text in [NAME, &genuine.id()] {
            let words = ["save", text, "--output", file.to_str().unwrap()];
            let output = environment.keepdocker(&words);
            let message = output.failure(1);
            assert!(message.contains(&genuine.diff_ids()[0]), "{output}");
            assert!(!file.exists());
        }
        // The next one is not told that all is well, either.
        let output = upload(&environment, &genuine, &["--verify"]);
        let _ = output.failure(1);
    } else {
        judge_refusal(&ground, victim.uuid(), &output, 1, &["hash collision"]).unwrap();
    }
}
