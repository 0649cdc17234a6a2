//! Images of registries in the component for WASI runtimes, over the requests that the stock program `wasmtime` sends
//! for it.

use serde_json::Value;

use crate::support::{Cluster, Deed, Environment, FaultyRegistry, Grants, Made, Output, Wasmtime};
use crate::wasi::{reachable_cluster, surroundings};

const MIB: usize = 1 << 20;
/// `user:hidden-pw` in Base64.
const LOGIN: &str = "dXNlcjpoaWRkZW4tcHc=";

fn image() -> Made {
    Made::of(&[(1, 3 * MIB), (2, 1000), (3, 2 * MIB)])
}

/// Uploads by the component, which is granted requests and no folder.
fn upload(wasmtime: &Wasmtime, environment: &Environment, source: &str) -> Output {
    let grants = Grants {
        http: true,
        folder: None,
        cluster: true,
    };
    wasmtime.run(environment, &grants, &["upload", "--from", source])
}

/// Uploads by the native program into a cluster of its own; returns the collection.
fn native(source: &str) -> Value {
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let _ = environment
        .keepdocker(&["upload", "--from", source])
        .success();
    cluster.only_collection()
}

#[test]
fn it_is_the_image_that_the_native_program_stores() {
    let Some(wasmtime) = Wasmtime::find() else {
        return;
    };
    let registry = FaultyRegistry::serve(&image(), |_| None);
    for name in ["lab/tool:1", "lab/tool:index"] {
        let source = registry.source(name);
        let expected = native(&source);
        let cluster = reachable_cluster();
        let environment = surroundings(&cluster);
        let output = upload(&wasmtime, &environment, &source);
        let _ = output.success();
        let collection = cluster.only_collection();
        for member in ["portable_data_hash", "name", "properties"] {
            assert_eq!(collection[member], expected[member], "{name}: {output}");
        }
        // A second time the config alone is asked for.
        let before = registry.asked("/blobs/").len();
        let _ = upload(&wasmtime, &environment, &source).success();
        assert_eq!(registry.asked("/blobs/").len() - before, 1);
        assert_eq!(cluster.collections().len(), 1);
    }
}

#[test]
fn a_connection_that_is_cut_is_taken_up_where_it_ended() {
    let Some(wasmtime) = Wasmtime::find() else {
        return;
    };
    let image = image();
    let registry = FaultyRegistry::serve(&image, |asked| {
        let is_first = asked.path.contains("/blobs/") && asked.before == 0;
        (is_first && asked.header("range").is_none()).then_some(Deed::Cut(MIB + 17))
    });
    let cluster = reachable_cluster();
    let output = upload(
        &wasmtime,
        &surroundings(&cluster),
        &registry.source("lab/tool:1"),
    );
    let _ = output.success();
    assert_eq!(cluster.collections().len(), 1, "{output}");
    let parts = registry.asked("/blobs/");
    let parts = parts.iter().filter_map(|asked| asked.header("range"));
    assert_eq!(parts.count(), 2, "of both large layers: {output}");
    assert!(
        registry.sent() < registry.layers * 102 / 100 + (64 << 10),
        "{} bytes were sent for {}",
        registry.sent(),
        registry.layers
    );
}

#[test]
fn what_is_not_what_its_digest_says_is_not_registered() {
    let Some(wasmtime) = Wasmtime::find() else {
        return;
    };
    let image = image();
    let garbled = FaultyRegistry::serve(&image, |_| None).blobs[0].0.clone();
    let registry = FaultyRegistry::serve(&image, move |asked| {
        asked.path.contains(&garbled).then_some(Deed::Garble(5000))
    });
    let cluster = reachable_cluster();
    let output = upload(
        &wasmtime,
        &surroundings(&cluster),
        &registry.source("lab/tool:1"),
    );
    let _ = output.failure(1);
    cluster.assert_nothing_registered();
}

#[test]
fn a_login_goes_to_its_registry_alone_and_is_not_shown() {
    let Some(wasmtime) = Wasmtime::find() else {
        return;
    };
    let other = FaultyRegistry::serve(&image(), |_| None);
    let elsewhere = format!("http://{}", other.host());
    let registry = FaultyRegistry::serve(&image(), move |asked| {
        let expected = format!("Basic {LOGIN}");
        if asked.header("authorization") != Some(&expected) {
            let demand = "Basic realm=\"lab\"".to_owned();
            return Some(Deed::Status(401, vec![("WWW-Authenticate", demand)]));
        }
        asked.path.contains("/blobs/").then(|| {
            let location = format!("{elsewhere}{}", asked.path);
            Deed::Status(307, vec![("Location", location)])
        })
    });
    let cluster = reachable_cluster();
    let mut environment = surroundings(&cluster);
    environment.set(
        "DOCKER_AUTH_CONFIG",
        format!(
            r#"{{"auths":{{"{}":{{"auth":"{LOGIN}"}}}}}}"#,
            registry.host()
        ),
    );
    let output = upload(&wasmtime, &environment, &registry.source("lab/tool:1"));
    let _ = output.success();
    assert_eq!(cluster.collections().len(), 1, "{output}");
    let led = other.asked("/blobs/");
    assert!(!led.is_empty());
    assert!(
        led.iter()
            .all(|asked| asked.header("authorization").is_none())
    );
    let told = output.to_string();
    for secret in [LOGIN, "hidden-pw"] {
        assert!(!told.contains(secret), "{told}");
    }
}

#[test]
fn an_absent_image_and_one_without_a_name_are_told() {
    let Some(wasmtime) = Wasmtime::find() else {
        return;
    };
    let registry = FaultyRegistry::serve(&image(), |asked| {
        asked
            .path
            .contains("absent")
            .then(|| Deed::Status(404, Vec::new()))
    });
    let cluster = reachable_cluster();
    let environment = surroundings(&cluster);
    for (source, words) in [
        (registry.source("lab/absent:1"), "absent"),
        (registry.source("lab/Tool:1"), "lab/Tool"),
    ] {
        let output = upload(&wasmtime, &environment, &source);
        assert!(output.failure(1).contains(words), "{output}");
    }
    cluster.assert_nothing_registered();
}
