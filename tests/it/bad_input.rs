//! What people meet when something is missing or wrong: one screen that says what to do, a
//! documented exit code, and a cluster that holds nothing half-registered.

use std::fs;
use std::path::Path;

use crate::support::{Cluster, Engine, Environment, data, tar_of};

/// A situation, and what both programs must make of it.
struct Case<'a> {
    name: &'a str,
    environment: Environment,
    /// Arguments of `keepdocker upload`.
    arguments: Vec<String>,
    /// The exit code of `keepdocker`; the drop-in has 1 for all of these.
    code: i32,
    /// What the message must mention: the thing, and the way out.
    mentions: &'a [&'a str],
    /// Whether the drop-in can be asked the same.
    is_for_drop_in: bool,
}

impl Case<'_> {
    fn check(&self, cluster: &Cluster) {
        let secret = cluster.token().rsplit('/').next().unwrap().to_owned();
        let mut upload = vec!["upload".to_owned()];
        upload.extend(self.arguments.iter().cloned());
        let mut runs = vec![(self.environment.keepdocker(&upload), self.code)];
        if self.is_for_drop_in {
            runs.push((self.environment.arv_keepdocker(&self.arguments), 1));
        }
        for (output, code) in runs {
            let name = self.name;
            assert_eq!(output.status.code(), Some(code), "{name}: {output}");
            output.assert_told_to_people(&[&secret]);
            let message = output.stderr.to_lowercase();
            for mention in self.mentions {
                assert!(
                    message.contains(&mention.to_lowercase()),
                    "{name}: no `{mention}` in {output}"
                );
            }
            cluster.assert_nothing_registered();
        }
    }
}

#[test]
fn without_configuration_the_settings_are_named() {
    let cluster = Cluster::start();
    let case = Case {
        name: "no configuration",
        environment: Environment::new(),
        arguments: words(&["lab/tool:1"]),
        code: 7,
        mentions: &["ARVADOS_API_HOST", "ARVADOS_API_TOKEN"],
        is_for_drop_in: true,
    };

    case.check(&cluster);
    let listing = case.environment.keepdocker(&["images"]);
    let _ = listing.failure(7);
    listing.assert_told_to_people(&[]);
}

#[test]
fn a_refused_token_is_said_to_be_refused_and_not_shown() {
    let cluster = Cluster::start();
    let mut environment = Environment::on(&cluster);
    let refused = format!(
        "v2/{}-gj3su-000000000000000/{}",
        cluster.cluster_id(),
        "x".repeat(50)
    );
    environment.set("ARVADOS_API_TOKEN", &refused);
    let case = Case {
        name: "wrong token",
        environment,
        arguments: words(&["lab/tool:1"]),
        code: 7,
        mentions: &["token", "ARVADOS_API_TOKEN"],
        is_for_drop_in: true,
    };

    case.check(&cluster);
    for output in [
        case.environment.keepdocker(&["images"]),
        case.environment.arv_keepdocker(&["images"]),
    ] {
        assert!(!output.status.success(), "{output}");
        output.assert_told_to_people(&[&"x".repeat(50)]);
    }
}

#[test]
fn an_image_that_nobody_has_is_not_found() {
    let Some(engine) = Engine::find() else { return };
    let cluster = Cluster::start();
    for (image, mentions) in [
        ("bad-input/absent:1", ["image", "bad-input/absent:1"]),
        // An ID of the right form must not select another image either.
        (ABSENT_ID, ["image", ABSENT_ID]),
    ] {
        let environment = Environment::on(&cluster).with_engine(&engine);
        let keepdocker = environment.keepdocker(&["upload", image]);
        let message = keepdocker.failure(4);
        for mention in mentions {
            assert!(message.contains(mention), "no `{mention}` in {keepdocker}");
        }
        keepdocker.assert_told_to_people(&[]);

        let drop_in = environment.arv_keepdocker(&[image]);
        assert!(
            drop_in.failure(1).contains("no matching image found"),
            "{drop_in}"
        );
        drop_in.assert_told_to_people(&[]);
        cluster.assert_nothing_registered();
    }
}

const ABSENT_ID: &str = "sha256:00000000000000000000000000000000000000000000000000000000deadbeef";

#[test]
fn an_engine_that_is_down_is_not_mistaken_for_a_missing_image() {
    let Some(_engine) = Engine::find() else {
        return;
    };
    let cluster = Cluster::start();
    // The environment's own engine address is that of a socket that does not exist.
    Case {
        name: "engine down",
        environment: Environment::on(&cluster),
        arguments: words(&["lab/tool:1"]),
        code: 1,
        mentions: &["engine", "no-engine.sock", "docker-archive:"],
        is_for_drop_in: true,
    }
    .check(&cluster);
}

#[test]
fn a_machine_without_an_engine_is_told_what_it_can_do_instead() {
    let cluster = Cluster::start();
    let mut environment = Environment::on(&cluster);
    environment.set("PATH", environment.home().join("empty"));
    Case {
        name: "engine missing",
        environment,
        arguments: words(&["lab/tool:1"]),
        code: 1,
        mentions: &["docker", "--engine", "docker-archive:"],
        is_for_drop_in: true,
    }
    .check(&cluster);
}

#[test]
fn what_is_no_image_archive_is_refused_before_anything_is_registered() {
    let cluster = Cluster::start();
    let folder = tempfile::tempdir().unwrap();
    let sound = fs::read(data("hello-world-ManifestV2.tar")).unwrap();
    let truncated = sound[..sound.len() / 2].to_vec();
    for (name, code, bytes) in [
        ("text.tar", 1, b"this is no archive\n".repeat(100)),
        ("empty.tar", 1, Vec::new()),
        ("zeros.tar", 1, vec![0; 10240]),
        ("truncated.tar", 1, truncated),
        ("without-manifest.tar", 1, tar_of(&[("etc/passwd", b"root:x:0:0::/:/bin/sh\n")])),
        ("manifest-of-nothing.tar", 4, tar_of(&[("manifest.json", b"[]")])),
        (
            "missing-members.tar", 1,
            tar_of(&[("manifest.json", br#"[{"Config":"absent.json","RepoTags":["lab/tool:1"],"Layers":["absent/layer.tar"]}]"#)]),
        ),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        Case {
            name,
            environment: Environment::on(&cluster),
            arguments: from(&path),
            code,
            mentions: &["archive"],
            is_for_drop_in: false,
        }
        .check(&cluster);
    }
}

#[test]
fn an_archive_that_does_not_exist_is_named() {
    let cluster = Cluster::start();
    Case {
        name: "absent archive",
        environment: Environment::on(&cluster),
        arguments: from(Path::new("absent/saved.tar")),
        code: 1,
        mentions: &["absent/saved.tar"],
        is_for_drop_in: false,
    }
    .check(&cluster);
}

#[test]
fn a_wrong_command_line_ends_with_two_in_both_programs() {
    let environment = Environment::new();
    for arguments in [
        &["--nonsense"][..],
        &["--retries", "many", "lab/tool"],
        &["--name"],
        &["--pull", "--no-pull", "lab/tool"],
        &["a", "b", "c"],
    ] {
        let drop_in = environment.arv_keepdocker(arguments);
        assert!(drop_in.failure(2).contains("--help"), "{drop_in}");
        let usages = drop_in.stderr.matches("usage: arv-keepdocker ").count();
        assert_eq!(usages, 1, "{drop_in}");
        assert_eq!(drop_in.stdout(), "", "{drop_in}");
    }
    for arguments in [
        &["--nonsense"][..],
        &["nonsense"],
        &["upload"],
        &["upload", "a", "b", "c"],
    ] {
        let output = environment.keepdocker(arguments);
        assert!(output.failure(2).contains("--help"), "{output}");
        assert_eq!(output.stdout(), "", "{output}");
    }
}

#[test]
fn a_tag_beside_a_tagged_image_is_refused_in_the_old_words() {
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);

    let output = environment.arv_keepdocker(&["lab/tool:1", "2"]);

    let message = output.failure(1);
    assert!(
        message.contains("image 'lab/tool:1' already includes a tag, cannot add tag argument '2'"),
        "{output}"
    );
    let _ = environment
        .keepdocker(&["upload", "lab/tool:1", "2"])
        .failure(2);
    cluster.assert_nothing_registered();
}

#[test]
fn a_file_in_the_place_of_an_image_leads_to_the_command_for_it() {
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let archive = environment.home().join("saved.tar");
    fs::copy(data("hello-world-ManifestV2.tar"), archive).unwrap();
    let layout = environment.home().join("Layout");
    fs::create_dir(&layout).unwrap();
    fs::write(layout.join("oci-layout"), "{}").unwrap();
    for (image, source) in [
        ("saved.tar", "docker-archive:saved.tar"),
        ("./saved.tar", "docker-archive:./saved.tar"),
        ("./Layout", "oci:./Layout"),
    ] {
        // `keepdocker upload` takes files; the drop-in takes what the Python program takes.
        let wanted = format!("keepdocker upload --from {source}");
        let output = environment.arv_keepdocker(&[image]);
        assert!(!output.status.success(), "{output}");
        assert!(output.stderr.contains(&wanted), "{output}");
        output.assert_told_to_people(&[]);
    }
    // What is no file is told as ever.
    let absent = environment.keepdocker(&["upload", "absent.tar"]);
    assert!(
        !absent.stderr.contains("--from docker-archive:absent"),
        "{absent}"
    );
    cluster.assert_nothing_registered();
}

#[test]
fn an_option_that_is_gone_leads_to_the_command_that_has_taken_its_place() {
    let environment = Environment::new();
    for words in [&["--download", "d2c94e258dcb"][..], &["--download=x"]] {
        let output = environment.arv_keepdocker(words);
        assert!(
            output.failure(2).contains("keepdocker load IMAGE"),
            "{output}"
        );
        assert!(output.stderr.contains("usage: arv-keepdocker "), "{output}");
    }
    let help = environment.arv_keepdocker(&["-h"]);
    assert!(help.success().contains("usage: arv-keepdocker "), "{help}");
    assert_eq!(help.stderr, "", "{help}");
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn from(archive: &Path) -> Vec<String> {
    words(&["--from", &format!("docker-archive:{}", archive.display())])
}
