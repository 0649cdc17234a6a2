//! Images that are pulled from a registry first.

use crate::support::{Cluster, Engine, Environment, Image, Python, Registry};

#[test]
fn what_was_asked_for_is_pulled_whatever_else_the_engine_has() {
    let (Some(engine), Some(registry)) = (Engine::find(), Registry::find()) else {
        return;
    };
    let (Some(old), Some(new)) = (
        Image::build(&engine, "pulls/old:1", "as it was"),
        Image::build(&engine, "pulls/new:1", "as it is"),
    ) else {
        return;
    };
    let (asked, latest) = (
        registry.name("pulls/tool:1"),
        registry.name("pulls/tool:latest"),
    );
    let tag = |from: &Image<'_>, name: &str| {
        let _ = engine.docker(&["tag", from.name(), name]).success();
    };
    tag(&new, &asked);
    let _ = engine.docker(&["push", "--quiet", &asked]).success();
    // The engine has an older image of this name, and one that is called `latest`.
    let forget = || {
        tag(&old, &asked);
        tag(&old, &latest);
    };
    let uploaded = |program: &dyn Fn(&Environment, &[&str]) -> String, option: &str| {
        forget();
        let cluster = Cluster::start();
        let environment = Environment::on(&cluster).with_engine(&engine);
        let printed = program(&environment, &[option, &asked]);
        assert_eq!(cluster.only_collection()["uuid"], printed.trim());
        cluster.links_of("docker_image_hash")[0]["name"].clone()
    };
    let ours =
        |environment: &Environment, words: &[&str]| environment.arv_keepdocker(words).success();

    assert_eq!(uploaded(&ours, "--no-pull"), old.id());
    assert_eq!(uploaded(&ours, "--pull"), new.id());
    if let Some(python) = Python::find() {
        // It looks at `latest`, and is content.
        let theirs = |environment: &Environment, words: &[&str]| {
            python.run(environment, "arv-keepdocker", words).success()
        };
        assert_eq!(uploaded(&theirs, "--pull"), old.id());
    }
    // What the engine has not at all.
    let _ = engine.docker(&["rmi", &asked]).success();
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster).with_engine(&engine);
    let _ = environment.arv_keepdocker(&[&asked]).failure(1);
    cluster.assert_nothing_registered();
    let _ = environment.arv_keepdocker(&["--pull", &asked]).success();
    assert_eq!(cluster.links_of("docker_image_hash")[0]["name"], new.id());
    assert_eq!(cluster.links_of("docker_image_repo+tag")[0]["name"], asked);
}

#[test]
fn a_pull_that_fails_is_told_in_the_engines_words() {
    let (Some(engine), Some(registry)) = (Engine::find(), Registry::find()) else {
        return;
    };
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster).with_engine(&engine);
    for (image, words) in [
        (registry.name("pulls/absent:1"), "manifest unknown"),
        (
            "127.0.0.1:1/pulls/absent:1".to_owned(),
            "connection refused",
        ),
    ] {
        let output = environment.arv_keepdocker(&["--pull", &image]);

        let told = output.failure(1).to_owned();
        output.assert_told_to_people(&[&cluster.token()]);
        assert!(
            told.contains("`docker pull` ended with status 1"),
            "{output}"
        );
        assert!(told.contains(words), "{output}");
        cluster.assert_nothing_registered();
    }
}
