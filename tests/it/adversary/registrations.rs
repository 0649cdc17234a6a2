//! What is in Keep already is made known by `tag`, `copy` and `adopt`: what the attacker says of a collection counts for
//! nothing, and what the victim gets of it is what it holds.

use std::io::Read as _;

use serde_json::json;

use super::claims::CLAIMS;
use super::contents::CONTENTS;
use super::{Attacker, Ground, LATER, NAME, Verdicts, archive_in};
use crate::support::{Account, Output, digest};

const NEW: &str = "victim/new:1";

/// By what the collection is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Name,
    Id,
    Uuid,
    Content,
}

/// A verb, and how it is told which collection is meant.
#[derive(Debug, Clone, Copy)]
struct Way {
    verb: &'static str,
    by: By,
    is_verified: bool,
}

impl Way {
    /// Every way that a verb offers; with and without `--verify` if that can make a difference, else one of them by turns.
    fn all(number: usize, differs: bool) -> Vec<Way> {
        let mut ways = Vec::new();
        for (verb, by) in [
            ("tag", By::Name),
            ("tag", By::Id),
            ("tag", By::Content),
            ("copy", By::Name),
            ("copy", By::Id),
            ("copy", By::Content),
            ("adopt", By::Uuid),
            ("adopt", By::Content),
        ] {
            for is_verified in [false, true] {
                if !differs && is_verified != number.is_multiple_of(2) {
                    continue;
                }
                ways.push(Way {
                    verb,
                    by,
                    is_verified,
                });
            }
        }
        ways
    }

    fn run(self, victim: &Account<'_>, planted: &str, attacker: &Attacker<'_>) -> Output {
        let text = match self.by {
            By::Name => NAME.to_owned(),
            By::Id => attacker.genuine.id(),
            By::Uuid => planted.to_owned(),
            By::Content => {
                // He may say it to anybody, though he has removed it since.
                let path = format!("collections/{planted}");
                match attacker.account.ask("GET", &path, None) {
                    (200, found) => found["portable_data_hash"].as_str().unwrap().to_owned(),
                    _ => format!("{}+100", "d".repeat(32)),
                }
            }
        };
        let mut words = vec![self.verb, &text, NEW];
        // A name is given where the image is; the other verbs bring it home.
        if self.verb != "tag" {
            words.extend(["--project-uuid", victim.uuid()]);
        }
        if self.is_verified {
            words.push("--verify");
        }
        victim.environment().keepdocker(&words)
    }
}

/// Checks that whatever the victim's links lead to is the image that they say, to the last byte; without `--verify`, at
/// least to the config, and then it was told that no more was read, and nobody gets it.
fn judge(
    ground: &Ground,
    victim: &Account<'_>,
    attacker: &Attacker<'_>,
    way: Way,
    planted: &str,
    output: &Output,
) -> Result<(), String> {
    let links = ground.links(victim.uuid());
    match output.status.code() {
        Some(0) => {}
        Some(1 | 2 | 4) if links.is_empty() => return Ok(()),
        _ => return Err(format!("{links:?}: {output}")),
    }
    if !links
        .iter()
        .any(|link| link["link_class"] == "docker_image_hash")
    {
        return Err(format!("it succeeded with nothing: {output}"));
    }
    let printed = output.stdout().trim().to_owned();
    let images = [&attacker.genuine, &attacker.evil];
    let mut held = None;
    for link in &links {
        let (class, name) = (&link["link_class"], &link["name"]);
        if link["head_uuid"] != *printed {
            return Err(format!("{class} {name} leads to something else: {output}"));
        }
        if class == "docker_image_hash" {
            held = images.into_iter().find(|image| *name == image.id());
            // A third image can only have been asked for as what it is.
            let is_honest = held.is_some()
                || (matches!(way.by, By::Uuid | By::Content)
                    && is_config_of(&victim.files(&printed)?, name.as_str().unwrap_or_default()));
            if !is_honest {
                return Err(format!("there is a link for image {name}: {output}"));
            }
        } else if *name != NEW {
            return Err(format!("it has the name {name}"));
        }
    }
    let Some(image) = held else { return Ok(()) };
    if way.by == By::Id && *image != attacker.genuine {
        return Err(format!("the ID gave another image: {output}"));
    }
    let Err(why) = victim.check(&printed, image) else {
        return Ok(());
    };
    if way.is_verified {
        return Err(format!("{why}: {output}"));
    }
    for word in [planted, "layers were not read", "--verify"] {
        if !output.stderr.contains(word) {
            return Err(format!("{why}, and nothing warns with `{word}`: {output}"));
        }
    }
    let [(name, bytes)] = &victim.files(&printed)?[..] else {
        return Err(format!("{why}: {output}"));
    };
    if *name != image.file() || !image.config_is_in(bytes) {
        return Err(format!("not even its config is the image's: {output}"));
    }
    let environment = victim.environment();
    let file = environment.home().join("fetched.tar");
    let words = ["save", NEW, "--output", file.to_str().unwrap()];
    let saved = environment.keepdocker(&words);
    match saved.status.code() {
        Some(1) if !file.exists() => Ok(()),
        _ => Err(format!("and is fetched: {saved}")),
    }
}

/// Tells whether the only file is named by the digest of a document that lies in it.
fn is_config_of(files: &[(String, Vec<u8>)], id: &str) -> bool {
    let [(name, bytes)] = files else { return false };
    let mut archive = tar::Archive::new(bytes.as_slice());
    let mut members = archive.entries().unwrap().map(|member| {
        let mut content = Vec::new();
        member.unwrap().read_to_end(&mut content).unwrap();
        digest(&content)
    });
    *name == format!("{id}.tar") && members.any(|digest| digest == id)
}

#[test]
fn what_is_made_known_is_what_the_collection_holds_whatever_it_is_said_to_hold() {
    let mut verdicts = Verdicts::default();
    let mut made_known = 0;
    for (number, content) in CONTENTS.iter().enumerate() {
        let ground = Ground::new();
        let (victim, attacker) = (ground.victim(), ground.attacker());
        let files = (content.files)(&attacker.genuine, &attacker.evil);
        let planted = attacker.plant(&files, json!({}));
        attacker.link_id(&planted, LATER);
        attacker.link_name(&planted, LATER);
        for way in Way::all(number, content.in_layers) {
            let output = way.run(&victim, &planted, &attacker);
            made_known += usize::from(output.status.success());
            let verdict = judge(&ground, &victim, &attacker, way, &planted, &output);
            verdicts.add(&format!("{}, {way:?}", content.name), verdict);
            clear(&ground, &victim);
        }
    }
    verdicts.assert(250);
    assert!(made_known > 20, "only {made_known} were made known");
}

#[test]
fn no_claim_makes_another_image_known_by_the_ids_or_names_of_the_genuine_one() {
    let mut verdicts = Verdicts::default();
    let mut made_known = 0;
    for (number, claim) in CLAIMS.iter().enumerate() {
        let ground = Ground::new();
        let (victim, attacker) = (ground.victim(), ground.attacker());
        let planted = (claim.make)(&attacker);
        for way in Way::all(number, false) {
            let output = way.run(&victim, &planted, &attacker);
            made_known += usize::from(output.status.success());
            let verdict = judge(&ground, &victim, &attacker, way, &planted, &output);
            verdicts.add(&format!("{}, {way:?}", claim.name), verdict);
            clear(&ground, &victim);
        }
    }
    verdicts.assert(8 * CLAIMS.len());
    assert!(made_known > 10, "only {made_known} were made known");
}

#[test]
fn beside_what_is_planted_the_victims_own_image_is_named_and_copied_by_its_id() {
    let mut verdicts = Verdicts::default();
    for claim in CLAIMS {
        let ground = Ground::new();
        let (victim, attacker) = (ground.victim(), ground.attacker());
        let environment = victim.environment();
        let archive = archive_in(&environment, &attacker.genuine);
        let uploaded = environment.keepdocker(&["upload", "--from", &archive, NAME]);
        let uploaded = uploaded.success();
        (claim.make)(&attacker);
        let project = victim.make_project("second");
        let id = attacker.genuine.id();
        for words in [
            &["tag", &id, NEW][..],
            &["copy", &id, NEW, "--project-uuid", &project],
            &["adopt", uploaded.trim(), "victim/adopted:1"],
        ] {
            let output = environment.keepdocker(words);
            let own = [victim.uuid(), &project];
            let verdict = match output.status.code() {
                Some(0) => own
                    .iter()
                    .try_for_each(|place| ground.judge(&victim, place, &attacker.genuine)),
                _ => Err(format!("it did not come through: {output}")),
            };
            verdicts.add(&format!("{}, {words:?}", claim.name), verdict);
        }
    }
    verdicts.assert(3 * CLAIMS.len());
}

/// Takes away what a case left in the victim's home project.
fn clear(ground: &Ground, victim: &Account<'_>) {
    for link in ground.links(victim.uuid()) {
        let link = link["uuid"].as_str().unwrap();
        victim.done("DELETE", &format!("links/{link}"), None);
    }
    for collection in ground.cluster.collections() {
        if collection["owner_uuid"] == victim.uuid() {
            let uuid = collection["uuid"].as_str().unwrap();
            victim.done("DELETE", &format!("collections/{uuid}"), None);
        }
    }
}
