//! Images that go between our program and the Python ones, by way of one cluster.

use crate::support::{Cluster, Engine, Environment, Image, Python};

#[test]
fn an_image_uploaded_by_us_is_listed_fetched_and_run_by_the_python_programs() {
    let Some(engine) = Engine::find() else { return };
    let Some(python) = Python::find() else { return };
    let Some(image) = Image::build(&engine, "exchange/ours:1", "from our program") else {
        return;
    };
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster).with_engine(&engine);
    let before = engine.inspect(image.id());
    let printed_before = engine.container_output(image.id());

    let collection = environment.arv_keepdocker(&["exchange/ours:1"]).success();

    let collection = collection.strip_suffix('\n').unwrap();
    assert_eq!(cluster.only_collection()["uuid"], collection);
    let rows = environment.arv_keepdocker(&["images"]).success();
    assert_eq!(
        rows,
        python
            .run(&environment, "arv-keepdocker", &["images"])
            .success()
    );
    assert!(rows.contains(collection), "{rows}");
    assert!(rows.contains("exchange/ours"), "{rows}");

    let file = format!("{}.tar", image.id());
    let files = python
        .run(&environment, "arv-ls", &["-s", collection])
        .success();
    let names: Vec<_> = files
        .lines()
        .filter_map(|line| line.split_whitespace().nth(1))
        .collect();
    assert_eq!(names, [format!("./{file}")], "{files}");

    engine.remove(image.id());
    load(&python, &environment, &format!("{collection}/{file}"));
    assert_eq!(engine.id(image.id()).as_deref(), Some(image.id()));
    assert_eq!(engine.inspect(image.id()), before);
    assert_eq!(engine.container_output(image.id()), printed_before);
    if let Some(printed) = printed_before {
        assert_eq!(printed, "from our program\n");
    }
}

#[test]
fn an_image_uploaded_by_the_python_program_is_listed_by_us_and_already_there() {
    let Some(engine) = Engine::find() else { return };
    let Some(python) = Python::find() else { return };
    let Some(image) = Image::build(&engine, "exchange/theirs:1", "from the old program") else {
        return;
    };
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster).with_engine(&engine);

    let collection = python
        .run(&environment, "arv-keepdocker", &[image.name()])
        .success();

    let stored = (cluster.collections(), cluster.links());
    assert_eq!(cluster.only_collection()["uuid"], collection.trim());
    let rows = python
        .run(&environment, "arv-keepdocker", &["images"])
        .success();
    assert_eq!(environment.arv_keepdocker(&["images"]).success(), rows);
    assert!(rows.contains(collection.trim()), "{rows}");

    cluster.log().clear();
    assert_eq!(
        environment.arv_keepdocker(&[image.name()]).success(),
        collection
    );
    assert_eq!(
        cluster.log().blocks_written(),
        0,
        "{:#?}",
        cluster.log().entries()
    );
    assert_eq!((cluster.collections(), cluster.links()), stored);
}

#[test]
fn an_image_uploaded_by_us_is_already_there_for_the_python_program() {
    let Some(engine) = Engine::find() else { return };
    let Some(python) = Python::find() else { return };
    let Some(image) = Image::build(&engine, "exchange/again:1", "once is enough") else {
        return;
    };
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster).with_engine(&engine);

    let collection = environment.arv_keepdocker(&[image.name()]).success();

    let stored = (cluster.collections(), cluster.links());
    cluster.log().clear();
    let again = python
        .run(&environment, "arv-keepdocker", &[image.name()])
        .success();
    assert_eq!(again, collection);
    assert_eq!(
        cluster.log().blocks_written(),
        0,
        "{:#?}",
        cluster.log().entries()
    );
    assert_eq!((cluster.collections(), cluster.links()), stored);
}

#[test]
fn both_programs_register_one_image_alike() {
    let Some(engine) = Engine::find() else { return };
    let Some(python) = Python::find() else { return };
    let Some(image) = Image::build(&engine, "exchange/alike:1", "one image, two programs") else {
        return;
    };
    let (ours, theirs) = (Cluster::start(), Cluster::start());

    let environment = Environment::on(&ours).with_engine(&engine);
    let _ = environment.arv_keepdocker(&[image.name()]).success();
    let environment = Environment::on(&theirs).with_engine(&engine);
    let _ = python
        .run(&environment, "arv-keepdocker", &[image.name()])
        .success();

    let (collection, other) = (ours.only_collection(), theirs.only_collection());
    assert_eq!(collection["name"], other["name"]);
    assert_eq!(
        collection["properties"]["docker-image-repo-tag"],
        image.name()
    );
    assert_eq!(other["properties"]["docker-image-repo-tag"], image.name());
    for class in ["docker_image_hash", "docker_image_repo+tag"] {
        let registered = |cluster: &Cluster| {
            let collection = cluster.only_collection();
            cluster
                .links_of(class)
                .into_iter()
                .map(|link| {
                    assert_eq!(link["head_uuid"], collection["uuid"]);
                    (
                        link["name"].clone(),
                        link["properties"].clone(),
                        link["owner_uuid"] == cluster.user_uuid(),
                    )
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(registered(&ours), registered(&theirs), "{class}");
        assert_eq!(registered(&ours).len(), 1, "{class}");
    }
}

#[test]
fn the_archive_that_the_python_program_left_is_used_and_then_removed() {
    let Some(engine) = Engine::find() else { return };
    let Some(python) = Python::find() else { return };
    let Some(image) = Image::build(&engine, "exchange/cached:1", "saved only once") else {
        return;
    };
    let cluster = Cluster::start();
    let mut environment = Environment::on(&cluster).with_engine(&engine);
    // The Python program saves the image and fails to store it, so the archive stays.
    cluster.faults().fill_storage(true);
    let failed = python.run(
        &environment,
        "arv-keepdocker",
        &["--retries", "0", image.name()],
    );
    assert!(!failed.status.success(), "{failed}");
    cluster.faults().fill_storage(false);
    cluster.assert_nothing_registered();
    let left = || {
        let folder = environment.home().join("cache/arvados/docker");
        let mut names: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .filter(|name| !name.ends_with(".lock"))
            .collect();
        names.sort();
        names
    };
    let (archive, proof) = (
        format!("{}.tar", image.id()),
        format!("{}.tar.stat", image.id()),
    );
    assert_eq!(left(), [archive, proof]);

    // From here on, the engine saves nothing.
    let engine_program = environment.home().join("docker-without-save");
    std::fs::write(
        &engine_program,
        "#!/bin/sh\n[ \"$1\" != save ] || { echo nothing is saved >&2; exit 1; }\nexec docker \"$@\"\n",
    )
    .unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&engine_program, mode).unwrap();
    environment.set("KEEPDOCKER_ENGINE", &engine_program);
    let other = Image::build(&engine, "exchange/uncached:1", "never saved").unwrap();
    let output = environment.keepdocker(&["upload", other.name()]);
    assert!(output.stderr.contains("nothing is saved"), "{output}");

    let _ = environment.keepdocker(&["upload", image.name()]).success();

    let fresh = Cluster::start();
    let _ = Environment::on(&fresh)
        .with_engine(&engine)
        .keepdocker(&["upload", image.name()])
        .success();
    assert_eq!(
        cluster.only_collection()["portable_data_hash"],
        fresh.only_collection()["portable_data_hash"]
    );
    let folder = environment.home().join("cache/arvados/docker");
    let rest: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(image.id()) && !name.ends_with(".lock"))
        .collect();
    assert_eq!(rest, Vec::<String>::new());
}

/// Loads a stored archive into the environment's engine, as users do: `arv-get … - | docker load`.
fn load(python: &Python, environment: &Environment, file: &str) {
    let program = python.program("arv-get");
    let words = [
        "-o",
        "pipefail",
        "-c",
        "\"$0\" \"$1\" - | docker load",
        program.to_str().unwrap(),
        file,
    ];
    let _ = environment.run("bash", &words).success();
}
