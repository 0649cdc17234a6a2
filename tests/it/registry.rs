//! Images that are read from registries, without an engine.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Cluster, Deed, Environment, FaultyRegistry, Made, Output, Registry, Tools};

const MIB: usize = 1 << 20;

/// An image of three layers, one of which shares a block with others.
fn image() -> Made {
    Made::of(&[(1, 3 * MIB), (2, 1000), (3, 2 * MIB)])
}

fn upload(environment: &Environment, source: &str, more: &[&str]) -> Output {
    environment.keepdocker(&[&["upload", "--from", source], more].concat())
}

/// Uploads an image from a file into a cluster of its own; returns its portable data hash.
fn from_file(image: &Made, archive: Vec<u8>) -> Value {
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let file = environment.home().join("image.tar");
    fs::write(&file, archive).unwrap();
    let source = format!("docker-archive:{}", file.display());
    let _ = upload(
        &environment,
        &source,
        &[&format!("lab/{}:1", image.layers.len())],
    )
    .success();
    cluster.only_collection()["portable_data_hash"].clone()
}

#[test]
fn one_image_has_one_portable_data_hash_from_a_registry_too() {
    let image = image();
    let registry = FaultyRegistry::serve(&image, |_| None);
    let saved = from_file(&image, image.saved(&["lab/tool:1"]));
    for (name, noted) in [
        ("lab/tool:1", &registry.manifest),
        ("lab/tool:index", &registry.index),
    ] {
        let cluster = Cluster::start();
        let environment = Environment::on(&cluster);
        let _ = upload(&environment, &registry.source(name), &[]).success();
        let collection = cluster.only_collection();
        assert_eq!(collection["portable_data_hash"], saved, "{name}");
        let properties = &collection["properties"];
        let origin = format!("{}/lab/tool@{noted}", registry.host());
        assert_eq!(properties["arv:docker-source-reference"], origin);
        assert_eq!(properties["arv:docker-manifest-digest"], registry.manifest);
        assert_eq!(properties["arv:docker-config-digest"], image.id());
        let names = cluster.links_of("docker_image_repo+tag");
        assert_eq!(names[0]["name"], format!("{}/{name}", registry.host()));

        // A second time nothing of any layer is asked for.
        let before = registry.asked("/blobs/").len();
        let output = upload(&environment, &registry.source(name), &["mine:2"]);
        let _ = output.success();
        let after = registry.asked("/blobs/").len();
        assert_eq!(after - before, 1, "the config alone: {output}");
        assert_eq!(cluster.links_of("docker_image_repo+tag").len(), 2);
    }
}

#[test]
fn what_skopeo_pushes_to_a_real_registry_is_the_same_image() {
    let (Some(registry), Some(tools)) = (Registry::find(), Tools::find(&["skopeo"])) else {
        return;
    };
    let image = image();
    let file = tools.at("image.tar");
    fs::write(&file, image.saved(&["lab/tool:1"])).unwrap();
    let name = registry.name("registry/tool:1");
    let to = format!("docker://{name}");
    let from = format!("docker-archive:{file}");
    let pushed = tools.run(
        "skopeo",
        &["copy", "--quiet", "--dest-tls-verify=false", &from, &to],
    );
    let _ = pushed.success();
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let _ = environment.keepdocker(&["upload", &to, "mine:1"]).success();
    let collection = cluster.only_collection();
    let saved = from_file(&image, image.saved(&["lab/tool:1"]));
    assert_eq!(collection["portable_data_hash"], saved);
    assert_eq!(
        cluster.links_of("docker_image_repo+tag")[0]["name"],
        "mine:1"
    );
}

#[test]
fn a_cut_in_each_layer_costs_next_to_nothing() {
    let image = Made::of(&[(1, 8 * MIB), (2, 6 * MIB)]);
    let registry = FaultyRegistry::serve(&image, |asked| {
        let is_first = asked.path.contains("/blobs/") && asked.before == 0;
        is_first.then_some(Deed::Cut(2 * MIB + 17))
    });
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let _ = upload(&environment, &registry.source("lab/tool:1"), &[]).success();
    let saved = from_file(&image, image.saved(&["lab/tool:1"]));
    assert_eq!(cluster.only_collection()["portable_data_hash"], saved);
    let (sent, layers) = (registry.sent(), registry.layers);
    assert!(
        sent <= layers + layers / 50,
        "{sent} bytes for layers of {layers}"
    );
}

#[test]
fn a_run_that_is_killed_half_way_is_completed_by_the_next() {
    let image = Made::of(&[(1, 6 * MIB), (2, 6 * MIB)]);
    let registry = FaultyRegistry::serve(&image, |asked| {
        asked
            .path
            .contains("/blobs/")
            .then_some(Deed::Slow(Duration::from_millis(20)))
    });
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let source = registry.source("lab/tool:1");
    let words = ["upload", "--from", &source];
    let program = env!("CARGO_BIN_EXE_keepdocker");
    let mut child = environment.start(program, &words, std::process::Stdio::null());
    let deadline = Instant::now() + Duration::from_secs(60);
    while registry.sent() < registry.layers / 2 {
        assert!(Instant::now() < deadline, "half of it never came");
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    cluster.assert_nothing_registered();
    let _ = upload(&environment, &source, &[]).success();
    let saved = from_file(&image, image.saved(&["lab/tool:1"]));
    assert_eq!(cluster.only_collection()["portable_data_hash"], saved);
}

#[test]
fn what_a_registry_does_wrong_is_told_and_nothing_is_registered() {
    let limited = vec![
        ("Retry-After", "0".to_owned()),
        ("ratelimit-limit", "100;w=21600".to_owned()),
        ("ratelimit-remaining", "0;w=21600".to_owned()),
    ];
    let demand = vec![("WWW-Authenticate", "Basic realm=\"r\"".to_owned())];
    let image = Made::of(&[(1, 2 * MIB)]);
    let config = image.id();
    for (part, deed, code, words) in [
        (
            "/manifests/",
            Deed::Status(404, Vec::new()),
            4,
            "lab/tool:1",
        ),
        (
            "/manifests/",
            Deed::Status(429, limited),
            1,
            "0 of 100 requests for manifests are left",
        ),
        (
            "/manifests/",
            Deed::Status(401, demand),
            1,
            "refuses access to `lab/tool`",
        ),
        (
            "/manifests/",
            Deed::Body(b"{}".to_vec()),
            1,
            "names no config",
        ),
        (&*config, Deed::Garble(4), 1, "what came has the digest"),
        // The name is there: what lacks is the registry's fault.
        (
            &*config,
            Deed::Status(404, Vec::new()),
            1,
            "though the image names it",
        ),
        (
            "/blobs/",
            Deed::Status(404, Vec::new()),
            1,
            "though the image names it",
        ),
        // The time in a compressed layer's header: only the digest of what came tells.
        (
            "/blobs/",
            Deed::Garble(4),
            1,
            "is promised by the image's manifest",
        ),
    ] {
        let (part, is_layer, id) = (part.to_owned(), part == "/blobs/", config.clone());
        let registry = FaultyRegistry::serve(&image, move |asked| {
            let is_meant = asked.path.contains(&part) && !(is_layer && asked.path.contains(&id));
            is_meant.then(|| deed.clone())
        });
        let cluster = Cluster::start();
        let environment = Environment::on(&cluster);
        let output = upload(
            &environment,
            &registry.source("lab/tool:1"),
            &["--retries", "1"],
        );
        assert!(output.failure(code).contains(words), "{words}: {output}");
        output.assert_told_to_people(&[&cluster.token()]);
        cluster.assert_nothing_registered();
    }
}

#[test]
fn only_the_platform_that_is_meant_is_asked_for() {
    let image = image();
    let registry = FaultyRegistry::serve(&image, |_| None);
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let source = registry.source("lab/tool:index");
    let output = upload(&environment, &source, &["--platform", "linux/s390x"]);
    let told = output.failure(4);
    assert!(
        told.contains("linux/amd64") && told.contains("linux/arm64"),
        "{output}"
    );
    assert_eq!(registry.asked("/manifests/").len(), 1);
    assert!(registry.asked("/blobs/").is_empty());
    let _ = upload(&environment, &source, &[]).success();
    assert_eq!(
        registry.asked("/manifests/").len(),
        3,
        "the index twice, and one manifest"
    );
}

/// Writes a helper that does this, and a login file that names it.
fn helper(environment: &mut Environment, script: &str) {
    add_helper(environment, script);
    let docker = environment.home().join(".docker");
    fs::create_dir_all(&docker).unwrap();
    fs::write(docker.join("config.json"), r#"{"credsStore":"lab"}"#).unwrap();
}

/// Writes a helper named `lab` that does this.
pub(super) fn add_helper(environment: &mut Environment, script: &str) {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = environment.home().join("bin");
    fs::create_dir_all(&folder).unwrap();
    let program = folder.join("docker-credential-lab");
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!(
        "{}:{}",
        folder.display(),
        environment.variable("PATH").to_str().unwrap()
    );
    environment.set("PATH", path);
}

#[test]
fn a_helper_knows_the_login_and_one_that_hangs_is_ended() {
    let image = image();
    let registry = FaultyRegistry::serve(&image, |asked| {
        // me:s3cr3tword
        let is_known = asked.header("authorization") == Some("Basic bWU6czNjcjN0d29yZA==");
        let demand = || vec![("WWW-Authenticate", "Basic realm=\"r\"".to_owned())];
        (!is_known).then(|| Deed::Status(401, demand()))
    });
    let answer = "read server; echo \"asked for $server\" >&2; \
        printf '{\"ServerURL\":\"x\",\"Username\":\"me\",\"Secret\":\"s3cr3tword\"}'";
    for (script, expected) in [
        (answer, None),
        (
            "echo 'credentials not found in native keychain'; exit 1",
            Some("refuses access"),
        ),
        (
            "echo 'the vault is locked'; exit 1",
            Some("the vault is locked"),
        ),
        ("exec sleep 600", Some("has not answered within 1 s")),
        ("yes", Some("answered more than")),
    ] {
        let cluster = Cluster::start();
        let mut environment = Environment::on(&cluster);
        let hangs = script.contains("sleep");
        environment.set("KEEPDOCKER_HELPER_TIMEOUT", if hangs { "1s" } else { "1m" });
        helper(&mut environment, script);
        let began = Instant::now();
        let output = upload(&environment, &registry.source("lab/tool:1"), &[]);
        match expected {
            None => {
                let _ = output.success();
                let host = format!("asked for {}", registry.host());
                assert!(output.stderr.contains(&host), "{output}");
            }
            Some(words) => {
                assert!(output.failure(1).contains(words), "{output}");
                assert!(began.elapsed() < Duration::from_secs(30), "{output}");
                cluster.assert_nothing_registered();
            }
        }
        assert!(!output.stderr.contains("s3cr3tword"), "{output}");
    }
}

/// Writes a policy with these rules, and returns the words that name it.
fn policy(environment: &Environment, rules: &str) -> String {
    let file = environment.home().join("policy.toml");
    let text = format!("schema = \"keepdocker.policy/1\"\n{rules}\n");
    fs::write(&file, text).unwrap();
    file.display().to_string()
}

#[test]
fn a_policy_says_which_images_may_come_from_where() {
    let image = image();
    let registry = FaultyRegistry::serve(&image, |_| None);
    let rest = "[[allow]]\nid = \"rest\"\nverbs = [\"log.*\", \"archives.*\", \"locks.*\", \"keep.*\", \"cluster.*\", \"users.*\", \"projects.*\", \"links.*\", \"collections.*\"]\nreason = \"r\"\n";
    let here = registry.host();
    for (rules, withheld) in [
        (format!("[[allow]]\nid = \"r\"\nverbs = [\"registry.*\"]\nrepositories = [\"{here}/**\"]\nreason = \"r\"\n"), None),
        ("[[allow]]\nid = \"r\"\nverbs = [\"registry.*\"]\nrepositories = [\"quay.io/**\"]\nreason = \"r\"\n".to_owned(), Some("registry.resolve")),
        (
            "[[allow]]\nid = \"r\"\nverbs = [\"registry.resolve\"]\nreason = \"r\"\n[[allow]]\nid = \"f\"\nverbs = [\"registry.fetch\"]\nplatforms = [\"linux/arm64\"]\nreason = \"r\"\n".to_owned(),
            Some("registry.fetch"),
        ),
        ("limits.registry-bytes = \"1MiB\"\n[[allow]]\nid = \"r\"\nverbs = [\"registry.*\"]\nreason = \"r\"\n".to_owned(), Some("limits.registry-bytes")),
    ] {
        let cluster = Cluster::start();
        let environment = Environment::on(&cluster);
        let file = policy(&environment, &format!("{rules}{rest}"));
        let before = registry.asked("").len();
        let source = registry.source("lab/tool:index");
        let output = environment.keepdocker(&["--policy", &file, "upload", "--from", &source]);
        match withheld {
            None => {
                let _ = output.success();
            }
            Some(words) => {
                assert!(output.failure(3).contains(words), "{output}");
                cluster.assert_nothing_registered();
                let asked = registry.asked("").len() - before;
                assert!(words != "registry.resolve" || asked == 0, "{output}");
            }
        }
    }
}

/// What an index says of the platform is a hint.
#[test]
fn an_index_that_lies_about_the_platform_is_told_and_deceives_no_policy() {
    let image = image();
    let registry = FaultyRegistry::serve(&image, |_| None);
    let source = registry.source("lab/tool:lie");
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let lied = "linux/arm64, and the image itself that it is for linux/amd64";
    let output = upload(&environment, &source, &["lab/tool:lie"]);
    assert!(output.stderr.contains(lied), "{output}");
    let _ = output.success();

    for (rule, is_allowed) in [
        ("platforms = [\"linux/arm64\"]", false),
        ("platforms = [\"linux/arm64\", \"linux/amd64\"]", true),
    ] {
        let cluster = Cluster::start();
        let environment = Environment::on(&cluster);
        let rest = "verbs = [\"log.*\", \"archives.*\", \"locks.*\", \"keep.*\", \"cluster.*\", \"users.*\", \"projects.*\", \"links.*\", \"collections.*\", \"registry.resolve\"]";
        let rules = format!(
            "[[allow]]\nid = \"f\"\nverbs = [\"registry.fetch\"]\n{rule}\nreason = \"r\"\n[[allow]]\nid = \"rest\"\n{rest}\nreason = \"r\"\n"
        );
        let file = policy(&environment, &rules);
        let output = environment.keepdocker(&["--policy", &file, "upload", "--from", &source]);
        if is_allowed {
            let _ = output.success();
        } else {
            assert!(output.failure(3).contains("linux/amd64"), "{output}");
            cluster.assert_nothing_registered();
        }
    }
}

#[test]
fn each_request_is_in_the_log_and_the_run_can_be_replayed() {
    let image = image();
    let registry = FaultyRegistry::serve(&image, |_| None);
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let _ = upload(&environment, &registry.source("lab/tool:index"), &[]).success();
    let exported = environment
        .keepdocker(&["audit", "export", "last"])
        .success();
    for path in [
        "manifests/index",
        &format!("manifests/{}", registry.manifest),
        &format!("blobs/{}", image.id()),
    ] {
        let url = format!("http://{}/v2/lab/tool/{path}", registry.host());
        assert!(exported.contains(&url), "{path} is not in {exported}");
    }
    assert_eq!(exported.matches("/v2/lab/tool/blobs/").count(), 1 + 3);
    let shown = environment.keepdocker(&["audit", "show", "last"]).success();
    assert!(
        shown.contains("registry.fetch") && shown.contains("/v2/lab/tool/manifests/index: 200"),
        "{shown}"
    );
    let _ = environment
        .keepdocker(&["audit", "verify", "last"])
        .success();
    let _ = environment
        .keepdocker(&["audit", "replay", "last"])
        .success();
}

#[test]
fn an_image_of_a_registry_can_be_planned() {
    let image = image();
    let registry = FaultyRegistry::serve(&image, |_| None);
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let plan = environment.home().join("plan.json");
    let plan = plan.to_str().unwrap();
    let source = registry.source("lab/tool:1");
    let _ = environment
        .keepdocker(&["plan", "--from", &source, "-o", plan])
        .success();
    cluster.assert_nothing_registered();
    let _ = environment.keepdocker(&["apply", plan]).success();
    assert_eq!(
        cluster.only_collection()["properties"]["arv:docker-config-digest"],
        image.id()
    );
}

#[test]
fn where_there_is_no_engine_the_registry_is_named() {
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let output = environment.keepdocker(&["upload", "quay.io/lab/absent:1"]);
    assert!(output.failure(1).contains("--from docker://"), "{output}");
    let output = upload(&environment, "docker://", &[]);
    assert!(output.failure(2).contains("docker://IMAGE"), "{output}");
    let _ = upload(&environment, "docker://Not/A/Name", &[]).failure(2);
}
