//! Blocks that Keep has lost, and that a source has.

use keepdocker_sandbox::damage::Damage;

use super::*;
use crate::support::Shelf;

/// A cluster with an image of two blocks besides, and an archive of it.
struct Lossy {
    ground: Ground,
    image: Made,
    collection: String,
    from: String,
}

const LOSSY: &str = "lab/lossy:1";

impl Lossy {
    fn new(options: &[&str]) -> Self {
        let ground = Ground::new();
        let image = Made::of(&[(610, 1_200_000), (611, 2000)]);
        let path = ground.environment.home().join("lossy.tar");
        fs::write(&path, image.saved(&[LOSSY])).unwrap();
        let from = format!("docker-archive:{}", path.display());
        let words = [&["upload", "--from", &from], options].concat();
        let collection = ground.environment.keepdocker(&words).success();
        Self {
            ground,
            image,
            collection: collection.trim().to_owned(),
            from,
        }
    }

    /// The hashes of its blocks.
    fn blocks(&self) -> Vec<String> {
        let mut known = self.ground.cluster.collections().into_iter();
        let known = known
            .find(|known| known["uuid"] == self.collection)
            .unwrap();
        let text = known["manifest_text"].as_str().unwrap().to_owned();
        let words = text
            .split(' ')
            .skip(1)
            .take_while(|word| word.contains('+'));
        words.map(|word| word[..32].to_owned()).collect()
    }

    fn lose(&self, block: &str) {
        let seed = self.ground.cluster.seed();
        assert!(seed.damage(block, Damage::Lost).unwrap() > 0, "{block}");
    }

    /// Makes sure that all of it can be read.
    #[track_caller]
    fn check(&self) {
        let account = Account::usual(&self.ground.cluster);
        account.check(&self.collection, &self.image).unwrap();
    }

    fn is_whole(&self) -> bool {
        let account = Account::usual(&self.ground.cluster);
        account.check(&self.collection, &self.image).is_ok()
    }
}

#[test]
fn lost_blocks_come_back_from_an_archive_and_nothing_else_changes() {
    let lossy = Lossy::new(&[]);
    let (ground, from) = (&lossy.ground, lossy.from.as_str());
    let blocks = lossy.blocks();
    assert_eq!(blocks.len(), 2, "{blocks:?}");
    let before = state(&ground.cluster);
    for block in &blocks {
        lossy.lose(block);
        assert!(!lossy.is_whole());
        let words = ["repair", LOSSY, "--from", from];
        ground.cluster.log().clear();
        let planned = ground.told(&[&words[..], &["--dry-run"]].concat());
        assert_eq!(planned["steps"][0]["verb"], "keep.store", "{planned}");
        assert_eq!(ground.cluster.log().blocks_written(), 0);
        assert!(!lossy.is_whole());

        let told = ground.told(&words);
        assert_eq!(told["schema"], "keepdocker.repair/1");
        assert_eq!(
            (&told["outcome"], &told["collection"]),
            (&json!("uploaded"), &json!(lossy.collection))
        );
        assert_eq!(told["image"], lossy.image.id());
        assert_eq!(
            ground.cluster.log().blocks_written(),
            1,
            "the other one is there"
        );
        lossy.check();
        assert_eq!(state(&ground.cluster), before);

        // By the UUID, as `doctor` says it; nothing is lost any more.
        let again = ["repair", &lossy.collection, "--from", from];
        let output = ground.environment.keepdocker(&again);
        assert_eq!(output.success().trim(), lossy.collection);
        assert!(output.stderr.contains("lacks no block"), "{output}");
        assert_eq!(ground.cluster.log().blocks_written(), 1);
        assert_eq!(state(&ground.cluster), before);
    }
}

#[test]
fn what_was_stored_in_another_form_comes_back_in_that_form_and_from_an_engine() {
    for options in [&["--block-layout=dense"][..], &["--verbatim"]] {
        let lossy = Lossy::new(options);
        let blocks = lossy.blocks();
        lossy.lose(&blocks[0]);
        let _ = lossy.ground.told(&["repair", LOSSY, "--from", &lossy.from]);
        lossy.check();
    }
    let lossy = Lossy::new(&[]);
    lossy.lose(&lossy.blocks()[1]);
    let mut environment = Environment::on(&lossy.ground.cluster);
    Shelf::new()
        .with(&lossy.image, LOSSY)
        .install(&mut environment);
    let source = format!("docker-daemon:{LOSSY}");
    let told = told(&environment, &["repair", LOSSY, "--from", &source]);
    assert_eq!(told["outcome"], "uploaded");
    lossy.check();
}

#[test]
fn another_image_mends_nothing_and_what_is_denied_or_absent_is_told() {
    let lossy = Lossy::new(&[]);
    let ground = &lossy.ground;
    lossy.lose(&lossy.blocks()[0]);
    let other = ground.environment.home().join("other.tar");
    fs::write(&other, Made::of(&[(612, 1_200_000)]).saved(&[LOSSY])).unwrap();
    let other = format!("docker-archive:{}", other.display());
    let policy = ground.environment.home().join("policy.toml");
    fs::write(
        &policy,
        "schema = \"keepdocker.policy/1\"\n[[allow]]\nid = \"all\"\nverbs = [\"*\"]\nreason = \"r\"\n\
         [[deny]]\nid = \"kept\"\nverbs = [\"keep.store\"]\nreason = \"r\"\n",
    )
    .unwrap();
    let policy = policy.to_str().unwrap();
    ground.cluster.log().clear();
    for (words, code, named) in [
        // Of the same name, and another image.
        (vec!["repair", LOSSY, "--from", &other], 4, lossy.image.id()),
        (
            vec!["repair", "lab/none:1", "--from", &lossy.from],
            4,
            "lab/none:1".to_owned(),
        ),
        (
            vec!["repair", LOSSY, "--from", "docker-archive:/none.tar"],
            1,
            "none.tar".to_owned(),
        ),
        (
            vec!["repair", LOSSY, "--from", "oci:"],
            2,
            "oci:".to_owned(),
        ),
        (
            vec!["repair", LOSSY, "--platform", "linux/amd64"],
            2,
            "--from".to_owned(),
        ),
        (
            vec!["--policy", policy, "repair", LOSSY, "--from", &lossy.from],
            3,
            "kept".to_owned(),
        ),
    ] {
        refused(
            &ground.cluster,
            || ground.environment.keepdocker(&words),
            code,
            &named,
        );
    }
    assert_eq!(ground.cluster.log().blocks_written(), 0);
    assert!(!lossy.is_whole());
}

#[test]
fn killed_at_any_request_the_blocks_come_back_the_next_time() {
    let lossy = Lossy::new(&[]);
    let ground = &lossy.ground;
    let before = state(&ground.cluster);
    let block = lossy.blocks()[0].clone();
    lossy.lose(&block);
    let words = ["repair", LOSSY, "--from", &lossy.from];
    let requests = ground.killed_at_every_request(&words, || {
        assert_eq!(state(&ground.cluster), before);
        ground.told(&words);
        lossy.check();
        lossy.lose(&block);
    });
    assert!(requests >= 6, "{requests}");
    lossy.check();
}

#[test]
fn several_images_are_repaired_each_whatever_becomes_of_the_others() {
    let ground = Ground::new();
    let file = ground.environment.home().join("other.tar");
    fs::write(&file, Made::of(&[(3, 100)]).saved(&["lab/other:3"])).unwrap();
    let from = format!("docker-archive:{}", file.display());
    let other = ground.environment.keepdocker(&["upload", "--from", &from]);
    let images = [ground.collection.as_str(), "lab/absent:1", "lab/other:3"];
    let repair = |more: &[&str]| {
        let words = [
            &["repair"],
            &images[..],
            &["--image-id", "manifest", "--json"],
            more,
        ];
        let output = ground.environment.keepdocker(&words.concat());
        assert!(
            output
                .failure(4)
                .contains("1 of 3 images failed: `lab/absent:1`"),
            "{output}"
        );
        let answers = output
            .stdout()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect::<Vec<Value>>();
        assert_eq!(answers.len(), 3, "{output}");
        assert_eq!(answers[1]["schema"], "keepdocker.failure/1");
        [answers[0].clone(), answers[2].clone()]
    };
    for planned in repair(&["--dry-run"]) {
        assert!(
            !planned["steps"].as_array().unwrap().is_empty(),
            "{planned}"
        );
    }
    let done = repair(&[]);
    for (answer, former) in done
        .iter()
        .zip([&ground.collection, other.success().trim()])
    {
        assert_eq!(
            (&answer["outcome"], &answer["former"]),
            (&json!("registered"), &json!(former))
        );
    }
    assert_eq!(ground.resolved("lab/other:3"), done[1]["collection"]);
    for again in repair(&[]) {
        assert_eq!(again["outcome"], "present");
    }
    for (words, told) in [
        (
            vec!["repair", "lab/a:1", "lab/b:1", "--from", &from],
            "--from",
        ),
        (
            vec![
                "repair",
                "lab/a:1",
                "lab/b:1",
                "--dry-run",
                "-o",
                "plan.json",
            ],
            "--output",
        ),
        (
            vec!["repair", "lab/a", "b", "lab/c:1"],
            "`b` may be an image of its own",
        ),
    ] {
        assert!(
            ground
                .environment
                .keepdocker(&words)
                .failure(2)
                .contains(told),
            "{words:?}"
        );
    }
}
