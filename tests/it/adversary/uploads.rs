//! Uploads beside what the attacker planted: the image is sent, or found sound, and never his.

use serde_json::json;

use super::claims::{CLAIMS, honest, lie};
use super::contents::{CONTENTS, Content};
use super::{
    Attacker, Ground, LATER, NAME, Verdicts, archive_in, evil, genuine, judge_refusal, judge_unread,
};
use crate::support::{Account, Environment, Made, Output, Shelf};

/// How the victim's image gets to Keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// From an engine with a classic store, which tells the layers.
    Engine,
    /// From an engine that tells nothing but the ID.
    Taciturn,
    /// From an engine with a containerd store, for which the manifest's digest is the ID.
    Containerd,
    Archive,
    Stream,
    /// By `arv-keepdocker`.
    DropIn,
}

impl Way {
    const ALL: [Way; 6] = [
        Way::Engine,
        Way::Taciturn,
        Way::Containerd,
        Way::Archive,
        Way::Stream,
        Way::DropIn,
    ];

    /// Uploads the genuine image.
    fn run(self, environment: &mut Environment, options: &[&str]) -> Output {
        let image = genuine();
        let shelf = Shelf::new();
        match self {
            Way::Taciturn => shelf.with(&image, NAME).taciturn(),
            Way::Containerd => shelf.with_layout(&image, NAME),
            _ => shelf.with(&image, NAME),
        }
        .install(environment);
        let archive = archive_in(environment, &image);
        let mut words = match self {
            Way::Archive => vec!["upload", "--from", &archive, NAME],
            Way::Stream => vec!["upload", "--from", "-", NAME],
            Way::DropIn => vec!["lab/tool", "1"],
            _ => vec!["upload", NAME],
        };
        words.extend(options);
        match self {
            Way::DropIn => environment.arv_keepdocker(&words),
            Way::Stream => {
                let program = env!("CARGO_BIN_EXE_keepdocker");
                environment.run_on(program, &words, std::io::Cursor::new(image.saved(&[NAME])))
            }
            _ => environment.keepdocker(&words),
        }
    }
}

/// What a victim meets.
struct Meeting<'a> {
    case: &'a str,
    ways: &'a [Way],
    options: &'a [&'a str],
    /// Whether the cluster prefers what was planted for the victim's name.
    outranks: bool,
    /// Whether only reading the layers tells that it is not the image.
    in_layers: bool,
}

impl Meeting<'_> {
    /// Lets every way meet what was planted, each for a user of its own.
    fn hold(&self, verdicts: &mut Verdicts, plant: impl Fn(&Attacker<'_>) -> String) {
        let ground = Ground::new();
        let name = |way: &Way| format!("victim{way:?}");
        let victims = self.ways.iter().map(name);
        let victims: Vec<Account<'_>> = victims
            .map(|name| Account::further(&ground.cluster, &name))
            .collect();
        let attacker = ground.attacker();
        let planted = plant(&attacker);
        for (way, victim) in self.ways.iter().zip(&victims) {
            let image = genuine();
            let output = way.run(&mut victim.environment(), self.options);
            let other = self.outranks.then_some(planted.as_str());
            let verdict = ground
                .judge_success(victim, victim.uuid(), &image, &output)
                .and_then(|()| ground.judge_name(victim, &image, &output, other));
            let verdict = match verdict {
                Err(why) if self.in_layers => judge_unread(victim, &planted, &output)
                    .map_err(|more| format!("{why}\nand {more}")),
                verdict => verdict,
            };
            verdicts.add(&format!("{}, {way:?}", self.case), verdict);
        }
    }
}

/// Plants a content, with a link that says it is the image.
fn planted(content: &Content, attacker: &Attacker<'_>, built: &str) -> String {
    let files = (content.files)(&attacker.genuine, &attacker.evil);
    let is_whole = files.len() == 1 && attacker.genuine.is_in(&files[0].1).is_ok();
    assert!(!is_whole, "{} is the genuine image", content.name);
    let collection = attacker.plant(&files, json!({}));
    attacker.link_id(&collection, built);
    collection
}

#[test]
fn no_content_under_the_ids_name_and_link_takes_the_place_of_the_image() {
    let mut verdicts = Verdicts::default();
    for (number, content) in CONTENTS.iter().enumerate() {
        // The content does not depend on the way, so that each meets a third of them, and one all.
        let other = [Way::DropIn, Way::Archive, Way::Taciturn][number % 3];
        let meeting = Meeting {
            case: content.name,
            ways: &[Way::Engine, other],
            options: &[],
            outranks: false,
            in_layers: content.in_layers,
        };
        let built = [LATER, "1970-01-01T00:00:00Z"][number % 2];
        meeting.hold(&mut verdicts, |attacker| planted(content, attacker, built));
    }
    verdicts.assert(60);
}

#[test]
fn what_was_verified_is_the_image_whatever_was_planted() {
    let mut verdicts = Verdicts::default();
    for (number, content) in CONTENTS.iter().enumerate() {
        let way = [Way::Engine, Way::Archive][number % 2];
        let meeting = Meeting {
            case: content.name,
            ways: &[way],
            options: &["--verify"],
            outranks: false,
            in_layers: false,
        };
        meeting.hold(&mut verdicts, |attacker| planted(content, attacker, LATER));
    }
    verdicts.assert(30);
}

#[test]
fn no_claim_about_another_image_is_believed() {
    let mut verdicts = Verdicts::default();
    for claim in CLAIMS {
        let meeting = Meeting {
            case: claim.name,
            ways: &Way::ALL,
            options: &[],
            outranks: claim.outranks,
            in_layers: false,
        };
        meeting.hold(&mut verdicts, claim.make);
    }
    verdicts.assert(6 * 18);
}

#[test]
fn what_the_victim_has_stays_what_it_is() {
    let mut verdicts = Verdicts::default();
    for claim in CLAIMS {
        let ground = Ground::new();
        let victim = ground.victim();
        let image = genuine();
        let mut environment = victim.environment();
        let first = Way::Engine.run(&mut environment, &[]);
        let attacker = ground.attacker();
        let planted = (claim.make)(&attacker);
        let project = victim.make_project("mine");
        for (way, place) in [
            (Way::Engine, None),
            (Way::DropIn, Some(&project)),
            (Way::Archive, None),
        ] {
            let options = match place {
                Some(project) => vec!["--project-uuid", project],
                None => Vec::new(),
            };
            let place = place.map_or(victim.uuid(), String::as_str);
            let written = ground.cluster.log().blocks_written();
            let output = way.run(&mut environment, &options);
            let sent = ground.cluster.log().blocks_written() - written;
            let verdict = ground
                .judge_success(&victim, place, &image, &output)
                .and_then(|()| {
                    let other = claim.outranks.then_some(planted.as_str());
                    ground.judge_name(&victim, &image, &output, other)
                })
                .and_then(|()| match sent {
                    0 => Ok(()),
                    sent => Err(format!("it sent {sent} blocks again: {output}")),
                });
            verdicts.add(&format!("{}, again, {way:?}", claim.name), verdict);
        }
        let _ = first.success();
    }
    verdicts.assert(3 * 18);
}

#[test]
fn a_sound_collection_of_somebody_else_is_copied_and_named_with_its_owner() {
    for way in [Way::Engine, Way::Archive, Way::DropIn] {
        let ground = Ground::new();
        let victim = ground.victim();
        let attacker = ground.attacker();
        let planted = honest(&attacker);
        attacker.link_id(&planted, Made::BUILT);
        // What is unsound comes first, and is passed over.
        attacker.link_id(&lie(&attacker), LATER);
        let image = genuine();
        let written = ground.cluster.log().blocks_written();

        let output = way.run(&mut victim.environment(), &[]);

        ground
            .judge_success(&victim, victim.uuid(), &image, &output)
            .unwrap();
        if ground.cluster.log().blocks_written() == written {
            // Nothing was sent, so what he has was used.
            for word in [&planted, &attacker.project] {
                assert!(
                    output.stderr.contains(word),
                    "{way:?}: no {word} in {output}"
                );
            }
        }
        // Whatever its owner does with it afterwards.
        let other = lie(&attacker);
        let other = attacker
            .account
            .done("GET", &format!("collections/{other}"), None);
        let change = json!({"collection": {"manifest_text": other["manifest_text"]}});
        let path = format!("collections/{planted}");
        attacker.account.done("PUT", &path, Some(change));
        ground.judge(&victim, victim.uuid(), &image).unwrap();
    }
}

#[test]
fn what_only_the_cluster_has_is_used_with_the_name_of_its_owner_or_not_at_all() {
    for is_sound in [true, false] {
        for is_drop_in in [true, false] {
            let ground = Ground::new();
            let victim = ground.victim();
            let attacker = ground.attacker();
            // No engine has the image, so that the victim means whatever the cluster has of this name.
            let planted = match is_sound {
                true => attacker.plant_evil(json!({})),
                false => {
                    let planted = lie(&attacker);
                    attacker.link_id(&planted, Made::BUILT);
                    planted
                }
            };
            attacker.link_name(&planted, Made::BUILT);
            let mut environment = victim.environment();
            Shelf::new().install(&mut environment);

            let output = match is_drop_in {
                true => environment.arv_keepdocker(&["lab/tool", "1"]),
                false => environment.keepdocker(&["upload", NAME]),
            };

            if is_sound {
                let image = evil();
                ground
                    .judge_success(&victim, victim.uuid(), &image, &output)
                    .unwrap();
                for word in [&planted, &attacker.project] {
                    assert!(output.stderr.contains(word), "no {word} in {output}");
                }
            } else {
                let code = if is_drop_in { 1 } else { 4 };
                judge_refusal(&ground, victim.uuid(), &output, code, &[NAME]).unwrap();
            }
        }
    }
}
