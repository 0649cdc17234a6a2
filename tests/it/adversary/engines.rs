//! Sources that give another image than they named: the cache, the engine, the command line.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use super::{Ground, NAME, evil, genuine, judge_refusal};
use crate::support::{Environment, Made, Output, Shelf, tar_of};

/// Puts an archive into the cache as the Python program leaves one, under an ID.
fn plant(environment: &Environment, id: &str, archive: &[u8]) {
    let folder = environment.home().join("cache/arvados/docker");
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join(format!("{id}.tar"));
    fs::write(&file, archive).unwrap();
    let metadata = fs::metadata(&file).unwrap();
    // The order of Python's `os.stat`; the size and the last time are looked at.
    let fields = [
        0,
        0,
        0,
        0,
        0,
        0,
        metadata.size() as i64,
        0,
        metadata.mtime(),
        0,
    ];
    let text = serde_json::to_string(&fields).unwrap();
    fs::write(folder.join(format!("{id}.tar.stat")), text).unwrap();
}

/// Runs one program or the other for the image's name.
fn upload(environment: &Environment, is_drop_in: bool, options: &[&str]) -> Output {
    let mut words = options.to_vec();
    match is_drop_in {
        true => {
            words.extend(["lab/tool", "1"]);
            environment.arv_keepdocker(&words)
        }
        false => {
            words.insert(0, "upload");
            words.push(NAME);
            environment.keepdocker(&words)
        }
    }
}

#[test]
fn an_archive_of_another_image_in_the_cache_is_thrown_away_and_the_engine_asked() {
    let image = genuine();
    let shelves = [
        ("classic", Shelf::new().with(&image, NAME), image.id()),
        (
            "taciturn",
            Shelf::new().with(&image, NAME).taciturn(),
            image.id(),
        ),
        (
            "containerd",
            Shelf::new().with_layout(&image, NAME),
            image.manifest_digest(),
        ),
    ];
    for (kind, shelf, id) in shelves {
        for is_drop_in in [false, true] {
            for options in [&[][..], &["--force"]] {
                let ground = Ground::new();
                let victim = ground.victim();
                let mut environment = victim.environment();
                shelf.install(&mut environment);
                plant(&environment, &id, &evil().saved(&[NAME]));

                let output = upload(&environment, is_drop_in, options);

                ground
                    .judge_success(&victim, victim.uuid(), &image, &output)
                    .unwrap_or_else(|why| panic!("{kind}: {why}"));
                assert!(Shelf::asked(&environment).contains("save"), "{kind}");
                assert!(output.stderr.contains(&id), "{kind} keeps silent: {output}");
                let archive = format!("cache/arvados/docker/{id}.tar");
                assert!(!environment.home().join(archive).exists(), "{kind}");
                assert_eq!(ground.cluster.collections().len(), 1, "{kind}");
            }
        }
    }
}

#[test]
fn a_cached_archive_with_the_same_layers_and_another_config_is_another_image() {
    let image = genuine();
    let other = with_other_command(&image);
    assert_eq!(other.diff_ids(), image.diff_ids());
    for is_drop_in in [false, true] {
        let ground = Ground::new();
        let victim = ground.victim();
        let mut environment = victim.environment();
        Shelf::new().with(&image, NAME).install(&mut environment);
        plant(&environment, &image.id(), &other.saved(&[NAME]));

        let output = upload(&environment, is_drop_in, &[]);

        ground
            .judge_success(&victim, victim.uuid(), &image, &output)
            .unwrap();
    }
}

#[test]
fn an_engine_that_saves_another_image_than_it_named_is_not_believed() {
    let image = genuine();
    let (evil, command) = (evil(), with_other_command(&image));
    let classic = Shelf::new().with(&image, NAME);
    let containerd = Shelf::new().with_layout(&image, NAME);
    let cases = [
        ("classic", classic.clone().saving(evil.saved(&[NAME]))),
        (
            "taciturn",
            classic.clone().taciturn().saving(evil.saved(&[NAME])),
        ),
        (
            "classic, other config",
            classic.clone().saving(command.saved(&[NAME])),
        ),
        (
            "taciturn, other config",
            classic.taciturn().saving(command.saved(&[NAME])),
        ),
        (
            "containerd",
            containerd
                .clone()
                .saving(tar_of(&evil.members_of_layout(NAME))),
        ),
        (
            "containerd, without a layout",
            containerd.clone().saving(evil.saved(&[NAME])),
        ),
        (
            "containerd, taciturn",
            containerd
                .clone()
                .taciturn()
                .saving(tar_of(&evil.members_of_layout(NAME))),
        ),
        (
            "containerd, other config",
            containerd.saving(tar_of(&command.members_of_layout(NAME))),
        ),
    ];
    for (kind, shelf) in cases {
        for is_drop_in in [false, true] {
            for options in [&[][..], &["--force"]] {
                let ground = Ground::new();
                let victim = ground.victim();
                let mut environment = victim.environment();
                shelf.install(&mut environment);

                let output = upload(&environment, is_drop_in, options);

                judge_refusal(&ground, victim.uuid(), &output, 1, &["sha256:"])
                    .unwrap_or_else(|why| panic!("{kind}: {why}"));
                output.assert_told_to_people(&[&ground.cluster.token()]);
                assert!(ground.cluster.collections().is_empty(), "{kind}");
            }
        }
    }
}

#[test]
fn an_image_of_the_engine_gets_the_name_that_is_asked_for_and_no_other_image_does() {
    let (source, other) = (genuine(), evil());
    for kind in ["classic", "containerd"] {
        let ground = Ground::new();
        let victim = ground.victim();
        let mut environment = victim.environment();
        let shelf = Shelf::new().with(&other, NAME);
        match kind {
            "classic" => shelf.with(&source, "foo/src:1"),
            _ => shelf.with_layout(&source, "foo/src:1"),
        }
        .install(&mut environment);
        let digits = source.digits();
        // The engine has images of both names.
        let mut froms = vec!["docker-daemon:foo/src:1".to_owned()];
        if kind == "classic" {
            froms.push(format!("docker-daemon:{}", source.id()));
            froms.push(format!("docker-daemon:{digits}"));
            froms.push(format!("docker-daemon:{}", &digits[..12]));
        }
        for from in froms {
            let project = victim.make_project(&from.replace('/', " "));
            let words = ["upload", "--from", &from, NAME, "--project-uuid", &project];
            let output = environment.keepdocker(&words);
            ground
                .judge_success(&victim, &project, &source, &output)
                .unwrap_or_else(|why| panic!("{kind} {from}: {why}"));
            assert_eq!(ground.links(&project).len(), 2, "{from}");
            // Of a plan, the same.
            let mut words = words.to_vec();
            (words[0], words[5]) = ("plan", victim.uuid());
            let planned = environment.keepdocker(&words).success();
            assert!(!planned.contains(&other.id()), "{from}: {planned}");
            assert!(planned.contains(NAME), "{from}: {planned}");
        }
        // A source that is not there is not replaced by what has the name.
        let words = ["upload", "--from", "docker-daemon:foo/none:1", NAME];
        let output = environment.keepdocker(&words);
        judge_refusal(&ground, victim.uuid(), &output, 4, &["foo/none:1"]).unwrap();
        // Without another name the source keeps its own.
        let words = ["upload", "--from", "docker-daemon:foo/src:1"];
        let _ = environment.keepdocker(&words).success();
        let links = ground.links(victim.uuid());
        let mut names: Vec<_> = links.iter().map(|link| link["name"].clone()).collect();
        names.sort_by_key(ToString::to_string);
        assert_eq!(names, ["foo/src:1", &*source.id()]);
    }
}

/// An image of the same layers that runs something else.
fn with_other_command(image: &Made) -> Made {
    let config = image.config.replace("/opt/tool", "/opt/evil");
    assert_ne!(config, image.config);
    Made {
        layers: image.layers.clone(),
        config,
    }
}
