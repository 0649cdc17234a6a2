//! Images out of Keep: into files, pipes and engines, whole or not at all.

use std::path::Path;

use keepdocker_sandbox::faults::{Action, Fault};

use serde_json::json;

use crate::support::{Account, Cluster, Engine, Environment, Image, Output, Python, data};

/// The ID of the hello-world image.
const HELLO_WORLD: &str = "sha256:d2c94e258dcb3c5ac2798d32e1249e42ef01cba4841c2234249495f87264ac5a";

#[test]
fn a_saved_archive_is_what_keep_holds_and_can_be_uploaded_again() {
    for archive in [
        "hello-world-ManifestV2.tar",
        "hello-world-ManifestV2-OCILayout.tar",
    ] {
        let cluster = Cluster::start();
        let environment = holding(&cluster, archive);
        let content = cluster.only_collection()["portable_data_hash"].clone();
        let file = environment.home().join("saved.tar");

        let printed = save(&environment, "hello-world", &file).success();

        assert_eq!(printed, format!("{HELLO_WORLD}\n"));
        let piped = environment.keepdocker(&["save", "hello-world", "--output", "-"]);
        let _ = piped.success();
        assert_eq!(piped.stdout, std::fs::read(&file).unwrap());
        // Standard output by another name takes the archive alone too.
        let named = environment.keepdocker(&["save", "hello-world", "--output", "/dev/stdout"]);
        let _ = named.success();
        assert!(named.stdout == piped.stdout, "{} bytes", named.stdout.len());
        let json = ["save", "hello-world", "--output", "/dev/stdout", "--json"];
        let _ = environment.keepdocker(&json).failure(2);

        let other = Cluster::start();
        let environment = Environment::on(&other);
        let source = format!("docker-archive:{}", file.display());
        let _ = environment
            .keepdocker(&["upload", "--from", &source, "hello-world"])
            .success();
        assert_eq!(other.only_collection()["portable_data_hash"], content);
    }
}

#[test]
fn what_cannot_be_written_was_to_be_saved_and_not_stored() {
    let cluster = Cluster::start();
    let environment = holding(&cluster, "hello-world-ManifestV2.tar");
    let folder = environment.home().to_owned();
    for (file, words) in [
        (Path::new("/dev/full").to_owned(), "No space left"),
        (folder.join("none/saved.tar"), "its folder is not there"),
        (folder, "directory"),
    ] {
        let output = save(&environment, "hello-world", &file);
        let told = output.failure(1).to_owned();
        assert!(told.contains("the image could not be saved"), "{output}");
        assert!(told.contains(words), "{output}");
        assert!(
            !told.contains(".part") && !told.contains("stored"),
            "{output}"
        );
    }
}

#[test]
fn a_saved_archive_has_the_name_that_was_asked_for_and_the_stored_one_its_own() {
    for archive in [
        "hello-world-ManifestV2.tar",
        "hello-world-ManifestV2-OCILayout.tar",
    ] {
        let cluster = Cluster::start();
        let environment = Environment::on(&cluster);
        let source = format!("docker-archive:{}", data(archive).display());
        let _ = environment
            .keepdocker(&["upload", "--verbatim", "--from", &source, "lab/renamed:2"])
            .success();
        let (file, stored) = (
            environment.home().join("named.tar"),
            environment.home().join("stored.tar"),
        );

        let printed = save(&environment, "lab/renamed:2", &file).success();
        let _ = environment
            .keepdocker(&[
                "save",
                "--stored",
                "lab/renamed:2",
                "-o",
                stored.to_str().unwrap(),
            ])
            .success();

        assert_eq!(printed, format!("{HELLO_WORLD}\n"));
        assert_eq!(
            std::fs::read(&stored).unwrap(),
            std::fs::read(data(archive)).unwrap()
        );
        let account = &document(&file, "manifest.json").unwrap()[0];
        assert_eq!(account["RepoTags"], serde_json::json!(["lab/renamed:2"]));
        let before = &document(&stored, "manifest.json").unwrap()[0];
        assert_eq!(account["Layers"], before["Layers"]);
        if let Some(index) = document(&file, "index.json") {
            let annotations = &index["manifests"][0]["annotations"];
            let whole = &annotations["io.containerd.image.name"];
            assert_eq!(whole, "docker.io/lab/renamed:2", "{index}");
        }
        // It is the same image still, and says itself what it is called.
        let other = Cluster::start();
        let source = format!("docker-archive:{}", file.display());
        let _ = Environment::on(&other)
            .keepdocker(&["upload", "--from", &source])
            .success();
        let names = other.links_of("docker_image_repo+tag");
        assert_eq!(names[0]["name"], "lab/renamed:2");
        assert_eq!(other.links_of("docker_image_hash")[0]["name"], HELLO_WORLD);
        // By its ID, it is asked for without a name, and keeps what it has.
        let _ = save(&environment, HELLO_WORLD, &file).success();
        assert_eq!(
            std::fs::read(&file).unwrap(),
            std::fs::read(&stored).unwrap()
        );
    }
}

#[test]
fn the_answer_as_json_tells_what_was_fetched_and_why() {
    let cluster = Cluster::start();
    let environment = holding(&cluster, "hello-world-ManifestV2.tar");
    let file = environment.home().join("saved.tar");
    let (name, file) = ("hello-world:latest", file.to_str().unwrap());

    let printed = environment
        .keepdocker(&["save", name, "--output", file, "--json"])
        .success();

    let answer: serde_json::Value = serde_json::from_str(&printed).unwrap();
    let collection = cluster.only_collection();
    assert_eq!(answer["schema"], "keepdocker.download/1");
    assert_eq!(answer["collection"], collection["uuid"]);
    assert_eq!(
        answer["portable_data_hash"],
        collection["portable_data_hash"]
    );
    assert_eq!(answer["image"], HELLO_WORLD);
    assert_eq!(answer["size"], std::fs::metadata(file).unwrap().len());
    assert!(!answer["reasons"].as_array().unwrap().is_empty());
}

#[test]
fn what_passes_is_survived_and_what_stays_leaves_no_file() {
    let cluster = Cluster::start();
    let environment = holding(&cluster, "hello-world-ManifestV2.tar");
    let file = environment.home().join("saved.tar");
    let before = names(environment.home());
    for (action, words) in [
        (Action::Answer(503), "503"),
        (Action::DropBefore, "cannot be read"),
        (Action::DropAfter, "cannot be read"),
        (Action::CutBody, "cannot be read"),
        (Action::WrongHash, "what it sent is not the block"),
    ] {
        cluster.faults().plan(block_reads(action.clone(), 1));
        let _ = save(&environment, "hello-world", &file).success();
        assert_eq!(cluster.faults().left(), 0, "{action:?} met nothing");
        std::fs::write(&file, "former").unwrap();

        cluster.faults().plan(block_reads(action.clone(), 1000));
        let output = environment.keepdocker(&[
            "save",
            "hello-world",
            "--retries",
            "1",
            "--output",
            file.to_str().unwrap(),
        ]);
        output.assert_told_to_people(&[&cluster.token()]);
        assert!(output.failure(1).contains(words), "{action:?}: {output}");
        assert_eq!(std::fs::read(&file).unwrap(), b"former", "{action:?}");
        std::fs::remove_file(&file).unwrap();
        assert_eq!(names(environment.home()), before, "{action:?}");
        cluster.faults().clear();
    }
}

#[test]
fn an_absent_block_is_named_without_retries() {
    let cluster = Cluster::start();
    let environment = holding(&cluster, "hello-world-ManifestV2.tar");
    cluster
        .faults()
        .plan(block_reads(Action::Answer(404), 1000));
    let file = environment.home().join("saved.tar");

    let output = save(&environment, "hello-world", &file);

    assert!(
        output.failure(1).contains("no Keep service has block"),
        "{output}"
    );
    assert!(!output.stderr.contains("trying again"), "{output}");
    assert!(!file.exists());
}

/// A file whose odd pieces lie in one block and whose even pieces in another, as somebody may write it.
#[test]
fn a_block_that_many_stretches_of_a_file_lie_in_is_fetched_once() {
    const PIECE: usize = 100;
    let archive = std::fs::read(data("hello-world-ManifestV2.tar")).unwrap();
    let cluster = Cluster::start();
    let account = Account::usual(&cluster);
    let mut blocks = [Vec::new(), Vec::new()];
    let mut places = Vec::new();
    for (piece, bytes) in archive.chunks(PIECE).enumerate() {
        places.push((piece % 2, blocks[piece % 2].len(), bytes.len()));
        blocks[piece % 2].extend_from_slice(bytes);
    }
    let [odd, even] = blocks.each_ref().map(|block| account.store(block));
    let segments: String = places
        .iter()
        .map(|(block, start, length)| {
            let start = block * blocks[0].len() + start;
            format!(" {start}:{length}:{HELLO_WORLD}.tar")
        })
        .collect();
    assert!(places.len() > 100, "{}", places.len());
    account.make(
        "collections",
        json!({"manifest_text": format!(". {odd} {even}{segments}\n")}),
    );
    let content = cluster.only_collection()["portable_data_hash"].clone();
    let environment = Environment::on(&cluster);
    let file = environment.home().join("saved.tar");
    cluster.log().clear();

    let _ = save(&environment, content.as_str().unwrap(), &file).success();

    assert_eq!(std::fs::read(&file).unwrap(), archive);
    let entries = cluster.log().entries();
    let reads = entries
        .iter()
        .filter(|entry| entry.is_keep && entry.method == "GET");
    assert_eq!(reads.count(), 2);
}

#[test]
fn an_archive_of_another_image_than_its_name_promises_is_refused() {
    let Some(python) = Python::find() else { return };
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    // A file that is named like one image and holds another.
    let lie = format!("sha256:{}.tar", "a".repeat(64));
    let archive = data("hello-world-ManifestV2.tar");
    let collection = python
        .run(
            &environment,
            "arv-put",
            &["--filename", &lie, archive.to_str().unwrap()],
        )
        .success();
    let uuid = collection.trim();
    let content = cluster.only_collection()["portable_data_hash"].clone();
    let file = environment.home().join("saved.tar");

    let output = save(&environment, content.as_str().unwrap(), &file);

    assert!(
        output.failure(1).contains("holds image sha256:d2c94e"),
        "{uuid}: {output}"
    );
    assert!(!file.exists());
}

#[test]
fn a_name_that_leads_nowhere_and_a_full_disk_are_told() {
    let cluster = Cluster::start();
    let environment = holding(&cluster, "hello-world-ManifestV2.tar");
    let file = environment.home().join("saved.tar");
    let output = save(&environment, "nobody/has:this", &file);
    assert!(output.failure(4).contains("nobody/has:this"), "{output}");
    assert!(!file.exists());

    let output = save(&environment, "hello-world", Path::new("/dev/full"));
    assert!(output.failure(1).contains("/dev/full"), "{output}");
    assert!(output.stderr.contains("No space left"), "{output}");

    let output = save(&environment, "hello-world", &file.join("x"));
    assert!(output.failure(1).contains("saved.tar/x"), "{output}");
}

#[test]
fn the_policy_tells_files_from_the_engine() {
    let cluster = Cluster::start();
    let environment = holding(&cluster, "hello-world-ManifestV2.tar");
    let policy = environment.home().join("policy.toml");
    std::fs::write(
        &policy,
        "schema = \"keepdocker.policy/1\"\n\
         [[allow]]\nid = \"all\"\nverbs = [\"*\"]\nreason = \"r\"\n\
         [[deny]]\nid = \"engine\"\nverbs = [\"keep.fetch\"]\ntargets = [\"engine\"]\nreason = \"r\"\n",
    )
    .unwrap();
    let policy = policy.to_str().unwrap();
    let output = environment.keepdocker(&["--policy", policy, "load", "hello-world"]);
    assert!(output.failure(3).contains("keep.fetch engine"), "{output}");
    let file = environment.home().join("saved.tar");
    let _ = environment
        .keepdocker(&[
            "--policy",
            policy,
            "save",
            "hello-world",
            "-o",
            file.to_str().unwrap(),
        ])
        .success();
}

#[test]
fn an_archive_of_the_python_program_is_saved_as_it_is() {
    let Some(engine) = Engine::find() else { return };
    let Some(python) = Python::find() else { return };
    let Some(image) = Image::build(&engine, "download/theirs:1", "fetched from them") else {
        return;
    };
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster).with_engine(&engine);
    let collection = python
        .run(&environment, "arv-keepdocker", &[image.name()])
        .success();
    let file = environment.home().join("saved.tar");

    let words = ["save", "--stored", image.name(), "--output"];
    let printed = environment
        .keepdocker(&[&words[..], &[file.to_str().unwrap()]].concat())
        .success();

    assert_eq!(printed.trim(), image.id());
    let theirs = environment.home().join("theirs.tar");
    let path = format!("{}/{}.tar", collection.trim(), image.id());
    python.fetch(&environment, &path, &theirs);
    assert_eq!(
        std::fs::read(&file).unwrap(),
        std::fs::read(&theirs).unwrap()
    );
}

#[test]
fn every_engine_gets_back_the_image_that_it_gave() {
    for engine in [Engine::find(), Engine::newer(), Engine::containerd()] {
        let Some(engine) = engine else { continue };
        let Some(image) = Image::build(&engine, "download/back:1", "there and back") else {
            return;
        };
        let cluster = Cluster::start();
        let environment = Environment::on(&cluster).with_engine(&engine);
        let _ = environment.keepdocker(&["upload", image.name()]).success();
        let before = engine.inspect(image.name());
        engine.remove(image.name());

        let printed = environment.keepdocker(&["load", image.name()]).success();

        assert!(printed.starts_with("sha256:"), "{printed}");
        assert_eq!(
            engine.inspect(image.name())["RootFS"],
            before["RootFS"],
            "{}",
            engine.host()
        );
        assert_eq!(engine.inspect(image.name())["Config"], before["Config"]);
        engine.remove(image.name());

        let _ = environment
            .keepdocker(&["load", "--no-tag", image.name()])
            .success();
        assert_eq!(engine.id(image.name()), None);
        let _ = environment.keepdocker(&["load", image.name()]).success();
        engine.remove(image.name());
    }
}

#[test]
fn an_engine_gets_nothing_of_an_archive_that_breaks_off() {
    let Some(engine) = Engine::find() else { return };
    let Some(image) = Image::build(&engine, "download/broken:1", "never whole") else {
        return;
    };
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster).with_engine(&engine);
    let _ = environment.keepdocker(&["upload", image.name()]).success();
    engine.remove(image.name());
    cluster.faults().plan(block_reads(Action::WrongHash, 1000));

    let output = environment.keepdocker(&["load", "--retries", "0", image.name()]);

    assert!(output.failure(1).contains("not the block"), "{output}");
    assert_eq!(engine.id(image.name()), None);
    assert_eq!(engine.id(image.id()), None);
}

/// An environment on a cluster that holds an archive of the repository, and no engine.
fn holding(cluster: &Cluster, archive: &str) -> Environment {
    let environment = Environment::on(cluster);
    let source = format!("docker-archive:{}", data(archive).display());
    let _ = environment
        .keepdocker(&["upload", "--from", &source])
        .success();
    environment
}

fn save(environment: &Environment, image: &str, file: &Path) -> Output {
    environment.keepdocker(&["save", image, "--output", file.to_str().unwrap()])
}

/// A fault for requests that read blocks: their paths carry signatures.
fn block_reads(action: Action, times: usize) -> Fault {
    Fault::on("+A", action).method("GET").times(times)
}

/// A JSON member of a tar.
fn document(file: &Path, name: &str) -> Option<serde_json::Value> {
    let mut archive = tar::Archive::new(std::fs::File::open(file).unwrap());
    let mut entries = archive.entries().unwrap().map(Result::unwrap);
    let entry = entries.find(|entry| entry.path().unwrap() == Path::new(name))?;
    Some(serde_json::from_reader(entry).unwrap())
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
