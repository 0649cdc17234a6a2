//! What `doctor` tells of images: seeded defects, one kind each, and nothing where all is as it should be.

mod followed;

use keepdocker_sandbox::damage::Damage;

use super::*;

/// What a collection may tell for a name, and a shell would run.
const STRANGE: &str = "$(touch strange)";

/// An image that was uploaded under a name of its own.
pub(super) struct Uploaded {
    made: Made,
    pub(super) name: String,
    pub(super) collection: String,
}

/// A cluster on which things go wrong, and all that `doctor` has to tell of it.
pub(super) struct Seeds<'a> {
    ground: &'a Ground,
    account: Account<'a>,
    /// Of each seed the defect, and what it is told of: the collection and the name.
    expected: Vec<(String, String, Option<String>)>,
    count: u64,
}

impl<'a> Seeds<'a> {
    pub(super) fn on(ground: &'a Ground) -> Self {
        Self {
            ground,
            account: Account::usual(&ground.cluster),
            expected: Vec::new(),
            count: 0,
        }
    }

    /// Uploads another image.
    pub(super) fn upload(&mut self) -> Uploaded {
        self.count += 1;
        let layers = Made::of(&[(self.count + 100, 3000)]).layers;
        let made = Made::with_layers(layers, "2025-01-01T00:00:00Z");
        let name = format!("seed/{}:1", self.count);
        let collection = self.upload_as(&made, &name);
        Uploaded {
            made,
            name,
            collection,
        }
    }

    /// Uploads this image, and returns its collection.
    pub(super) fn upload_as(&self, made: &Made, name: &str) -> String {
        let environment = &self.ground.environment;
        let path = environment.home().join("seed.tar");
        fs::write(&path, made.saved(&[name])).unwrap();
        let from = format!("docker-archive:{}", path.display());
        let printed = environment.keepdocker(&["upload", "--from", &from]);
        printed.success().trim().to_owned()
    }

    /// Makes a collection of these files, and gives it a name.
    fn collect(&mut self, files: &[(&str, &[u8])]) -> (String, String) {
        self.count += 1;
        let name = format!("seed/{}:1", self.count);
        let owner = self.account.uuid().to_owned();
        let collection = self.account.collect(&owner, files, json!({}));
        self.link("docker_image_repo+tag", &name, &collection, json!({}));
        (collection, name)
    }

    pub(super) fn link(&self, class: &str, name: &str, head: &str, properties: Value) -> String {
        self.account.make(
            "links",
            json!({"link_class": class, "name": name, "head_uuid": head,
                "owner_uuid": self.account.uuid(), "properties": properties}),
        )
    }

    fn change(&self, collection: &str, attributes: Value) {
        let path = format!("collections/{collection}");
        self.account
            .done("PUT", &path, Some(json!({"collection": attributes})));
    }

    fn trash(&self, collection: &str) {
        let path = format!("collections/{collection}/trash");
        self.account.done("POST", &path, Some(json!({})));
    }

    fn expect(&mut self, defect: &str, collection: &str, name: Option<&str>) {
        self.expected.push((
            defect.to_owned(),
            collection.to_owned(),
            name.map(str::to_owned),
        ));
    }

    /// Has all defects, each at least once.
    fn everything(&mut self) {
        self.links_that_lead_nowhere();
        self.contents();
        self.what_is_said();
        self.doubles();
        self.names();
        self.archives();
    }

    /// Has links lead where nothing can be read.
    pub(super) fn links_that_lead_nowhere(&mut self) {
        let gone = self.upload();
        self.trash(&gone.collection);
        self.expect("orphan-name", &gone.collection, None);
        let unnamed = self.upload();
        let untag = ["untag", &unnamed.name];
        let _ = self.ground.environment.keepdocker(&untag).success();
        self.trash(&unnamed.collection);
        self.expect("orphan-hash", &unnamed.collection, None);
        let project = self.account.make_project("No collection");
        self.link("docker_image_repo+tag", "seed/stray:1", &project, json!({}));
        self.expect("stray-link", &project, None);
    }

    /// Has collections hold what no container request gets.
    fn contents(&mut self) {
        let image = Made::of(&[(900, 3000)]);
        let saved = image.saved(&["seed/900:1"]);
        let file = image.file();
        let v1 = format!("{}.tar", image.digits());
        for (files, defect) in [
            (&[("image.tar", &saved[..])][..], Some("misnamed-file")),
            (
                &[(&*file, &saved[..]), ("notes", b"x")],
                Some("extra-files"),
            ),
            (&[(&*v1, &saved[..])], None),
        ] {
            let (collection, name) = self.collect(files);
            if let Some(defect) = defect {
                self.expect(defect, &collection, None);
            } else {
                self.link("docker_image_hash", &image.digits(), &collection, json!({}));
            }
            self.expect("runs-nowhere", &collection, Some(&name));
        }
        let block = self.account.store(b"a block");
        for (text, defect) in [
            (String::new(), "no-file"),
            (
                format!(". {} 0:99:{file}\n", block.trim()),
                "broken-manifest",
            ),
        ] {
            let (collection, name) = self.collect(&[("some", b"x")]);
            self.change(&collection, json!({"manifest_text": text}));
            self.expect(defect, &collection, None);
            self.expect("runs-nowhere", &collection, Some(&name));
        }
    }

    /// Has links and properties that are missing, wrong, or there twice.
    fn what_is_said(&mut self) {
        let image = self.upload();
        let links = self.ground.cluster.links_of("docker_image_hash");
        let hash = links
            .iter()
            .find(|link| link["head_uuid"] == image.collection);
        let path = format!("links/{}", hash.unwrap()["uuid"].as_str().unwrap());
        self.account.done("DELETE", &path, None);
        self.expect("missing-hash", &image.collection, None);

        let image = self.upload();
        let other = Made::of(&[(901, 10)]).id();
        self.link("docker_image_hash", &other, &image.collection, json!({}));
        self.expect("wrong-hash", &image.collection, None);

        let image = self.upload();
        let told = json!({"docker-image-repo-tag": [image.name, "seed/told:1", STRANGE]});
        self.change(&image.collection, json!({"properties": told}));
        self.expect("missing-name", &image.collection, Some("seed/told:1"));

        let image = self.upload();
        self.link(
            "docker_image_repo+tag",
            "Not a name",
            &image.collection,
            json!({}),
        );
        self.expect("unusable-name", &image.collection, Some("Not a name"));

        let image = self.upload();
        self.link(
            "docker_image_repo+tag",
            &image.name,
            &image.collection,
            json!({}),
        );
        self.expect("repeated-link", &image.collection, Some(&image.name));

        let image = self.upload();
        self.change(&image.collection, json!({"replication_desired": 0}));
        self.expect("no-replicas", &image.collection, None);
    }

    /// Has one image twice.
    fn doubles(&mut self) {
        let image = self.upload();
        let path = format!("collections/{}", image.collection);
        let text = self.account.done("GET", &path, None)["manifest_text"].clone();
        let twin = self
            .account
            .make("collections", json!({"manifest_text": text}));
        self.link("docker_image_hash", &image.made.id(), &twin, json!({}));
        // The one that was made first is told, with the others.
        self.expect("duplicate", &image.collection, None);

        let image = self.upload();
        let saved = image.made.saved(&[&image.name]);
        let owner = self.account.uuid().to_owned();
        let file = image.made.file();
        let twin = self.account.collect(&owner, &[(&file, &saved)], json!({}));
        self.link("docker_image_hash", &image.made.id(), &twin, json!({}));
        self.expect("stored-twice", &image.collection, None);
    }

    /// Has names that lead elsewhere than it seems.
    pub(super) fn names(&mut self) {
        let (first, later) = (self.upload(), self.upload());
        let class = "docker_image_repo+tag";
        let built = json!({"image_timestamp": "2001-01-01T00:00:00Z"});
        self.link(class, &first.name, &later.collection, built);
        self.expect("overruled-name", &later.collection, Some(&first.name));

        let (first, newest) = (self.upload(), self.upload());
        let built = json!({"image_timestamp": "2031-01-01T00:00:00Z"});
        self.link(class, "seed/newest:2", &newest.collection, built);
        self.link(class, &first.name, &newest.collection, json!({}));
        self.expect("newest-build-loses", &newest.collection, Some(&first.name));
    }

    /// Has archives that are not what they are named, and loses a block.
    fn archives(&mut self) {
        let (held, named) = (Made::of(&[(902, 3000)]), Made::of(&[(903, 3000)]));
        let saved = held.saved(&["seed/902:1"]);
        for (made, bytes, defect) in [
            (&named, &saved[..], "another-image"),
            (&held, b"no archive", "no-image"),
        ] {
            let (collection, _) = self.collect(&[(&made.file(), bytes)]);
            self.link("docker_image_hash", &made.id(), &collection, json!({}));
            self.expect(defect, &collection, None);
        }
        let image = self.upload();
        let collections = self.ground.cluster.collections();
        let known = collections
            .iter()
            .find(|known| known["uuid"] == image.collection);
        let text = known.unwrap()["manifest_text"].as_str().unwrap();
        let block = &text.split(' ').nth(1).unwrap()[..32];
        let lost = self
            .ground
            .cluster
            .seed()
            .damage(block, Damage::Lost)
            .unwrap();
        assert!(lost > 0);
        self.expect("lost-blocks", &image.collection, None);
    }
}

/// Runs `doctor`, and returns what it found about images beside how much it looked at, which is the first.
#[track_caller]
fn diagnosed(ground: &Ground, words: &[&str]) -> (Value, Vec<Value>) {
    let told = ground.told(&[&["doctor", "--retries", "0"], words].concat());
    assert_eq!(told["schema"], "keepdocker.doctor/1");
    let of_images = |finding: &&Value| finding["what"] == "images";
    let findings = told["findings"].as_array().unwrap().iter();
    let mut findings = findings.filter(of_images).cloned();
    let first = findings.next().expect("it looked at images");
    (first, findings.collect())
}

/// Returns what findings are about, in order.
fn about(findings: &[Value]) -> Vec<(String, String, Option<String>)> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let about = findings.iter().map(|finding| &finding["about"]);
    let mut about: Vec<_> = about
        .map(|about| {
            (
                text(&about["defect"]).unwrap(),
                text(&about["collection"]).unwrap(),
                text(&about["name"]),
            )
        })
        .collect();
    about.sort();
    about
}

#[test]
fn twenty_one_kinds_of_defects_are_found_and_nothing_else() {
    let ground = Ground::new();
    let mut seeds = Seeds::on(&ground);
    // Sound images first, one of them under two names and in two projects, one of them a name that went on.
    let project = seeds.account.make_project("Shared");
    ground.told(&["tag", NAME, "lab/tool:stable"]);
    ground.told(&["copy", NAME, "--project", &project]);
    let moved = seeds.upload();
    ground.told(&["tag", NAME, &moved.name]);
    let (first, found) = diagnosed(&ground, &["--deep"]);
    assert_eq!(about(&found), [], "{found:#?}");
    assert_eq!(first["state"], "ok", "{first}");

    seeds.everything();
    let before = state(&ground.cluster);
    let (first, found) = diagnosed(&ground, &["--deep"]);
    let mut expected = seeds.expected.clone();
    expected.sort();
    assert_eq!(about(&found), expected);
    let mut kinds: Vec<&str> = expected.iter().map(|(kind, ..)| kind.as_str()).collect();
    kinds.dedup();
    assert_eq!(kinds.len(), 21, "{kinds:?}");
    for finding in &found {
        assert_eq!(finding["state"], "warning", "{finding}");
        let advice = finding["advice"].as_str().unwrap();
        assert!(!advice.contains(STRANGE), "{finding}");
        // What says so may have been written by anybody.
        let defect = finding["about"]["defect"].as_str().unwrap();
        if ["missing-name", "newest-build-loses"].contains(&defect) {
            assert!(advice.contains("if it is the one you mean"), "{finding}");
        }
    }
    let told = first["told"].as_str().unwrap();
    assert!(told.contains("asked Keep for"), "{told}");
    assert_eq!(state(&ground.cluster), before, "nothing was changed");

    // Without `--deep` no archive is read.
    let (_, found) = diagnosed(&ground, &[]);
    let deep = ["another-image", "no-image", "lost-blocks"];
    expected.retain(|(defect, ..)| !deep.contains(&defect.as_str()));
    assert_eq!(about(&found), expected);
    // What is asked of a project, is told of that project.
    let (_, found) = diagnosed(&ground, &["--project", "Shared"]);
    assert_eq!(about(&found), []);
}

#[test]
fn the_doctor_says_how_many_it_did_not_look_at() {
    let ground = Ground::new();
    let mut seeds = Seeds::on(&ground);
    let _ = seeds.upload();
    let (first, found) = diagnosed(&ground, &["--most", "1"]);
    assert_eq!((first["state"].as_str(), found.len()), (Some("warning"), 0));
    let told = first["told"].as_str().unwrap();
    assert!(told.contains("1 that were linked earlier"), "{told}");
    let advice = first["advice"].as_str().unwrap();
    assert!(advice.contains("--most 2"), "{advice}");
}
