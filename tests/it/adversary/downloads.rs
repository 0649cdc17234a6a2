//! Images out of Keep beside what the attacker planted: an ID gives that image or nothing, and a name
//! that leads to his image is told with what was fetched.

use serde_json::json;

use super::claims::CLAIMS;
use super::contents::CONTENTS;
use super::{Ground, LATER, NAME, Verdicts, archive_in, evil, genuine};
use crate::support::{Environment, Made, Output, Shelf};

/// Where an image goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Save,
    Load,
}

impl Verb {
    /// Fetches what the text means, and returns the archive that came.
    fn run(self, environment: &mut Environment, text: &str) -> (Output, Option<Vec<u8>>) {
        match self {
            Verb::Save => {
                let file = environment.home().join("fetched.tar");
                let _ = std::fs::remove_file(&file);
                let words = ["save", text, "--output", file.to_str().unwrap()];
                let output = environment.keepdocker(&words);
                (output, std::fs::read(file).ok())
            }
            Verb::Load => {
                Shelf::new()
                    .later(&genuine(), "genuine/later:1")
                    .later(&evil(), "evil/later:1")
                    .install(environment);
                let output = environment.keepdocker(&["load", text]);
                (output, Shelf::loaded(environment))
            }
        }
    }
}

/// Checks a fetch of the genuine image by its ID: that image came, or nothing and a refusal.
fn judge_id(output: &Output, archive: Option<&[u8]>, verb: Verb) -> Result<bool, String> {
    let image = genuine();
    let code = output.status.code();
    match (code, archive) {
        (Some(0), Some(archive)) => {
            image.is_in(archive)?;
            if output.stdout().trim() != image.id() {
                return Err(format!("it names another image: {output}"));
            }
            Ok(true)
        }
        (Some(1 | 4), archive) => {
            // An engine that saw only the beginning of an archive takes nothing of it.
            let is_whole = |image: Made| archive.is_some_and(|bytes| image.is_in(bytes).is_ok());
            if verb == Verb::Save && archive.is_some() || is_whole(evil()) || is_whole(genuine()) {
                return Err(format!("something came of it: {output}"));
            }
            if output.stderr.contains("error: ") && !output.stderr.contains("was fetched") {
                return Ok(false);
            }
            Err(format!("it does not refuse in words: {output}"))
        }
        _ => Err(format!("something else came of it: {output}")),
    }
}

#[test]
fn an_id_is_never_answered_with_what_somebody_else_says_it_is() {
    let mut verdicts = Verdicts::default();
    for content in CONTENTS {
        let ground = Ground::new();
        let victim = ground.victim();
        let attacker = ground.attacker();
        let files = (content.files)(&attacker.genuine, &attacker.evil);
        let told = json!({"arv:docker-config-digest": attacker.genuine.id()});
        attacker.link_id(&attacker.plant(&files, told), LATER);
        let mut environment = victim.environment();
        for verb in [Verb::Save, Verb::Load] {
            let (output, archive) = verb.run(&mut environment, &genuine().id());
            let verdict = match judge_id(&output, archive.as_deref(), verb) {
                Ok(false) => Ok(()),
                Ok(true) => Err(format!("where was the genuine image? {output}")),
                Err(why) => Err(why),
            };
            verdicts.add(&format!("{}, {verb:?}", content.name), verdict);
        }
    }
    verdicts.assert(60);
}

#[test]
fn an_id_that_the_victim_has_not_is_not_answered_with_a_claim() {
    let mut verdicts = Verdicts::default();
    for claim in CLAIMS {
        let ground = Ground::new();
        let victim = ground.victim();
        let mut environment = victim.environment();
        (claim.make)(&ground.attacker());
        Shelf::new().install(&mut environment);
        for id in [genuine().id(), genuine().manifest_digest()] {
            let (output, archive) = Verb::Save.run(&mut environment, &id);
            let is_genuine = archive.is_some_and(|bytes| genuine().is_in(&bytes).is_ok());
            let verdict = match output.status.code() {
                Some(1 | 4) if !is_genuine => Ok(()),
                Some(0) if is_genuine => Ok(()),
                _ => Err(format!("it got something else: {output}")),
            };
            verdicts.add(&format!("{}, save {id}", claim.name), verdict);
            // No engine has it either, so that nothing may be registered on a claim.
            let output = environment.keepdocker(&["upload", &id]);
            let verdict = match ground.links(victim.uuid()).as_slice() {
                [] if output.status.code() == Some(4) => Ok(()),
                links => Err(format!("{links:?}: {output}")),
            };
            verdicts.add(&format!("{}, upload {id}", claim.name), verdict);
        }
    }
    verdicts.assert(4 * 18);
}

#[test]
fn an_id_gives_the_victims_own_image_whatever_is_said_of_it() {
    let mut verdicts = Verdicts::default();
    for claim in CLAIMS {
        let ground = Ground::new();
        let victim = ground.victim();
        let mut environment = victim.environment();
        let image = genuine();
        let archive = archive_in(&environment, &image);
        let words = ["upload", "--from", &archive, NAME];
        let _ = environment.keepdocker(&words).success();
        (claim.make)(&ground.attacker());
        let (output, archive) = Verb::Save.run(&mut environment, &image.id());
        let verdict = match judge_id(&output, archive.as_deref(), Verb::Save) {
            Ok(true) => Ok(()),
            Ok(false) => Err(format!("the image is there: {output}")),
            Err(why) => Err(why),
        };
        verdicts.add(claim.name, verdict);
    }
    verdicts.assert(18);
}

#[test]
fn an_id_gives_the_victims_own_image_whatever_else_lies_under_it() {
    let mut verdicts = Verdicts::default();
    for content in CONTENTS {
        let ground = Ground::new();
        let victim = ground.victim();
        let mut environment = victim.environment();
        let image = genuine();
        let mine = [(image.file(), image.saved(&[]))];
        let mine = mine
            .each_ref()
            .map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
        let mine = victim.collect(victim.uuid(), &mine, json!({}));
        victim.make(
            "links",
            json!({"link_class": "docker_image_hash", "name": image.id(), "head_uuid": mine,
                   "properties": {"image_timestamp": Made::BUILT}}),
        );
        let attacker = ground.attacker();
        let files = (content.files)(&attacker.genuine, &attacker.evil);
        attacker.link_id(&attacker.plant(&files, json!({})), LATER);
        let (output, archive) = Verb::Save.run(&mut environment, &image.id());
        let verdict = match judge_id(&output, archive.as_deref(), Verb::Save) {
            Ok(true) => Ok(()),
            Ok(false) => Err(format!("the image is there: {output}")),
            Err(why) => Err(why),
        };
        verdicts.add(content.name, verdict);
    }
    verdicts.assert(30);
}

#[test]
fn a_name_that_leads_to_somebody_elses_image_is_told_with_that_image() {
    for verb in [Verb::Save, Verb::Load] {
        let ground = Ground::new();
        let victim = ground.victim();
        let mut environment = victim.environment();
        let (image, other) = (genuine(), evil());
        let archive = archive_in(&environment, &image);
        let words = ["upload", "--from", &archive, NAME];
        let _ = environment.keepdocker(&words).success();
        let attacker = ground.attacker();
        let planted = attacker.plant_evil(json!({}));
        attacker.link_name(&planted, LATER);

        // The cluster runs his image for the name, and that is what the name gives.
        let (output, archive) = verb.run(&mut environment, NAME);

        assert_eq!(output.success().trim(), other.id());
        other.is_in(&archive.unwrap()).unwrap();
        for word in [&other.id(), &planted] {
            assert!(output.stderr.contains(word), "no {word} in {output}");
        }
        assert!(!output.stderr.contains(&image.id()), "{output}");
    }
}

#[test]
fn a_name_or_a_portable_data_hash_of_an_unsound_collection_gives_nothing() {
    let mut verdicts = Verdicts::default();
    for content in CONTENTS {
        let ground = Ground::new();
        let victim = ground.victim();
        let attacker = ground.attacker();
        let files = (content.files)(&attacker.genuine, &attacker.evil);
        let is_evil_itself = files.len() == 1 && files[0].0 == attacker.evil.file();
        let planted = attacker.plant(&files, json!({}));
        attacker.link_id(&planted, Made::BUILT);
        attacker.link_name(&planted, Made::BUILT);
        let found = attacker
            .account
            .done("GET", &format!("collections/{planted}"), None);
        let hash = found["portable_data_hash"].as_str().unwrap().to_owned();
        let mut environment = victim.environment();
        for text in [NAME, &hash] {
            let (output, archive) = Verb::Save.run(&mut environment, text);
            let verdict = match (output.status.code(), archive) {
                (Some(0), Some(archive)) if is_evil_itself => {
                    // An honest collection of the other image is that image.
                    let is_named = output.stdout().trim() == evil().id();
                    evil().is_in(&archive).and_then(|()| match is_named {
                        true => Ok(()),
                        false => Err(format!("it names another image: {output}")),
                    })
                }
                (Some(1 | 4), None) => Ok(()),
                (code, archive) => Err(format!(
                    "{code:?}, and {}: {output}",
                    if archive.is_some() {
                        "a file"
                    } else {
                        "no file"
                    }
                )),
            };
            verdicts.add(&format!("{}, {text}", content.name), verdict);
        }
    }
    verdicts.assert(60);
}

#[test]
fn a_resolution_of_a_digest_begins_with_a_warning_where_the_server_takes_another_image() {
    let ground = Ground::new();
    let victim = ground.victim();
    let environment = victim.environment();
    let image = genuine();
    let archive = archive_in(&environment, &image);
    let words = ["upload", "--from", &archive, NAME];
    let mine = environment.keepdocker(&words).success();
    let attacker = ground.attacker();
    let planted = attacker.plant_evil(json!({}));
    attacker.link("docker_image_hash", &attacker.evil.id(), &planted, LATER);

    let output = environment.keepdocker(&["resolve", &image.id()]);

    let found = output.success();
    if found != mine {
        let first = output.stderr.lines().next().unwrap_or_default();
        assert!(first.contains("warning"), "{output}");
        assert!(first.contains(&image.id()), "{output}");
        assert!(output.stderr.contains(found.trim()), "{output}");
    }
}
