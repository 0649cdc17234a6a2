//! All that is known of an image.

use keepdocker_sandbox::damage::Damage;

use super::*;
use crate::support::{digest, tar_of};

/// Writes of a terminal's own, and of those who show text.
const HOSTILE: &str = "\u{1b}[2J\u{202e}title";

/// Two images on a common base of more than a block's least size, with everything in their configs that people ask for.
fn family() -> [Made; 2] {
    [1, 2].map(|number: u64| {
        let mut made = Made::of(&[(500, 1_200_000), (500 + number, 2000)]);
        let diff_ids = made.diff_ids();
        made.config = json!({
            "architecture": "arm64", "variant": "v8", "os": "linux", "created": Made::BUILT,
            "config": {
                "Entrypoint": ["/opt/tool", "--fast"], "Cmd": [format!("{number}")], "User": "nobody:nogroup",
                "WorkingDir": "/data", "Env": ["PATH=/bin", format!("HOSTILE={HOSTILE}")],
                "Labels": {"org.example.title": HOSTILE, "number": format!("{number}")},
            },
            "history": [
                {"created": "2025-12-01T00:00:00Z", "created_by": "ADD base"},
                {"created": "2025-12-02T00:00:00Z", "created_by": "ENV PATH=/bin", "empty_layer": true},
                {"created": Made::BUILT, "created_by": format!("RUN {HOSTILE}")},
            ],
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        })
        .to_string();
        made
    })
}

fn upload(ground: &Ground, made: &Made, name: &str) -> String {
    let path = ground.environment.home().join("family.tar");
    fs::write(&path, made.saved(&[name])).unwrap();
    let from = format!("docker-archive:{}", path.display());
    let printed = ground.environment.keepdocker(&["upload", "--from", &from]);
    printed.success().trim().to_owned()
}

#[test]
fn an_image_is_told_from_its_config_to_who_reads_it() {
    let ground = Ground::new();
    let [made, _] = family();
    let uuid = upload(&ground, &made, "lab/family:1");
    let account = Account::usual(&ground.cluster);
    let project = account.make_project("Genomics");
    let inner = account.make(
        "groups",
        json!({"name": "Images", "group_class": "project", "owner_uuid": project}),
    );
    ground.told(&["tag", "lab/family:1", "lab/family:stable"]);
    // Of two links of one second it is not said which is later.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let copied = ground.told(&["copy", "lab/family:1", "--project", &inner]);
    let bob = Account::further(&ground.cluster, "bob");
    ground.told(&["share", "--project", "Genomics", "--with", "everyone"]);
    let copy = copied["collection"].as_str().unwrap();
    ground.told(&["share", copy, "--with", "bob", "--can", "write"]);
    let before = state(&ground.cluster);

    let told = ground.told(&["inspect", copy, "lab/family:stable"]);
    assert_eq!(told["schema"], "keepdocker.inspect/1");
    let of_copy = &told["images"][0];
    let image = &told["images"][1];
    assert_eq!(image["name"], "lab/family:stable");
    assert_eq!(image["collection"], uuid);
    assert_eq!(image["portable_data_hash"], of_copy["portable_data_hash"]);
    assert_eq!(
        (&image["image"], &image["registered_as"]),
        (&json!(made.id()), &json!(made.id()))
    );
    assert_eq!(image["manifest"], made.loaded_as());
    assert_eq!(
        (&image["checked"], &image["fault"]),
        (&json!("config"), &Value::Null)
    );
    assert_eq!(image["noted"]["config"], made.id());
    assert_eq!(
        (&image["platform"], &image["created"]),
        (&json!("linux/arm64/v8"), &json!(Made::BUILT))
    );
    let config: Value = serde_json::from_str(&made.config).unwrap();
    assert_eq!(image["config"], config["config"]);
    let layers: Vec<Value> = made
        .diff_ids()
        .iter()
        .zip(&made.layers)
        .map(|(diff_id, layer)| json!({"diff_id": diff_id, "size": layer.len()}))
        .collect();
    assert_eq!(image["layers"], json!(layers));
    let steps = image["history"].as_array().unwrap();
    let of_steps: Vec<&Value> = steps.iter().map(|step| &step["layer"]).collect();
    assert_eq!(
        of_steps,
        [&layers[0]["diff_id"], &Value::Null, &layers[1]["diff_id"]]
    );
    assert_eq!(steps[1]["created_by"], "ENV PATH=/bin");
    // Which tag wins, and why, is what the component says.
    let resolved = ground.told(&["resolve", "lab/family:stable"]);
    assert_eq!(
        (&image["reasons"], &image["others"]),
        (&resolved["reasons"], &resolved["others"])
    );
    let names = image["names"].as_array().unwrap();
    assert_eq!(names.len(), 2, "{names:?}");
    for name in names {
        let resolved = ground.told(&["resolve", name["name"].as_str().unwrap()]);
        assert_eq!(
            (&name["leads_to"], &name["reasons"]),
            (&resolved["collection"], &resolved["reasons"])
        );
    }
    let links: Vec<&Value> = image["links"]
        .as_array()
        .unwrap()
        .iter()
        .map(|link| &link["name"])
        .collect();
    assert_eq!(
        links,
        [
            &json!(made.id()),
            &json!("lab/family:1"),
            &json!("lab/family:stable")
        ]
    );
    assert_eq!(image["readers"]["projects"][0]["uuid"], account.uuid());
    assert_eq!(
        (&of_copy["reasons"], &of_copy["owner_name"]),
        (&Value::Null, &json!("Images"))
    );
    let projects = of_copy["readers"]["projects"].as_array().unwrap();
    let projects: Vec<&Value> = projects.iter().map(|project| &project["uuid"]).collect();
    assert_eq!(
        projects,
        [&json!(inner), &json!(project), &json!(account.uuid())]
    );
    assert_eq!(of_copy["readers"]["complete"], true);
    let everybody = format!("{}-j7d0g-fffffffffffffff", ground.cluster.cluster_id());
    let mut grants: Vec<_> = of_copy["readers"]["grants"].as_array().unwrap().clone();
    grants.sort_by_key(|grant| grant["level"].to_string());
    assert_eq!(
        (&grants[0]["object"], &grants[0]["holder"]),
        (&json!(project), &json!(everybody))
    );
    assert_eq!(
        (&grants[1]["holder"], &grants[1]["level"]),
        (&json!(bob.uuid()), &json!("write"))
    );
    assert_eq!(
        (grants.len(), &grants[1]["holder_name"]),
        (2, &json!("bob"))
    );
    assert_eq!(state(&ground.cluster), before, "nothing was written");
    // This cluster has no Workbench; another one says where it is.
    assert_eq!(image["workbench"], Value::Null);
    let mut config = account.done("GET", "config", None);
    config["Services"]["Workbench2"]["ExternalURL"] = json!("https://wb.example/");
    let answer = Action::AnswerWith(200, config.to_string());
    ground
        .cluster
        .faults()
        .plan(Fault::on("v1/config", answer).times(99));
    let words = ["inspect", copy, "--format", "{{.Workbench}}"];
    let address = ground.environment.keepdocker(&words).success();
    assert_eq!(address, format!("https://wb.example/collections/{copy}\n"));
    // So does an upload, to somebody at a terminal.
    let program = env!("CARGO_BIN_EXE_keepdocker");
    let command = format!("{program} upload lab/family:1 --from docker-archive:family.tar");
    let words = ["-qfec", &command, "/dev/null"];
    let again = ground.environment.run("script", &words).success();
    let told = format!("in Workbench: https://wb.example/collections/{uuid}");
    assert!(again.contains(&told), "{again}");
    ground.cluster.faults().clear();

    let shown = ground.environment.keepdocker(&["inspect", copy]).success();
    assert!(
        !shown.contains('\u{1b}') && !shown.contains('\u{202e}'),
        "{shown}"
    );
    for part in [
        copy,
        "linux/arm64/v8",
        "nobody:nogroup",
        "org.example.title",
        "1.1 MiB",
        "bob: write",
        "everyone: read, by project Genomics",
        "ENV PATH=/bin",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!shown.contains("+A"), "a signature: {shown}");
}

#[test]
fn what_images_share_is_told_by_the_blocks_that_they_have_in_common() {
    let ground = Ground::new();
    let [one, other] = family();
    let (one, other) = (
        upload(&ground, &one, "lab/one:1"),
        upload(&ground, &other, "lab/other:1"),
    );
    let told = ground.told(&["inspect", "lab/one:1"]);
    let image = &told["images"][0];
    let blocks = image["blocks"].as_array().unwrap();
    assert_eq!(blocks.len(), 2, "{blocks:?}");
    let shared: Vec<&Value> = blocks.iter().map(|block| &block["others"]).collect();
    assert_eq!(shared, [1, 0], "the base alone");
    let size: u64 = blocks[0]["block"]
        .as_str()
        .unwrap()
        .split('+')
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(image["shared_bytes"], size);
    assert_eq!(
        image["shared"],
        json!([{"collection": other, "names": ["lab/other:1"], "blocks": 1, "bytes": size, "same_content": false}])
    );
    assert_eq!(
        (&image["compared"], &image["not_compared"]),
        (&json!(2), &json!(0))
    );
    assert_eq!(image["size"], image["stored_bytes"]);
    // Those that were linked last are compared.
    let told = ground.told(&["inspect", &one, "--most", "1"]);
    let image = &told["images"][0];
    assert_eq!(
        (&image["compared"], &image["not_compared"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(image["shared_bytes"], size);
    let output = ground
        .environment
        .keepdocker(&["inspect", &one, "--most", "1"]);
    let _ = output.success();
    assert!(
        output.stderr.contains("not compared with 2 collections"),
        "{output}"
    );
    // With none, none is listed.
    ground.cluster.log().clear();
    let told = ground.told(&["inspect", &one, "--most", "0"]);
    let image = &told["images"][0];
    assert_eq!(
        (
            &image["shared"],
            &image["shared_bytes"],
            &image["not_compared"]
        ),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    // Headers and documents: the beginning of one block, and the other, which is small.
    let read = ground.cluster.log().count("GET", "+A");
    assert!(read <= 3, "{read}");
}

#[test]
fn what_other_tools_have_stored_is_looked_into_all_the_same() {
    let ground = Ground::new();
    let account = Account::usual(&ground.cluster);
    let [made, _] = family();
    let layout = tar_of(&made.members_of_layout("lab/layout:1"));
    let compressed = {
        use std::io::Write as _;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&made.layers[0]).unwrap();
        gzip.finish().unwrap()
    };
    let manifest = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": made.id(), "size": made.config.len()},
        "layers": [
            {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": digest(&compressed), "size": compressed.len()},
            {"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest(&made.layers[1]), "size": made.layers[1].len()},
        ],
    })
    .to_string();
    let index = json!({"schemaVersion": 2, "manifests": [
        {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest(manifest.as_bytes()), "size": manifest.len()},
    ]});
    let blob = |bytes: &[u8]| {
        (
            format!("blobs/sha256/{}", &digest(bytes)[7..]),
            bytes.to_vec(),
        )
    };
    let oci = tar_of(&[
        (
            "oci-layout".to_owned(),
            br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec(),
        ),
        blob(&compressed),
        blob(&made.layers[1]),
        blob(made.config.as_bytes()),
        blob(manifest.as_bytes()),
        ("index.json".to_owned(), index.to_string().into_bytes()),
    ]);
    let whole = made.layers[0].len();
    for (archive, manifest, first, checked) in [
        (
            made.saved(&["lab/saved:1"]),
            made.loaded_as(),
            whole,
            "content",
        ),
        (layout, made.manifest_digest(), whole, "content"),
        // All of it is read of Docker's form alone.
        (oci, digest(manifest.as_bytes()), compressed.len(), "config"),
    ] {
        let collection = account.collect(account.uuid(), &[(&made.file(), &archive)], json!({}));
        let mut words = vec!["inspect", &collection];
        words.extend((checked == "content").then_some("--verify"));
        let told = ground.told(&words);
        let image = &told["images"][0];
        assert_eq!(
            (&image["image"], &image["checked"]),
            (&json!(made.id()), &json!(checked))
        );
        assert_eq!(image["manifest"], json!(manifest));
        assert_eq!(
            image["layers"][0],
            json!({"diff_id": made.diff_ids()[0], "size": first})
        );
        assert_eq!((&image["links"], &image["names"]), (&json!([]), &json!([])));
        // Stretches of a larger block, as tools leave them that join collections.
        let text = account.done("GET", &format!("collections/{collection}"), None)["manifest_text"]
            .as_str()
            .unwrap()
            .to_owned();
        let padding = account.store(b"what comes before");
        let file = format!(" 0:{}:", archive.len());
        assert!(text.contains(&file), "{text}");
        let moved = text
            .replacen(". ", &format!(". {} ", padding.trim()), 1)
            .replace(&file, &format!(" 17:{}:", archive.len()));
        let collection = account.make("collections", json!({"manifest_text": moved}));
        let told = ground.told(&["inspect", &collection]);
        assert_eq!(told["images"][0]["image"], made.id());
    }
    let words = [
        "inspect",
        NAME,
        "--format",
        "{{.ID}} {{.Platform}} {{.Cmd}} {{.User}}|{{.Collection}}",
    ];
    let expected = format!(
        "{} linux/amd64 [\"/opt/tool\"] |{}\n",
        ground.image.id(),
        ground.collection
    );
    assert_eq!(ground.environment.keepdocker(&words).success(), expected);
    let wrong = ground
        .environment
        .keepdocker(&["inspect", NAME, "--format", "{{.Taste}}"]);
    assert!(wrong.failure(2).contains("no field `.Taste`"), "{wrong}");
}

#[test]
fn what_is_absent_another_s_or_not_what_it_is_named_as_is_told_and_ends_so() {
    let ground = Ground::new();
    let account = Account::usual(&ground.cluster);
    let stranger = Account::further(&ground.cluster, "stranger");
    let archive = ground.image.saved(&["their/tool:1"]);
    let theirs = stranger.collect(
        stranger.uuid(),
        &[(&ground.image.file(), &archive)],
        json!({}),
    );
    let policy = ground.environment.home().join("policy.toml");
    fs::write(
        &policy,
        "schema = \"keepdocker.policy/1\"\n[[allow]]\nid = \"all\"\nverbs = [\"*\"]\nreason = \"r\"\n\
         [[deny]]\nid = \"kept\"\nverbs = [\"links.list\"]\nreason = \"r\"\n",
    )
    .unwrap();
    let policy = policy.to_str().unwrap();
    for (words, code, named) in [
        (vec!["inspect"], 2, "<NAME>"),
        (vec!["inspect", "Not A Name"], 4, "Not A Name"),
        (vec!["inspect", NAME, "lab/none:1"], 4, "lab/none:1"),
        (
            vec!["inspect", "zzzzz-4zz18-000000000000000"],
            4,
            "zzzzz-4zz18-000000000000000",
        ),
        (vec!["inspect", &theirs], 4, &theirs),
        (
            vec!["inspect", NAME, "--json", "--format", "{{.ID}}"],
            2,
            "--format",
        ),
        (vec!["--policy", policy, "inspect", NAME], 3, "kept"),
    ] {
        let output = ground.environment.keepdocker(&words);
        assert!(output.failure(code).contains(named), "{output}");
        assert!(!output.stdout().contains("keepdocker.inspect"), "{output}");
    }

    let evil = Made::of(&[(9, 2500)]);
    let lie = account.collect(
        account.uuid(),
        &[(&ground.image.file(), &evil.saved(&["evil/tool:1"]))],
        json!({}),
    );
    let block = account.collect(account.uuid(), &[(&evil.file(), b"no archive")], json!({}));
    let two = account.collect(account.uuid(), &[("a", b"1"), ("b", b"2")], json!({}));
    for (uuid, image, fault) in [
        (&lie, json!(evil.id()), "holds image"),
        (&block, Value::Null, "not"),
        (&two, Value::Null, "exactly one file"),
    ] {
        let output = ground.environment.keepdocker(&["inspect", uuid, "--json"]);
        assert!(output.failure(1).contains(fault), "{output}");
        let told: Value = serde_json::from_str(output.stdout().lines().next().unwrap()).unwrap();
        let shown = &told["images"][0];
        assert_eq!(
            (&shown["collection"], &shown["image"]),
            (&json!(uuid), &image)
        );
        assert!(shown["fault"].as_str().unwrap().contains(fault), "{shown}");
    }
    // Keep has lost it: what links and collection say is there all the same.
    let known = ground.cluster.collections().into_iter();
    let text = known
        .into_iter()
        .find(|known| known["uuid"] == ground.collection)
        .unwrap();
    let hash = text["manifest_text"]
        .as_str()
        .unwrap()
        .split(' ')
        .nth(1)
        .unwrap()[..32]
        .to_owned();
    assert!(ground.cluster.seed().damage(&hash, Damage::Lost).unwrap() > 0);
    let output = ground
        .environment
        .keepdocker(&["inspect", NAME, "--retries", "0"]);
    assert!(output.failure(1).contains("doctor --deep"), "{output}");
    assert!(output.stdout().contains(&ground.collection), "{output}");
}

#[test]
fn each_request_that_fails_is_told() {
    let ground = Ground::new();
    ground.cluster.log().clear();
    ground.told(&["inspect", NAME]);
    let words = ["inspect", NAME, "--retries", "0"];
    for action in [Action::Answer(403), Action::Answer(404), Action::DropBefore] {
        let requests = met_at_every_request(&ground, &words, &action, |output| {
            match (output.status.success(), output.stdout().is_empty()) {
                // The names of people were all that was lacking.
                (true, _) => assert!(output.stdout().contains(&ground.image.id()), "{output}"),
                (false, true) => output.assert_told_to_people(&[]),
                // Keep did not answer, and the cluster did.
                (false, false) => assert!(output.failure(1).contains("cannot be read"), "{output}"),
            }
        });
        assert!(requests >= 8, "{requests}");
    }
}
