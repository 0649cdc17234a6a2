//! Which variables of the environment reach the engine: what its helpers need, and nothing of ours.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::support::{Cluster, Environment, StandIn};

/// Notes the environment, and fails as a registry does that got no credentials.
const PULL: &str = "env >\"$HOME/environment\"; echo 'no basic auth credentials' >&2; exit 1";

#[test]
fn what_credential_helpers_need_reaches_the_engine_and_nothing_of_ours() {
    for (list, extra) in [
        (None, false),
        (Some("MY_VAULT,GH_*"), true),
        (Some("*"), true),
    ] {
        let cluster = Cluster::start();
        let mut environment = Environment::on(&cluster);
        StandIn::new().pulling(PULL).install(&mut environment);
        let needed = [
            "AWS_PROFILE",
            "AWS_SECRET_ACCESS_KEY",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "CLOUDSDK_CONFIG",
            "AZURE_TENANT_ID",
            "GNUPGHOME",
            "PASSWORD_STORE_DIR",
            "REGISTRY_AUTH_FILE",
            "LD_LIBRARY_PATH",
            "all_proxy",
        ];
        for name in needed.iter().chain(&["MY_VAULT", "GH_TOKEN"]) {
            environment.set(name, "of-the-lab");
        }
        environment.set("all_proxy", "http://127.0.0.1:1");
        environment.set("no_proxy", "127.0.0.1,localhost");
        if let Some(list) = list {
            environment.set("KEEPDOCKER_ENGINE_ENV", list);
        }

        for is_drop_in in [false, true] {
            let output = match is_drop_in {
                false => environment.keepdocker(&["upload", "--pull=always", "hello-world"]),
                true => environment.arv_keepdocker(&["--pull", "hello-world"]),
            };

            output.assert_told_to_people(&[&cluster.token()]);
            let told = output.failure(1);
            assert!(told.contains("no basic auth credentials"), "{output}");
            assert!(told.contains("KEEPDOCKER_ENGINE_ENV=NAME"), "{output}");
            let file = environment.home().join("environment");
            let reached = fs::read_to_string(&file).unwrap();
            fs::remove_file(&file).unwrap();
            assert!(!reached.contains(&cluster.token()), "{reached}");
            let names: BTreeSet<&str> = reached
                .lines()
                .filter_map(|line| Some(line.split_once('=')?.0))
                .collect();
            for name in needed {
                assert!(names.contains(name), "{name} in {reached}");
            }
            for name in ["MY_VAULT", "GH_TOKEN"] {
                assert_eq!(names.contains(name), extra, "{name} in {reached}");
            }
            let is_ours =
                |name: &&&str| name.starts_with("ARVADOS") || name.starts_with("KEEPDOCKER");
            assert_eq!(names.iter().find(is_ours), None);
        }
    }
}

#[test]
fn a_list_that_names_what_is_ours_is_refused_before_the_engine_is_started() {
    let cluster = Cluster::start();
    let mut environment = Environment::on(&cluster);
    StandIn::answering("touch \"$HOME/started\"").install(&mut environment);
    for (list, words) in [
        (
            "AWS_PROFILE,ARVADOS_API_TOKEN",
            "`ARVADOS_API_TOKEN` is never given to an engine",
        ),
        ("ARVADOS_*", "`ARVADOS_*` is never given to an engine"),
        ("GH_TOKEN=x", "`GH_TOKEN=x` is no name of a variable"),
    ] {
        environment.set("KEEPDOCKER_ENGINE_ENV", list);

        let output = environment.keepdocker(&["upload", "hello-world"]);

        assert!(output.failure(2).contains(words), "{output}");
        assert!(output.stderr.contains("KEEPDOCKER_ENGINE_ENV"), "{output}");
        assert!(!environment.home().join("started").exists());
    }
}

#[test]
fn an_empty_search_path_does_not_run_what_lies_in_the_current_folder() {
    let cluster = Cluster::start();
    let mut environment = Environment::on(&cluster);
    let planted = environment.home().join("docker");
    fs::write(&planted, "#!/bin/sh\n: >started\n").unwrap();
    fs::set_permissions(&planted, fs::Permissions::from_mode(0o755)).unwrap();
    for path in ["", "  "] {
        environment.set("PATH", path);
        let output = environment.keepdocker(&["upload", "hello-world"]);
        assert!(!output.status.success(), "{output}");
        assert!(!environment.home().join("started").exists(), "{output}");
    }
    // What would have been run there, had somebody asked for it.
    environment.set("PATH", ".");
    let _ = environment.keepdocker(&["upload", "hello-world"]);
    assert!(environment.home().join("started").exists());
}
