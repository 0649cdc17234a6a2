//! Projects that are called by their names, in every command that takes one.

use serde_json::{Value, json};

use crate::support::{Cluster, Environment, data};

const GENOMICS: &str = "kdbox-j7d0g-genomics0000000";
const IMAGES: &str = "kdbox-j7d0g-images000000000";
const OTHER: &str = "kdbox-j7d0g-other0000000000";
const OTHERS_IMAGES: &str = "kdbox-j7d0g-othersimages000";
const SLASHED: &str = "kdbox-j7d0g-slashed00000000";

/// A cluster where two projects are called `Images`, and one of them is in `Genomics`.
fn ground() -> (Cluster, Environment) {
    let cluster = Cluster::start();
    let user = cluster.user_uuid();
    let project = |uuid: &str, owner: &str, name: &str| json!({ "uuid": uuid, "owner_uuid": owner, "name": name, "group_class": "project" });
    cluster
        .seed()
        .groups(&[
            project(GENOMICS, &user, "Genomics"),
            project(IMAGES, GENOMICS, "Images"),
            project(OTHER, &user, "Other"),
            project(OTHERS_IMAGES, OTHER, "Images"),
            project(SLASHED, &user, "in/out"),
        ])
        .unwrap();
    let environment = Environment::on(&cluster);
    (cluster, environment)
}

/// Uploads an image into a project, and returns who owns the collection.
fn uploaded_to(cluster: &Cluster, environment: &Environment, project: &str) -> Value {
    let archive = format!("docker-archive:{}", data("tiny-docker20.10.tar").display());
    let words = [
        "upload",
        "--from",
        &archive,
        "lab/tool:1",
        "--project",
        project,
    ];
    let collection = environment.keepdocker(&words).success();
    let all = cluster.collections();
    let made = all
        .iter()
        .find(|made| made["uuid"] == collection.trim())
        .unwrap();
    made["owner_uuid"].clone()
}

#[test]
fn a_name_or_a_path_stands_for_the_uuid_of_a_project() {
    for (text, uuid) in [
        ("Genomics", GENOMICS),
        ("Genomics/Images", IMAGES),
        ("Other/Images", OTHERS_IMAGES),
        ("in/out", SLASHED),
        (OTHER, OTHER),
    ] {
        let (cluster, environment) = ground();
        assert_eq!(uploaded_to(&cluster, &environment, text), uuid, "{text}");
    }
}

#[test]
fn every_command_takes_a_name_and_the_older_option_too() {
    let (cluster, environment) = ground();
    uploaded_to(&cluster, &environment, "Genomics/Images");
    let told = |words: &[&str]| environment.keepdocker(words).success();

    for option in ["--project", "--project-uuid"] {
        let listed = told(&["images", option, "Genomics/Images"]);
        assert!(listed.contains("lab/tool"), "{listed}");
        let listed = told(&["images", option, "Other/Images"]);
        assert!(!listed.contains("lab/tool"), "{listed}");
    }
    let copied = told(&["copy", "lab/tool:1", "--project", "Other/Images", "--json"]);
    let copied: Value = serde_json::from_str(&copied).unwrap();
    assert_eq!(copied["outcome"], "registered");
    assert!(told(&["images", "--project", "Other/Images"]).contains("lab/tool"));
    let collection = copied["collection"].as_str().unwrap();
    told(&["adopt", collection, "lab/more:1", "--project", "Genomics"]);
    assert!(told(&["images", "--project", "Genomics"]).contains("lab/more"));
    told(&["repair", "lab/tool:1", "--project", "Other/Images"]);
}

#[test]
fn whose_project_a_name_leads_to_is_told_before_it_is_used() {
    const STRANGER: &str = "kdbox-tpzed-stranger0000000";
    const SHARED: &str = "kdbox-j7d0g-shared000000000";
    const BELOW: &str = "kdbox-j7d0g-below0000000000";
    const THEIRS: &str = "kdbox-j7d0g-theirs000000000";
    let (cluster, environment) = ground();
    let project = |uuid: &str, owner: &str, name: &str| json!({ "uuid": uuid, "owner_uuid": owner, "name": name, "group_class": "project" });
    cluster
        .seed()
        .user(Some(STRANGER), "mallory", false)
        .unwrap();
    cluster
        .seed()
        .groups(&[
            // What others share is called as one likes.
            project(SHARED, STRANGER, "Genomics"),
            project(BELOW, SHARED, "Below"),
            project(THEIRS, STRANGER, "Images"),
        ])
        .unwrap();
    let user = cluster.user_uuid();
    for shared in [SHARED, THEIRS] {
        cluster.seed().share(&user, "can_write", shared).unwrap();
    }
    let listed = |name: &str| environment.keepdocker(&["images", "--project", name]);
    for (name, words) in [
        (
            "Genomics",
            format!(
                "project `Genomics` is {GENOMICS}, which is your own; another one that you can see is called so"
            ),
        ),
        (
            "Genomics/Images",
            format!("project `Genomics/Images` is {IMAGES}, which is your own"),
        ),
        (
            "Below",
            format!("project `Below` is {BELOW}, which belongs to mallory ({STRANGER})"),
        ),
    ] {
        let output = listed(name);
        let _ = output.success();
        let said = output.stderr.replace("\n", " ");
        assert!(said.contains(&words), "{words}: {output}");
    }
    // Two of one's own are as ambiguous as ever.
    assert!(
        listed("Images")
            .failure(2)
            .contains("3 projects are called")
    );
    // What is stored goes to one's own.
    assert_eq!(uploaded_to(&cluster, &environment, "Genomics"), GENOMICS);
    // Nobody knows who stands above what cannot be read.
    let orphan = "kdbox-j7d0g-orphan000000000";
    cluster
        .seed()
        .groups(&[
            project("kdbox-j7d0g-hidden000000000", STRANGER, "Hidden"),
            project(orphan, "kdbox-j7d0g-hidden000000000", "Orphan"),
        ])
        .unwrap();
    cluster.seed().share(&user, "can_read", orphan).unwrap();
    let output = listed("Orphan");
    let _ = output.success();
    assert!(
        output.stderr.contains("does not see whose it is"),
        "{output}"
    );
}

#[test]
fn a_plan_has_the_uuid() {
    let (_cluster, environment) = ground();
    let plan = environment.home().join("plan.json");
    let plan = plan.to_str().unwrap();
    let archive = format!("docker-archive:{}", data("tiny-docker20.10.tar").display());
    let words = [
        "plan",
        "--from",
        &archive,
        "--project",
        "Genomics/Images",
        "-o",
        plan,
    ];
    let _ = environment.keepdocker(&words).success();
    let text = std::fs::read_to_string(plan).unwrap();
    let plan_of: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(plan_of["request"]["project_uuid"], IMAGES, "{text}");
    let _ = environment.keepdocker(&["apply", plan]).success();
}

#[test]
fn a_name_of_several_projects_or_of_none_is_told_before_anything_is_sent() {
    let (cluster, environment) = ground();
    let archive = format!("docker-archive:{}", data("tiny-docker20.10.tar").display());
    let upload = |project: &str| {
        let words = ["upload", "--from", &archive, "--project", project];
        environment.keepdocker(&words)
    };
    let several = upload("Images");
    let said = several.failure(2);
    for words in [
        "2 projects are called `Images`; nothing was sent",
        &format!("{IMAGES}, in Genomics ({GENOMICS})"),
        &format!("{OTHERS_IMAGES}, in Other ({OTHER})"),
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let none = upload("genomics");
    let said = none.failure(2);
    for words in [
        "there is no project `genomics`, or",
        &format!("did you mean `Genomics` ({GENOMICS})?"),
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert_eq!(cluster.log().blocks_written(), 0);
    cluster.assert_nothing_registered();

    // An image that is there already does not change that.
    uploaded_to(&cluster, &environment, "Genomics");
    cluster.log().clear();
    assert!(upload("nonsense").failure(2).contains("`nonsense`"));
    assert_eq!(cluster.log().count("POST", "/"), 0);
}

#[test]
fn a_listing_of_a_project_that_is_none_says_so() {
    let (_cluster, environment) = ground();
    let absent = "kdbox-j7d0g-absent000000000";
    let output = environment.keepdocker(&["images", "--project", absent]);
    let _ = output.success();
    let words = format!("there is no project {absent}, or");
    assert!(output.stderr.contains(&words), "{output}");
    let output = environment.keepdocker(&["images", "--project", GENOMICS]);
    let words = format!("project {GENOMICS} has no images");
    assert!(output.stderr.contains(&words), "{output}");
}
