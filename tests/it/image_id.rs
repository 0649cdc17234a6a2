//! By which of its digests an image is registered: compute nodes ask their engine for the name of the
//! file, and an engine knows an image by one of them alone.

use std::fs;

use serde_json::Value;

use crate::support::{AnyEngine, Built, Cluster, Engine, Environment, Made, Noise};

const NAME: &str = "image-id/tool:1";

/// Runs the program, and returns the JSON that it printed.
#[track_caller]
fn told(environment: &Environment, words: &[&str]) -> Value {
    let printed = environment
        .keepdocker(&[words, &["--json"]].concat())
        .success();
    serde_json::from_str(&printed).unwrap()
}

/// Writes the user's `config.toml`.
fn configure(environment: &mut Environment, text: &str) {
    let base = environment.home().join("config");
    fs::create_dir_all(base.join("keepdocker")).unwrap();
    fs::write(base.join("keepdocker/config.toml"), text).unwrap();
    environment.set("XDG_CONFIG_HOME", base);
}

/// The digest that the only file of a collection is named by.
#[track_caller]
fn file_of(cluster: &Cluster, collection: &Value) -> String {
    let collections = cluster.collections();
    let found = collections
        .iter()
        .find(|known| known["uuid"] == *collection);
    let text = found.unwrap()["manifest_text"].as_str().unwrap();
    let (_, name) = text.trim_end().rsplit_once(':').unwrap();
    name.replace("\\072", ":")
        .trim_end_matches(".tar")
        .to_owned()
}

/// An engine that knows the stored archive by the name of its file, as a compute node needs it: it loads
/// the file and then inspects that name.
#[track_caller]
fn assert_a_node_finds(engine: &AnyEngine, environment: &Environment, file: &str) {
    assert_eq!(engine.id(file), None, "it is there before");
    let saved = environment.home().join("node.tar");
    let words = [
        "save",
        "--stored",
        NAME,
        "--output",
        saved.to_str().unwrap(),
    ];
    let _ = environment.keepdocker(&words).success();
    engine.load(&fs::read(&saved).unwrap());
    assert_eq!(engine.id(file).as_deref(), Some(file));
    engine.remove(file);
}

#[test]
fn nodes_of_either_kind_find_the_image_by_the_name_of_its_file() {
    let (Some(classic), Some(containerd)) = (Engine::find(), Engine::containerd()) else {
        return;
    };
    let (classic, containerd) = (AnyEngine::docker(&classic), AnyEngine::docker(&containerd));
    let base = Noise::bytes(91, 3 << 20);
    let image = Built::new(
        NAME,
        "2024-05-06T07:08:09Z",
        &[("base", &base[..]), ("small", b"a small layer")],
    );
    let cluster = Cluster::start();
    let mut here = classic.on(&cluster);
    classic.load(&image.archive);

    // The site says it once.
    configure(&mut here, "image-id = \"manifest\"\n");
    let uploaded = told(&here, &["upload", NAME]);
    assert_eq!(uploaded["outcome"], "uploaded");
    assert_eq!(uploaded["image"], image.id.as_str());
    let manifest = uploaded["registered_as"].as_str().unwrap().to_owned();
    assert_ne!(manifest, image.id);
    assert_eq!(file_of(&cluster, &uploaded["collection"]), manifest);
    assert_eq!(cluster.links_of("docker_image_hash")[0]["name"], *manifest);
    classic.remove(NAME);
    assert_a_node_finds(&containerd, &here, &manifest);

    // Everything finds it again, with either engine, and sends nothing.
    cluster.log().clear();
    let loaded = told(&here, &["load", NAME]);
    assert_eq!(loaded["image"], image.id.as_str());
    assert_eq!(told(&here, &["load", NAME])["outcome"], "present");
    let mut there = containerd.on(&cluster);
    there.set("KEEPDOCKER_IMAGE_ID", "manifest");
    assert_eq!(told(&there, &["load", NAME])["outcome"], "fetched");
    assert_eq!(told(&there, &["load", NAME])["outcome"], "present");
    assert_eq!(containerd.id(NAME).as_deref(), Some(&*manifest));
    for environment in [&here, &there] {
        let again = told(environment, &["upload", NAME]);
        assert_eq!(again["outcome"], "present", "{again}");
        assert_eq!(again["collection"], uploaded["collection"]);
        let found = environment.arv_keepdocker(&[NAME]).success();
        assert_eq!(uploaded["collection"], found.trim());
    }
    for asked in [NAME, &manifest, &image.id] {
        let listed = told(&here, &["images", asked]);
        assert_eq!(listed["images"][0]["image"], *manifest, "{asked}");
        let saved = here.home().join("saved.tar");
        let words = ["save", asked, "--output", saved.to_str().unwrap()];
        assert_eq!(here.keepdocker(&words).success().trim(), image.id);
    }
    let resolved = told(&here, &["resolve", NAME]);
    assert_eq!(resolved["collection"], uploaded["collection"]);
    containerd.remove(NAME);

    // For nodes with the classic store it has the other name.
    here.set("KEEPDOCKER_IMAGE_ID", "config");
    let output = here.keepdocker(&["upload", "--json", NAME]);
    let again: Value = serde_json::from_str(&output.success()).unwrap();
    assert_eq!(again["outcome"], "present");
    assert_eq!(again["registered_as"], *manifest);
    assert!(output.stderr.contains("`keepdocker repair`"), "{output}");
    let repaired = told(&here, &["repair", NAME]);
    assert_eq!(repaired["outcome"], "registered");
    assert_eq!(repaired["registered_as"], image.id.as_str());
    assert_eq!(repaired["former"], uploaded["collection"]);
    assert_eq!(file_of(&cluster, &repaired["collection"]), image.id);
    classic.remove(NAME);
    assert_a_node_finds(&classic, &here, &image.id);
    let resolved = told(&here, &["resolve", NAME]);
    assert_eq!(resolved["collection"], repaired["collection"]);

    // And back; who named the former collection by its content goes on to get it.
    let words = ["repair", NAME, "--image-id", "manifest"];
    let back = told(&here, &words);
    assert_eq!(back["registered_as"], *manifest);
    assert_eq!(told(&here, &words)["outcome"], "present");
    assert_a_node_finds(&containerd, &here, &manifest);
    for known in [&uploaded, &repaired, &back] {
        let content = known["portable_data_hash"].as_str().unwrap();
        let _ = here.keepdocker(&["resolve", content]).success();
    }
    assert_eq!(cluster.log().blocks_written(), 0, "no data was sent");
}

/// A cluster, and an archive to upload.
struct Ground {
    cluster: Cluster,
    environment: Environment,
    image: Made,
    from: String,
}

impl Ground {
    fn new() -> Ground {
        let cluster = Cluster::start();
        let environment = Environment::on(&cluster);
        let image = Made::of(&[(92, 2 << 20), (93, 5000)]);
        let archive = environment.home().join("image.tar");
        fs::write(&archive, image.saved(&[NAME])).unwrap();
        Ground {
            from: format!("docker-archive:{}", archive.display()),
            cluster,
            environment,
            image,
        }
    }

    #[track_caller]
    fn upload(&self, words: &[&str]) -> Value {
        told(
            &self.environment,
            &[&["upload", "--from", &self.from], words].concat(),
        )
    }
}

#[test]
fn the_option_wins_over_the_variable_and_a_plan_keeps_what_was_decided() {
    let mut ground = Ground::new();
    let (config, manifest) = (ground.image.id(), ground.image.loaded_as());
    ground.environment.set("KEEPDOCKER_IMAGE_ID", "manifest");
    let uploaded = ground.upload(&[]);
    assert_eq!(uploaded["registered_as"], *manifest);
    assert_eq!(uploaded["image"], *config);
    let uploaded = ground.upload(&["--image-id=config", "--force"]);
    assert_eq!(uploaded["registered_as"], *config);

    let ground = Ground::new();
    let plan = ground.environment.home().join("plan.json");
    let plan = plan.to_str().unwrap();
    let planned = ground.upload(&["--image-id=manifest", "--dry-run", "-o", plan]);
    assert_eq!(planned["request"]["image_id"], "manifest");
    assert!(
        planned["steps"].to_string().contains(&manifest),
        "{planned}"
    );
    let applied = told(&ground.environment, &["apply", plan]);
    assert_eq!(applied["registered_as"], *manifest);
    assert_eq!(file_of(&ground.cluster, &applied["collection"]), manifest);

    let words = [
        "upload",
        "--from",
        &ground.from,
        "--verbatim",
        "--image-id=manifest",
    ];
    let output = ground.environment.keepdocker(&words);
    let message = output.failure(2);
    assert!(message.contains("canonical form"), "{output}");
    assert!(message.contains("`--image-id` says so"), "{output}");
    let mut elsewhere = ground.environment;
    for (place, variable) in [
        ("config/keepdocker/config.toml", ""),
        ("KEEPDOCKER_IMAGE_ID", "manifest"),
    ] {
        configure(&mut elsewhere, "image-id = \"manifest\"\n");
        elsewhere.set("KEEPDOCKER_IMAGE_ID", variable);
        let output = elsewhere.keepdocker(&["upload", "--from", &ground.from, "--verbatim"]);
        assert!(
            output.failure(2).contains(&format!("{place} says so")),
            "{output}"
        );
    }
}

#[test]
fn the_first_digits_of_either_digest_find_the_image() {
    let mut ground = Ground::new();
    for named_by in ["manifest", "config"] {
        ground.environment.set("KEEPDOCKER_IMAGE_ID", named_by);
        let uploaded = ground.upload(&["--force"]);
        let registered = uploaded["registered_as"].as_str().unwrap();
        let saved = ground.environment.home().join("saved.tar");
        for digest in [ground.image.id(), ground.image.loaded_as()] {
            let digits = &digest["sha256:".len()..][..12];
            for asked in [digits, &digest[.."sha256:".len() + 12]] {
                let listed = told(&ground.environment, &["images", asked]);
                let images = listed["images"].as_array().unwrap();
                assert!(!images.is_empty(), "{asked}");
                let words = ["save", asked, "--output", saved.to_str().unwrap()];
                let fetched = told(&ground.environment, &words);
                assert_eq!(fetched["image"], ground.image.id());
                let repaired = told(&ground.environment, &["repair", asked]);
                assert_eq!(repaired["outcome"], "present", "{asked}: {repaired}");
                assert_eq!(repaired["registered_as"], registered);
            }
        }
        ground = Ground::new();
    }

    // The server knows no such digits, and whoever asks it is told where else to look.
    ground.environment.set("KEEPDOCKER_IMAGE_ID", "manifest");
    let _ = ground.upload(&[]);
    let id = ground.image.id();
    let output = ground
        .environment
        .keepdocker(&["resolve", &id["sha256:".len()..][..12]]);
    let message = output.failure(4);
    assert!(
        message.contains("the server looks for names") && message.contains("`keepdocker images`"),
        "{output}"
    );
}

#[test]
fn digits_that_begin_the_digests_of_two_images_are_told_as_ambiguous() {
    let cluster = Cluster::start();
    let mut environment = Environment::on(&cluster);
    let twins = Made::twins();
    let digits = twins[0].digits()[..12].to_owned();
    // One by each of its digests, so that only one begins like the digits.
    for (twin, named_by) in twins.iter().zip(["manifest", "config"]) {
        let archive = environment.home().join(format!("{named_by}.tar"));
        fs::write(&archive, twin.saved(&[])).unwrap();
        environment.set("KEEPDOCKER_IMAGE_ID", named_by);
        let from = format!("docker-archive:{}", archive.display());
        let _ = environment
            .keepdocker(&["upload", "--from", &from])
            .success();
    }
    for words in [
        &["images", &digits][..],
        &["repair", &digits],
        &["save", &digits, "--output", "none.tar"],
    ] {
        let output = environment.keepdocker(words);
        let message = output.failure(5);
        assert!(message.contains(&twins[0].loaded_as()), "{output}");
        assert!(message.contains(&twins[1].id()), "{output}");
    }
}

#[test]
fn settings_that_cannot_be_meant_end_both_programs_before_anything_is_done() {
    let mut ground = Ground::new();
    configure(&mut ground.environment, "image_id = \"manifest\"\n");
    let words = ["upload", "--from", &ground.from];
    let output = ground.environment.keepdocker(&words);
    assert!(
        output
            .failure(7)
            .contains("config.toml:1: unknown key `image_id`"),
        "{output}"
    );
    assert!(output.stderr.contains("docs/configuration.md"), "{output}");
    // What helps to mend that runs, and says so.
    for words in [
        &["config", "show"][..],
        &["completions", "bash"],
        &["policy", "show"],
        &["cache", "list"],
        &["whoami"],
        &["doctor"],
    ] {
        let output = ground.environment.keepdocker(words);
        // What else is amiss here is for the doctor to tell.
        assert_ne!(output.status.code(), Some(7), "{output}");
        let warning = "unknown key `image_id`";
        assert!(
            output.stderr.starts_with("warning: ") && output.stderr.contains(warning),
            "{output}"
        );
    }
    let output = ground.environment.arv_keepdocker(&[NAME]);
    assert!(
        output.failure(1).contains("unknown key `image_id`"),
        "{output}"
    );
    configure(&mut ground.environment, "image-id = \"manifest\"\n");
    ground.environment.set("KEEPDOCKER_IMAGE_ID", "id");
    let output = ground.environment.keepdocker(&words);
    assert!(
        output.failure(7).contains("KEEPDOCKER_IMAGE_ID is `id`"),
        "{output}"
    );
    ground.cluster.assert_nothing_registered();
}

mod repair;
