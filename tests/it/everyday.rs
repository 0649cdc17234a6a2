//! What people do every day: long listings, several images at once, plans in files.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Account, Cluster, Environment, Made, data};

#[test]
fn a_long_listing_tells_size_and_owner_in_few_requests() {
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let user = cluster.user_uuid();
    let project = "kdbox-j7d0g-images000000000";
    cluster
        .seed()
        .groups(&[json!({ "uuid": project, "owner_uuid": user, "name": "Images", "group_class": "project" })])
        .unwrap();
    let archives = [
        ("hello-world-ManifestV2.tar", "lab/small:1", project),
        ("tiny-docker20.10.tar", "lab/other:1", &*user),
    ];
    for (file, name, owner) in archives {
        let archive = format!("docker-archive:{}", data(file).display());
        let words = ["upload", "--from", &archive, name, "--project", owner];
        let _ = environment.keepdocker(&words).success();
    }
    let sizes: Vec<u64> = cluster
        .collections()
        .iter()
        .map(|collection| collection["file_size_total"].as_u64().unwrap())
        .collect();
    cluster.log().clear();
    let listed = environment.keepdocker(&["images", "--long", "--json", "--sort=size"]);
    let listed: Value = serde_json::from_str(listed.success().trim()).unwrap();
    let images = listed["images"].as_array().unwrap();
    assert_eq!(listed["schema"], "keepdocker.images/1");
    assert_eq!(images[0]["size"].as_u64(), sizes.iter().copied().max());
    let of = |name: &str| {
        images
            .iter()
            .find(|image| image["repository"] == name)
            .unwrap()
    };
    assert_eq!(of("lab/small")["owner"], project);
    assert_eq!(of("lab/small")["owner_name"], "Images");
    assert_eq!(of("lab/other")["owner"], *user);
    assert_eq!(
        of("lab/other")["chosen"],
        Value::Null,
        "no other row has the name"
    );
    for (kind, most) in [("/collections", 2), ("/groups", 1), ("/users", 1)] {
        let count = cluster.log().count("GET", kind);
        assert!(count <= most, "{kind}: {count}");
    }

    let told = |words: &[&str]| environment.keepdocker(words).success();
    // The platform is what the upload noted, and what the image itself says.
    for name in ["lab/small", "lab/other"] {
        let platform = of(name)["platform"].as_str().unwrap();
        let template = ["inspect", &format!("{name}:1"), "--format", "{{.Platform}}"];
        assert_eq!(told(&template).trim(), platform);
        assert!(platform.starts_with("linux/"), "{platform}");
    }
    let table = told(&["images", "--long"]);
    let heading = table.lines().next().unwrap();
    assert!(
        heading.contains("SIZE") && heading.contains("PLATFORM"),
        "{table}"
    );
    assert!(table.contains("KiB") && table.contains("Images"), "{table}");
    let line = told(&[
        "images",
        "lab/small",
        "--format",
        "{{.OwnerName}} {{.Size}}",
    ]);
    assert!(line.starts_with("Images "), "{line}");
    // One name on two rows: what is chosen is what `resolve` says.
    let archive = format!("docker-archive:{}", data(archives[0].0).display());
    let _ = told(&[
        "upload",
        "--from",
        &archive,
        "lab/other:1",
        "--project",
        project,
    ]);
    let listed = told(&["images", "lab/other", "--long", "--json"]);
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let rows = listed["images"].as_array().unwrap();
    let resolved = told(&["resolve", "lab/other:1"]);
    assert_eq!(rows.len(), 2, "{listed}");
    for row in rows {
        assert_eq!(
            row["chosen"],
            row["collection"] == resolved.trim(),
            "{listed}"
        );
    }
    let table = told(&["images", "lab/other", "--long"]);
    assert!(table.contains("CHOSEN"), "{table}");
    assert_eq!(table.matches(" yes\n").count(), 1, "{table}");

    let ids = told(&["images", "--ids"]);
    assert_eq!(ids.lines().count(), 2, "{ids}");
    assert!(ids.lines().all(|id| id.len() == 71), "{ids}");
    assert_eq!(told(&["images", "-q"]), ids);
    let long = told(&["images", "-q", "--long"]);
    assert!(long.contains("PLATFORM"), "{long}");
}

#[test]
fn what_tells_no_platform_shows_none() {
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let account = Account::usual(&cluster);
    let image = Made::of(&[(1, 100)]);
    let saved = image.saved(&["lab/tool:1"]);
    for (number, said) in [
        Value::Null,
        json!("linux/arm64/v8"),
        json!("linux"),
        json!(["linux/amd64"]),
        json!("a/b/c/d"),
        json!(format!("linux/{}", "x".repeat(100))),
    ]
    .into_iter()
    .enumerate()
    {
        let file = (image.file(), saved.clone());
        let told = json!({"arv:docker-platform": said});
        let collection = account.collect(account.uuid(), &[(&file.0, &file.1)], told);
        account.make(
            "links",
            json!({"link_class": "docker_image_repo+tag", "name": format!("lab/n{number}:1"),
                "head_uuid": collection, "owner_uuid": account.uuid(), "properties": {}}),
        );
    }
    let template = "{{.Repository}} [{{.Platform}}]";
    let words = ["images", "--sort", "name", "--format", template];
    assert_eq!(
        environment.keepdocker(&words).success(),
        "lab/n0 []\nlab/n1 [linux/arm64/v8]\nlab/n2 []\nlab/n3 []\nlab/n4 []\nlab/n5 []\n"
    );
}

#[test]
fn several_images_are_uploaded_whatever_becomes_of_one() {
    let cluster = Cluster::start();
    let mut environment = Environment::on(&cluster);
    environment.set("KEEPDOCKER_ENGINE", "no-such-engine");
    let archive = |number: u64, name: &str| {
        let file = environment.home().join(format!("{number}.tar"));
        fs::write(&file, Made::of(&[(number, 100)]).saved(&[name])).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let (first, last) = (archive(1, "lab/a:1"), archive(2, "lab/b:1"));
    // There is no engine that could have the first.
    let words = ["upload", "lab/none:1", &first, &last];
    let output = environment.keepdocker(&words);
    let said = output.failure(1);
    assert_eq!(output.stdout().lines().count(), 2, "{output}");
    for words in [
        "lab/a:1 was uploaded",
        "lab/b:1 was uploaded",
        "the program `no-such-engine` was not found",
        "1 of 3 images failed: `lab/none:1`",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert_eq!(cluster.collections().len(), 2);

    // As JSON it is an object for each.
    let output = environment.keepdocker(&["upload", &first, &last, "--json"]);
    let lines = output.success();
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2, "{output}");
    assert!(lines.iter().all(|line| line["outcome"] == "present"));

    // Behind an image a word may be its tag, behind a file its name: nobody gets what they did not mean.
    for words in [
        &["upload", "lab/tool", "1.2", "lab/other:1"][..],
        &["upload", &first, "lab/none:1", &last],
    ] {
        let output = environment.keepdocker(words);
        let said = output.failure(2);
        assert!(said.contains("may be an image of its own"), "{output}");
    }
    assert_eq!(cluster.collections().len(), 2);

    let output = environment.keepdocker(&["upload", &first, &last, "--name=x"]);
    assert!(output.failure(2).contains("`--name` is for one image"));
}

#[test]
fn a_plan_is_not_saved_to_a_file_that_means_standard_output() {
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let archive = format!("docker-archive:{}", data("tiny-docker20.10.tar").display());
    for words in [
        &["plan", "--from", &archive, "-o", "-"][..],
        &["upload", "--from", &archive, "--dry-run", "-o", "-"],
        &["tag", "lab/a:1", "lab/b:1", "--dry-run", "-o", "-"],
    ] {
        let output = environment.keepdocker(words);
        assert!(
            output.failure(2).contains("`-` stands for standard output"),
            "{output}"
        );
    }
    assert_eq!(cluster.log().entries().len(), 0);
}
