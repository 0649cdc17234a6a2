//! Programs of Arvados that import the Python module, on our Python package.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Cluster, Environment, Python};

const HELLO_WORLD: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../tests/data/hello-world-ManifestV2.tar"
);

#[test]
fn arvados_cwl_runner_finds_an_image_through_our_package() {
    let Some(python) = Python::find() else { return };
    let cluster = Cluster::start();
    let mut environment = Environment::on(&cluster);
    environment
        .keepdocker(&["upload", "--from", &format!("docker-archive:{HELLO_WORLD}")])
        .success();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    environment.set("PYTHONPATH", root.join("python"));
    environment.set("PYTHONDONTWRITEBYTECODE", "1");
    environment.set("KEEPDOCKER", env!("CARGO_BIN_EXE_keepdocker"));
    environment.set("ARV_KEEPDOCKER", env!("CARGO_BIN_EXE_arv-keepdocker"));

    let script = root.join("../tests/python/front_ends.py");
    let output = python.run(&environment, "python", &[script]);

    let answer: Value = serde_json::from_str(&output.success()).unwrap();
    let collection = &cluster.collections()[0];
    assert_eq!(answer["pdh"], collection["portable_data_hash"], "{answer}");
    assert_eq!(
        (&answer["same"], &answer["count"], &answer["code"]),
        (&json!(true), &json!(1), &json!(0)),
        "{answer}"
    );
    assert_eq!(answer["absent"], json!([]), "{answer}");
    let listing = answer["listing"].as_str().unwrap();
    assert!(
        listing.contains(collection["uuid"].as_str().unwrap()),
        "{listing}"
    );
}
