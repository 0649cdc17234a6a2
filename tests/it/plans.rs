//! `upload --dry-run` and `apply`: what is planned is what is written, and nothing else.

use std::fs;

use serde_json::Value;

use crate::support::{Cluster, Environment, data};

/// An environment on a cluster, with an archive to upload and a place for the plan.
struct Desk {
    cluster: Cluster,
    environment: Environment,
    archive: String,
    plan: String,
}

impl Desk {
    fn new() -> Self {
        let cluster = Cluster::start();
        let environment = Environment::on(&cluster);
        let archive = environment.home().join("image.tar");
        fs::copy(data("tiny-docker20.10.tar"), &archive).unwrap();
        Self {
            plan: environment.home().join("plan.json").display().to_string(),
            archive: format!("docker-archive:{}", archive.display()),
            cluster,
            environment,
        }
    }

    /// Makes a plan, and returns it.
    fn plan(&self) -> Value {
        let printed = self
            .environment
            .keepdocker(&[
                "upload",
                "--from",
                &self.archive,
                "--dry-run",
                "-o",
                &self.plan,
                "--json",
            ])
            .success();
        assert_eq!(printed, fs::read_to_string(&self.plan).unwrap());
        serde_json::from_str(&printed).unwrap()
    }
}

#[test]
fn a_dry_run_writes_nothing_and_tells_what_would_be_written() {
    let desk = Desk::new();

    let printed = desk
        .environment
        .keepdocker(&["upload", "--from", &desk.archive, "--dry-run"])
        .success();

    for line in [
        "+ store image sha256:70a7460c1d52",
        "+ create collection `",
        "+ create link docker_image_hash `sha256:70a7460c1d52",
        "+ create link docker_image_repo+tag `",
    ] {
        assert!(printed.contains(line), "{line} is not in:\n{printed}");
    }
    let last = printed.lines().last().unwrap();
    assert!(last.ends_with(" to send, 0 B in Keep already"), "{printed}");
    desk.cluster.assert_nothing_registered();
    assert_eq!(desk.cluster.log().blocks_written(), 0);

    // The verb of its own tells the same.
    let planned = desk
        .environment
        .keepdocker(&["plan", "--from", &desk.archive])
        .success();
    assert_eq!(planned, printed);
    desk.cluster.assert_nothing_registered();
    let arguments = ["upload", "--from", &desk.archive, "-o", &desk.plan];
    let refused = desk.environment.keepdocker(&arguments);
    let refused = refused.failure(2);
    assert!(refused.contains("keepdocker plan"), "{refused}");
    desk.cluster.assert_nothing_registered();
}

#[test]
fn what_is_applied_is_what_was_planned() {
    let desk = Desk::new();
    let plan = desk.plan();
    desk.cluster.assert_nothing_registered();

    let uploaded = desk
        .environment
        .keepdocker(&["apply", &desk.plan, "--json"])
        .success();

    let uploaded: Value = serde_json::from_str(&uploaded).unwrap();
    let collection = desk.cluster.only_collection();
    assert_eq!(uploaded["collection"], collection["uuid"]);
    let steps = plan["steps"].as_array().unwrap();
    let verbs: Vec<&str> = steps
        .iter()
        .map(|step| step["verb"].as_str().unwrap())
        .collect();
    assert_eq!(
        verbs,
        [
            "keep.store",
            "collections.create",
            "links.create",
            "links.create",
            "archives.forget"
        ]
    );
    assert_eq!(steps[0]["image"], uploaded["image"]);
    assert_eq!(
        steps[1]["portable_data_hash"],
        collection["portable_data_hash"]
    );
    assert_eq!(steps[1]["name"], collection["name"]);
    assert_eq!(steps[1]["properties"], collection["properties"]);
    for step in &steps[2..4] {
        let links = desk.cluster.links_of(step["class"].as_str().unwrap());
        assert_eq!(links.len(), 1);
        assert_eq!(links[0]["name"], step["name"]);
        assert_eq!(links[0]["properties"], step["properties"]);
        assert_eq!(links[0]["head_uuid"], collection["uuid"]);
    }

    // A second time there is nothing left to do.
    let again = desk.environment.keepdocker(&["apply", &desk.plan]);
    assert_eq!(again.success().trim(), collection["uuid"]);
    assert!(again.stderr.contains("carried out already"), "{again}");
    assert_eq!(desk.cluster.only_collection(), collection);
    let printed = desk
        .environment
        .keepdocker(&["upload", "--from", &desk.archive, "--dry-run"])
        .success();
    assert_eq!(printed, "nothing to do: the project has the image\n");
}

#[test]
fn a_plan_is_refused_once_the_image_or_the_cluster_is_another() {
    let desk = Desk::new();
    desk.plan();
    let archive = desk.environment.home().join("image.tar");
    fs::copy(data("hello-world-ManifestV2.tar"), &archive).unwrap();
    let changed = desk.environment.keepdocker(&["apply", &desk.plan]);
    let said = changed.failure(11);
    assert!(
        said.contains("planned: store image sha256:70a7460c1d52")
            && said.contains("now:     store image sha256:d2c94e258dcb"),
        "{said}"
    );
    desk.cluster.assert_nothing_registered();

    fs::copy(data("tiny-docker20.10.tar"), &archive).unwrap();
    let text = fs::read_to_string(&desk.plan).unwrap();
    for (from, to, code, words) in [
        (
            "\"cluster\":\"",
            "\"cluster\":\"x",
            11,
            "the plan is for cluster x",
        ),
        (
            "\"component\":\"",
            "\"component\":\"x",
            11,
            "the plan is for component x",
        ),
        ("\"force\":false", "\"force\":1", 1, "its `request` is none"),
        (
            "\"force\":false",
            "\"farce\":false",
            1,
            "unknown field `farce`",
        ),
        (
            "keepdocker.plan/1",
            "keepdocker.plan/9",
            1,
            "not a plan that this program understands",
        ),
        (
            "docker_image_hash",
            "docker_image_hush",
            11,
            "changed since the plan was made",
        ),
    ] {
        assert!(text.contains(from), "{from} is not in {text}");
        fs::write(&desk.plan, text.replace(from, to)).unwrap();
        let refused = desk.environment.keepdocker(&["apply", &desk.plan]);
        let said = refused.failure(code);
        assert!(said.contains(words), "{words}: {said}");
    }
    desk.cluster.assert_nothing_registered();

    fs::write(&desk.plan, &text).unwrap();
    // Somebody else registers the image meanwhile: nothing is left to do.
    desk.environment
        .keepdocker(&["upload", "--from", &desk.archive])
        .success();
    let before = (desk.cluster.collections(), desk.cluster.links());
    let _ = desk
        .environment
        .keepdocker(&["apply", &desk.plan])
        .success();
    assert_eq!((desk.cluster.collections(), desk.cluster.links()), before);
}

#[test]
fn a_plan_is_not_made_of_what_can_be_read_once_and_bows_to_the_policy() {
    let desk = Desk::new();
    let piped =
        desk.environment
            .keepdocker(&["upload", "--from", "-", "--dry-run", "-o", &desk.plan]);
    assert!(piped.failure(2).contains("read only once"));

    let policy = desk.environment.home().join("policy.toml");
    fs::write(
        &policy,
        "schema = \"keepdocker.policy/1\"\n[[allow]]\nid = \"all\"\nverbs = [\"*\"]\nreason = \"t\"\n\
         [[deny]]\nid = \"frozen\"\nverbs = [\"links.create\"]\nreason = \"t\"\n",
    )
    .unwrap();
    let denied = desk.environment.keepdocker(&[
        "--policy",
        policy.to_str().unwrap(),
        "upload",
        "--from",
        &desk.archive,
        "--dry-run",
    ]);
    assert!(denied.failure(3).contains("rule frozen"));
    desk.cluster.assert_nothing_registered();
}

#[test]
fn a_further_name_is_planned_and_told_unless_somebody_was_quicker() {
    let desk = Desk::new();
    let upload = |name: &str| {
        let arguments = ["upload", "--from", &desk.archive, name];
        desk.environment.keepdocker(&arguments).success()
    };
    let told = || desk.cluster.only_collection()["properties"]["docker-image-repo-tag"].clone();
    upload("lab/tool:1");
    assert_eq!(told(), "lab/tool:1");
    let uuid = desk.cluster.only_collection()["uuid"].clone();

    let arguments = [
        "plan",
        "--from",
        &desk.archive,
        "lab/tool:2",
        "-o",
        &desk.plan,
    ];
    let printed = desk.environment.keepdocker(&arguments).success();
    let line = format!(
        "~ have collection {} tell its names: [\"lab/tool:1\",\"lab/tool:2\"]\n",
        uuid.as_str().unwrap()
    );
    assert!(printed.contains(&line), "{printed}");
    assert_eq!(told(), "lab/tool:1");
    let plan: Value = serde_json::from_str(&fs::read_to_string(&desk.plan).unwrap()).unwrap();
    let step = serde_json::json!({
        "verb": "collections.update", "collection": uuid, "owner": null,
        "repo_tag": ["lab/tool:1", "lab/tool:2"],
    });
    assert!(plan["steps"].as_array().unwrap().contains(&step), "{plan}");

    desk.environment
        .keepdocker(&["apply", &desk.plan])
        .success();
    assert_eq!(told(), serde_json::json!(["lab/tool:1", "lab/tool:2"]));

    // Somebody adds a name after the plan for a third one was made.
    let late = format!("{}.late", desk.plan);
    let arguments = ["plan", "--from", &desk.archive, "lab/tool:3", "-o", &late];
    desk.environment.keepdocker(&arguments).success();
    upload("lab/other:1");
    let names = serde_json::json!(["lab/tool:1", "lab/tool:2", "lab/other:1"]);
    let refused = desk.environment.keepdocker(&["apply", &late]);
    let said = refused.failure(11);
    assert!(
        said.contains(
            "tell its names: [\"lab/tool:1\",\"lab/tool:2\",\"lab/other:1\",\"lab/tool:3\"]"
        ),
        "{said}"
    );
    assert_eq!(told(), names);
}
