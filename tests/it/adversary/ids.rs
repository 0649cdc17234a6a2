//! An ID means that image in every verb: whole or cut, with or without `sha256:`, and never another.

use serde_json::Value;

use super::{Ground, evil, genuine};
use crate::support::{Account, Environment, Made, Output, Shelf};

/// The ways to write an ID.
fn forms(id: &str) -> [String; 5] {
    let digits = id.trim_start_matches("sha256:");
    [
        id.to_owned(),
        digits.to_owned(),
        digits[..12].to_owned(),
        format!("sha256:{}", &digits[..12]),
        digits[..33].to_owned(),
    ]
}

/// Uploads images from archives; the last of them is the newest for the cluster.
fn upload(environment: &Environment, images: &[(&Made, &str)]) {
    for (image, name) in images {
        let path = environment.home().join("one.tar");
        std::fs::write(&path, image.saved(&[name])).unwrap();
        let from = format!("docker-archive:{}", path.display());
        let words = ["upload", "--from", &from];
        let _ = environment.keepdocker(&words).success();
    }
}

/// Every verb that takes an ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Save,
    Load,
    Images,
    Resolve,
    Plan,
    Upload,
    DropIn,
}

impl Verb {
    const ALL: [Verb; 7] = [
        Verb::Save,
        Verb::Load,
        Verb::Images,
        Verb::Resolve,
        Verb::Plan,
        Verb::Upload,
        Verb::DropIn,
    ];

    /// Runs the verb where no engine has the image; `later` are images that the engine has once it
    /// loaded an archive.
    fn run(self, environment: &mut Environment, id: &str, later: &[&Made]) -> Output {
        let shelf = later.iter().fold(Shelf::new(), |shelf, image| {
            shelf.later(image, &format!("later/{}:1", &image.digits()[..20]))
        });
        shelf.install(environment);
        let file = self.file(environment);
        let _ = std::fs::remove_file(&file);
        let words = match self {
            Verb::Save => vec!["save", id, "--output", file.to_str().unwrap(), "--json"],
            Verb::Load => vec!["load", id, "--json"],
            Verb::Images => vec!["images", id, "--json"],
            Verb::Resolve => vec!["resolve", id, "--json"],
            Verb::Plan => vec!["plan", id],
            Verb::Upload => vec!["upload", id, "--json"],
            Verb::DropIn => return environment.arv_keepdocker(&[id]),
        };
        environment.keepdocker(&words)
    }

    fn file(self, environment: &Environment) -> std::path::PathBuf {
        environment.home().join("fetched.tar")
    }

    /// Checks that a run dealt with this image and no other.
    #[track_caller]
    fn check(self, victim: &Account<'_>, environment: &Environment, image: &Made, output: &Output) {
        let printed = output.success();
        let answer: Value = serde_json::from_str(&printed).unwrap_or_default();
        let is_collection = |uuid: &Value| victim.check(uuid.as_str().unwrap(), image);
        match self {
            Verb::Save | Verb::Load => {
                assert_eq!(answer["image"], *image.id(), "{output}");
                let archive = match self {
                    Verb::Save => std::fs::read(self.file(environment)).unwrap(),
                    _ => Shelf::loaded(environment).unwrap(),
                };
                image.is_in(&archive).unwrap();
                is_collection(&answer["collection"]).unwrap();
                assert!(output.stderr.contains(&image.id()), "{output}");
            }
            Verb::Images => {
                let images = answer["images"].as_array().unwrap();
                assert!(!images.is_empty(), "{output}");
                for listed in images {
                    assert_eq!(listed["image"], *image.id(), "{output}");
                }
            }
            Verb::Resolve => {
                // It imitates the server; where that would take another image, it says so at once.
                if is_collection(&answer["collection"]).is_err() {
                    let first = output.stderr.lines().next().unwrap_or_default();
                    assert!(first.contains("warning"), "{output}");
                }
            }
            Verb::Plan => assert!(printed.contains("nothing to do"), "{output}"),
            Verb::Upload => {
                assert_eq!(answer["image"], *image.id(), "{output}");
                assert_eq!(answer["outcome"], "present", "{output}");
                is_collection(&answer["collection"]).unwrap();
            }
            Verb::DropIn => victim.check(printed.trim(), image).unwrap(),
        }
    }

    /// Whether a resolution tells that the server finds nothing: not by bare digits, of which it makes
    /// a name.
    fn is_unfound(self, form: &str, output: &Output) -> bool {
        self == Verb::Resolve && !form.starts_with("sha256:") && output.status.code() == Some(4)
    }

    /// The exit code for an image that nobody has, and for digits that are those of several.
    fn codes(self) -> (i32, i32) {
        match self {
            Verb::DropIn => (1, 1),
            _ => (4, 5),
        }
    }
}

#[test]
fn every_form_of_an_id_means_its_image_in_every_verb() {
    let ground = Ground::new();
    let victim = ground.victim();
    let mut environment = victim.environment();
    let (first, newest) = (genuine(), evil());
    upload(&environment, &[(&first, "lab/a:1"), (&newest, "lab/b:1")]);
    for image in [&first, &newest] {
        for form in forms(&image.id()) {
            for verb in Verb::ALL {
                let output = verb.run(&mut environment, &form, &[&first, &newest]);
                if !verb.is_unfound(&form, &output) {
                    verb.check(&victim, &environment, image, &output);
                }
            }
        }
    }
    assert_eq!(ground.cluster.collections().len(), 2);
}

#[test]
fn an_id_that_nobody_has_is_absent_in_every_verb() {
    let ground = Ground::new();
    let victim = ground.victim();
    let mut environment = victim.environment();
    let (first, newest) = (genuine(), evil());
    upload(&environment, &[(&first, "lab/a:1"), (&newest, "lab/b:1")]);
    let links = ground.cluster.links();
    // Digits that begin like those of an image, too.
    let near = format!("sha256:{}{}", &first.digits()[..32], "0".repeat(32));
    for id in [format!("sha256:{}", "1".repeat(64)), near] {
        for form in forms(&id) {
            let is_cut = first
                .digits()
                .starts_with(form.trim_start_matches("sha256:"));
            if is_cut {
                continue;
            }
            for verb in Verb::ALL {
                let output = verb.run(&mut environment, &form, &[&first, &newest]);
                // The server takes every image for a digest that it splits at its colon.
                if verb == Verb::Resolve && output.status.success() {
                    let warning = output.stderr.lines().next().unwrap_or_default();
                    assert!(warning.contains("warning"), "{output}");
                    continue;
                }
                let (absent, _) = verb.codes();
                let message = output.failure(absent);
                assert!(message.contains(&form), "{output}");
                output.assert_told_to_people(&[]);
                assert!(!verb.file(&environment).exists(), "{output}");
                assert_eq!(Shelf::loaded(&environment), None, "{output}");
            }
        }
    }
    assert_eq!(ground.cluster.links(), links);
}

#[test]
fn digits_of_two_images_are_ambiguous_in_every_verb_until_there_are_more_of_them() {
    let ground = Ground::new();
    let victim = ground.victim();
    let mut environment = victim.environment();
    let [one, other] = Made::twins();
    assert_eq!(one.digits()[..12], other.digits()[..12]);
    assert_ne!(one.digits()[..20], other.digits()[..20]);
    upload(
        &environment,
        &[(&one, "lab/one:1"), (&other, "lab/other:1")],
    );
    let links = ground.cluster.links();
    let short = one.digits()[..12].to_owned();
    for form in [short.clone(), format!("sha256:{short}")] {
        for verb in Verb::ALL {
            let output = verb.run(&mut environment, &form, &[&one, &other]);
            if verb == Verb::Resolve && output.status.success() {
                let warning = output.stderr.lines().next().unwrap_or_default();
                assert!(warning.contains("warning"), "{output}");
                continue;
            }
            if verb.is_unfound(&form, &output) {
                continue;
            }
            let (_, ambiguous) = verb.codes();
            let message = output.failure(ambiguous);
            for image in [&one, &other] {
                assert!(message.contains(&image.id()), "{verb:?}: {output}");
            }
            output.assert_told_to_people(&[]);
            assert!(!verb.file(&environment).exists(), "{output}");
            assert_eq!(Shelf::loaded(&environment), None, "{output}");
        }
    }
    for image in [&one, &other] {
        for form in [image.id(), image.digits(), image.digits()[..20].to_owned()] {
            for verb in Verb::ALL {
                let output = verb.run(&mut environment, &form, &[&one, &other]);
                if !verb.is_unfound(&form, &output) {
                    verb.check(&victim, &environment, image, &output);
                }
            }
        }
    }
    assert_eq!(ground.cluster.links(), links);
}

#[test]
fn digits_are_not_made_ambiguous_by_a_link_to_nothing_of_the_kind() {
    let ground = Ground::new();
    let victim = ground.victim();
    let mut environment = victim.environment();
    let image = genuine();
    upload(&environment, &[(&image, "lab/a:1")]);
    let attacker = ground.attacker();
    let planted = attacker.plant_evil(serde_json::json!({}));
    let near = format!("sha256:{}{}", &image.digits()[..12], "0".repeat(52));
    attacker.link("docker_image_hash", &near, &planted, super::LATER);
    for verb in Verb::ALL {
        let form = &image.digits()[..12];
        let output = verb.run(&mut environment, form, &[&image]);
        // Either it is the image, or both are named; the other is never taken.
        if output.status.success() {
            verb.check(&victim, &environment, &image, &output);
        } else if !verb.is_unfound(form, &output) {
            let message = output.failure(verb.codes().1);
            assert!(message.contains(&image.id()), "{verb:?}: {output}");
        }
    }
}
