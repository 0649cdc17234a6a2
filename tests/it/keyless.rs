//! Images of registries that somebody without a key must have signed, by a certificate and logs of a Sigstore of the
//! tests' own. `signatures` has those with keys.

use std::fs;

use keepdocker_signer::{Logged, Sigstore};

use crate::signatures::{add_annotated, add_bundle, image, tag};
use crate::support::{Cluster, Environment, FaultyRegistry, Output, digest};

const ISSUER: &str = "https://token.actions.githubusercontent.com";
const IDENTITY: &str = "https://github.com/lab/tools/.github/workflows/release.yml@refs/tags/v1";
const RELEASES: &str = "https://github.com/lab/tools/.github/workflows/release.yml@refs/tags/**";

/// Writes a policy under which images must be signed by these identities, by this root, and all else goes.
fn policy(environment: &Environment, identities: &str, root: &str) -> String {
    let file = environment.home().join("policy.toml");
    let root = root_file(environment, root);
    let text = format!(
        "schema = \"keepdocker.policy/1\"\n[[allow]]\nid = \"signed\"\nverbs = [\"registry.fetch\"]\nrequire-signature = true\nsigners = [{{ issuer = \"{ISSUER}\", identity = \"{identities}\", trusted-root = \"{root}\" }}]\nreason = \"r\"\n[[allow]]\nid = \"rest\"\nverbs = [\"log.*\", \"archives.*\", \"locks.*\", \"keep.*\", \"cluster.*\", \"users.*\", \"projects.*\", \"links.*\", \"collections.*\", \"registry.resolve\"]\nreason = \"r\"\n"
    );
    fs::write(&file, text).unwrap();
    file.display().to_string()
}

fn root_file(environment: &Environment, root: &str) -> String {
    let path = environment.home().join("root.json");
    fs::write(&path, root).unwrap();
    path.display().to_string()
}

fn upload(environment: &Environment, policy: &str, registry: &FaultyRegistry) -> Output {
    let source = registry.source("lab/tool:1");
    environment.keepdocker(&["--policy", policy, "upload", "--from", &source])
}

/// Puts a signature beside the image of a registry, in the old form or the new one; returns the digest of what holds it.
fn sign(
    registry: &FaultyRegistry,
    sigstore: &Sigstore,
    logged: &Logged<'_>,
    is_old: bool,
) -> String {
    let signed = &registry.manifest;
    if is_old {
        let name = format!("{}/lab/tool", registry.host());
        let (payload, annotations) = sigstore.payload(signed, &name, logged);
        add_annotated(registry, signed, &payload, &annotations)
    } else {
        add_bundle(
            registry,
            signed,
            &sigstore.bundle(signed, logged).to_string(),
        )
    }
}

#[test]
fn an_image_signed_without_a_key_is_taken_and_who_signed_is_noted() {
    let (image, sigstore) = (image(), Sigstore::new());
    for (is_old, identities) in [(false, IDENTITY), (false, RELEASES), (true, RELEASES)] {
        let registry = FaultyRegistry::serve(&image, |_| None);
        let holder = sign(&registry, &sigstore, &Logged::by(ISSUER, IDENTITY), is_old);
        let cluster = Cluster::start();
        let environment = Environment::on(&cluster);
        let policy = policy(&environment, identities, &sigstore.trusted_root());
        let _ = upload(&environment, &policy, &registry).success();
        let properties = &cluster.only_collection()["properties"];
        let who = format!("{ISSUER}#{IDENTITY}");
        assert_eq!(properties["arv:docker-signer"], who);
        assert_eq!(properties["arv:docker-signature"], holder);
        let exported = environment
            .keepdocker(&["audit", "export", "last"])
            .success();
        assert!(exported.contains(&who), "{exported}");
        for verb in ["verify", "replay"] {
            let _ = environment.keepdocker(&["audit", verb, "last"]).success();
        }
    }
}

#[test]
fn what_is_not_proven_to_be_the_signers_is_denied_and_told() {
    let (image, sigstore) = (image(), Sigstore::new());
    let good = Logged::by(ISSUER, IDENTITY);
    let root = sigstore.trusted_root();
    let of_another_issuer = Logged {
        issuer: "https://accounts.example",
        ..good.clone()
    };
    let of_a_branch = "https://github.com/lab/tools/.github/workflows/release.yml@refs/heads/main";
    let of_a_branch = Logged {
        identity: of_a_branch,
        ..good.clone()
    };
    let late = Logged {
        after: 601,
        ..good.clone()
    };
    let unlogged = Logged {
        has_promise: false,
        ..good.clone()
    };
    for (what, logged, root, words) in [
        (
            "another issuer",
            &of_another_issuer,
            root.clone(),
            "`https://accounts.example` vouches",
        ),
        (
            "another identity",
            &of_a_branch,
            root.clone(),
            "release.yml@refs/heads/main",
        ),
        (
            "too late",
            &late,
            root.clone(),
            "is not proven to be anybody's",
        ),
        (
            "not in the log of certificates",
            &unlogged,
            root.clone(),
            "is not proven to be anybody's",
        ),
        (
            "another root",
            &good,
            Sigstore::new().trusted_root(),
            "is not proven to be anybody's",
        ),
        (
            "an expired root",
            &good,
            sigstore.trusted_root_until("2025-01-01T00:00:00Z"),
            "is not proven to be anybody's",
        ),
    ] {
        for is_old in [false, true] {
            let registry = FaultyRegistry::serve(&image, |_| None);
            let _ = sign(&registry, &sigstore, logged, is_old);
            let cluster = Cluster::start();
            let environment = Environment::on(&cluster);
            let policy = policy(&environment, RELEASES, &root);
            let output = upload(&environment, &policy, &registry);
            let told = output.failure(3);
            for words in [words, RELEASES, ISSUER, &registry.manifest] {
                assert!(
                    told.contains(words),
                    "{what}, {is_old}: {words} is not in {output}"
                );
            }
            output.assert_told_to_people(&[&cluster.token()]);
            cluster.assert_nothing_registered();
        }
    }
    // The bundle of another image, at this one's tag.
    let registry = FaultyRegistry::serve(&image, |_| None);
    let bundle = sigstore.bundle(&digest(b"other"), &good).to_string();
    let _ = add_bundle(&registry, &registry.manifest, &bundle);
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let policy = policy(&environment, RELEASES, &root);
    let output = upload(&environment, &policy, &registry);
    assert!(
        output.failure(3).contains("not about this image"),
        "{output}"
    );
}

#[test]
fn the_option_names_a_signer_without_a_key_and_a_plan_keeps_it() {
    let (image, sigstore) = (image(), Sigstore::new());
    let registry = FaultyRegistry::serve(&image, |_| None);
    let good = Logged::by(ISSUER, IDENTITY);
    let bundle = sigstore.bundle(&registry.manifest, &good).to_string();
    let _ = add_bundle(&registry, &registry.manifest, &bundle);
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let root = root_file(&environment, &sigstore.trusted_root());
    let source = registry.source("lab/tool:1");
    let with = |words: &[&str]| environment.keepdocker(&[words, &["--from", &source]].concat());
    let (signer, stranger) = (
        format!("{ISSUER}#{RELEASES}"),
        format!("{ISSUER}#me@lab.example"),
    );

    let asks = ["--require-signature", &stranger, "--trusted-root", &root];
    let output = with(&[&["upload"], &asks[..]].concat());
    let told = output.failure(3);
    for words in [IDENTITY, "me@lab.example", "--require-signature", &root] {
        assert!(told.contains(words), "{words} is not in {output}");
    }
    // No other command knows of the option.
    assert!(!output.stderr.contains("policy explain"), "{output}");
    cluster.assert_nothing_registered();

    let plan = environment.home().join("plan.json").display().to_string();
    let asks = [
        "--require-signature",
        &stranger,
        "--require-signature",
        &signer,
        "--trusted-root",
        &root,
    ];
    let _ = with(&[&["plan", "-o", &plan], &asks[..]].concat()).success();
    registry.forget(&tag(&registry.manifest));
    let _ = environment.keepdocker(&["apply", &plan]).failure(3);
    cluster.assert_nothing_registered();
    let _ = add_bundle(&registry, &registry.manifest, &bundle);
    let _ = environment.keepdocker(&["apply", &plan]).success();
    let properties = &cluster.only_collection()["properties"];
    assert_eq!(
        properties["arv:docker-signer"],
        format!("{ISSUER}#{IDENTITY}")
    );

    let output = with(&["upload", "--require-signature", &signer]);
    assert!(output.failure(2).contains("--trusted-root"), "{output}");
    let output = with(&["upload", "--trusted-root", &root]);
    let _ = output.failure(2);
    let none = environment.home().join("policy.toml").display().to_string();
    fs::write(&none, "{}").unwrap();
    let output = with(&[
        "upload",
        "--require-signature",
        &signer,
        "--trusted-root",
        &none,
    ]);
    let told = output.failure(1);
    for words in [&*none, "is no root of trust", "trusted_root.json"] {
        assert!(
            told.contains(words) || output.stderr.contains(words),
            "{words}: {output}"
        );
    }
}
