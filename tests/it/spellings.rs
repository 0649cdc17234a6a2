//! One name in all its spellings, asked of every source, command and program.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::support::{Cluster, Environment, Grants, Layer, StandIn, Wasmtime, saved};

/// What Docker takes for `busybox:1`.
const SPELLINGS: [&str; 7] = [
    "busybox:1",
    "library/busybox:1",
    "docker.io/busybox:1",
    "docker.io/library/busybox:1",
    "index.docker.io/busybox:1",
    "index.docker.io/library/busybox:1",
    "index.docker.io:443/library/busybox:1",
];

/// What looks like it and is another name, or none.
const OTHERS: [&str; 5] = [
    "quay.io/library/busybox:1",
    "localhost/busybox:1",
    "docker.io/lab/busybox:1",
    "docker.io:5000/busybox:1",
    "Docker.io/library/busybox:1",
];

/// Names that engines make up for images without one.
const MADE_UP: [&str; 4] = [
    "overlayfs@sha256:1111111111111111111111111111111111111111111111111111111111111111",
    "moby-dangling@sha256:1111111111111111111111111111111111111111111111111111111111111111",
    "import-2024-05-06@sha256:1111111111111111111111111111111111111111111111111111111111111111",
    "<none>:<none>",
];

/// Writes an archive of a small image that has this name.
fn archive(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join("saved.tar");
    let mut file = File::create(&path).unwrap();
    let _ = io::copy(&mut saved(&[Layer::new(1, 3000)], name), &mut file).unwrap();
    path
}

fn from(archive: &Path) -> String {
    format!("docker-archive:{}", archive.display())
}

/// The names that the cluster has, each once for each link.
fn names(cluster: &Cluster) -> Vec<String> {
    let links = cluster.links_of("docker_image_repo+tag");
    let name = |link: &serde_json::Value| link["name"].as_str().unwrap().to_owned();
    links.iter().map(name).collect()
}

/// Makes the only image of the engine known by one name, whatever it is asked for.
fn engine(environment: &mut Environment) {
    let id = StandIn::ID;
    StandIn::new()
        .inspecting(format!(
            "echo '{{\"Id\": \"{id}\", \"RepoTags\": [\"busybox:1\"]}}'"
        ))
        .install(environment);
}

#[test]
fn every_spelling_is_one_name_on_the_cluster_whatever_the_source() {
    let folder = tempfile::tempdir().unwrap();
    for spelling in SPELLINGS {
        let cluster = Cluster::start();
        let environment = Environment::on(&cluster);
        // The archive has it.
        let named = archive(folder.path(), spelling);
        let upload = ["upload", "--from", &from(&named)];
        let _ = environment.keepdocker(&upload).success();
        assert_eq!(names(&cluster), ["busybox:1"], "{spelling}");
        let streamed = environment.run_on(
            env!("CARGO_BIN_EXE_keepdocker"),
            &["upload", "--force", "--from", "-"],
            File::open(&named).unwrap(),
        );
        let _ = streamed.success();
        let names_now = names(&cluster);
        assert!(
            names_now.iter().all(|name| name == "busybox:1"),
            "{names_now:?}"
        );
        // It is the one that is meant, however it is spelled there.
        let chosen = format!("{}:{spelling}", from(&archive(folder.path(), "busybox:1")));
        let _ = environment
            .keepdocker(&["upload", "--from", &chosen])
            .success();
        // It is given to another.
        let other = from(&archive(folder.path(), "lab/other:1"));
        let _ = environment
            .keepdocker(&["upload", "--from", &other, spelling])
            .success();
        let planned = environment
            .keepdocker(&["plan", "--from", &other, spelling])
            .success();
        assert!(!planned.contains("docker.io"), "{spelling}: {planned}");
        let names = names(&cluster);
        assert!(names.iter().all(|name| name == "busybox:1"), "{names:?}");
    }
}

#[test]
fn every_spelling_finds_the_image_in_every_command() {
    let cluster = Cluster::start();
    let environment = Environment::on(&cluster);
    let folder = tempfile::tempdir().unwrap();
    let uploaded = environment
        .keepdocker(&[
            "upload",
            "--from",
            &from(&archive(folder.path(), "busybox:1")),
        ])
        .success();
    for spelling in SPELLINGS {
        let listed = environment.keepdocker(&["images", spelling]).success();
        assert_eq!(listed.lines().count(), 2, "{spelling}: {listed}");
        // The engine has not got it, so it is the cluster's.
        let again = environment
            .keepdocker(&["upload", "--engine", "true", spelling])
            .success();
        assert_eq!(again, uploaded, "{spelling}");
        let target = folder.path().join("fetched.tar");
        let _ = environment
            .keepdocker(&["save", spelling, "-o", target.to_str().unwrap()])
            .success();
        fs::remove_file(target).unwrap();
    }
    for other in OTHERS {
        let listed = environment.keepdocker(&["images", other]).success();
        assert_eq!(listed.lines().count(), 1, "{other}: {listed}");
    }
}

#[test]
fn both_programs_register_every_spelling_of_what_an_engine_has_as_one_name() {
    let cluster = Cluster::start();
    let mut environment = Environment::on(&cluster);
    engine(&mut environment);
    for spelling in SPELLINGS {
        let _ = environment.keepdocker(&["upload", spelling]).success();
        let _ = environment.arv_keepdocker(&[spelling]).success();
        let (repository, tag) = spelling.rsplit_once(':').unwrap();
        let _ = environment.arv_keepdocker(&[repository, tag]).success();
        assert_eq!(names(&cluster), ["busybox:1"], "{spelling}");
    }
}

#[test]
fn a_rule_means_every_spelling_of_the_repository_that_it_names() {
    let cluster = Cluster::start();
    let mut environment = Environment::on(&cluster);
    engine(&mut environment);
    let policy = |rule: &str| {
        format!(
            "schema = \"keepdocker.policy/1\"\n\
             [[allow]]\nid = \"all\"\nverbs = [\"*\"]\nreason = \"test\"\n\
             [[deny]]\nid = \"no\"\nverbs = [\"engine.find\", \"links.create\"]\nrepositories = [\"{rule}\"]\nreason = \"test\"\n"
        )
    };
    let file = environment.home().join("policy.toml");
    let file_name = file.to_str().unwrap().to_owned();
    for rule in [
        "busybox",
        "index.docker.io/library/busybox",
        "docker.io/**",
        "library/**",
    ] {
        fs::write(&file, policy(rule)).unwrap();
        for spelling in SPELLINGS {
            let output = environment.keepdocker(&["--policy", &file_name, "upload", spelling]);
            assert_eq!(output.status.code(), Some(3), "{rule} {spelling}: {output}");
        }
    }
    cluster.assert_nothing_registered();
    // Another way to write a port is no other registry.
    fs::write(&file, policy("bad.example.org/**")).unwrap();
    for (name, code) in [
        ("bad.example.org/x:1", 3),
        ("bad.example.org:443/x:1", 3),
        ("BAD.example.org/x:1", 3),
        ("bad.example.org:0443/x:1", 2),
        ("bad.example.org:00443/x:1", 2),
        ("bad.example.org:65979/x:1", 2),
    ] {
        let output = environment.keepdocker(&["--policy", &file_name, "upload", name]);
        assert_eq!(output.status.code(), Some(code), "{name}: {output}");
        // Whatever component asks: the gate denies it.
        let explained = environment.keepdocker(&[
            "--policy",
            &file_name,
            "policy",
            "explain",
            "links.create",
            "docker_image_repo+tag",
            name,
        ]);
        assert_eq!(explained.status.code(), Some(3), "{name}: {explained}");
    }
    cluster.assert_nothing_registered();
}

#[test]
fn what_engines_call_images_without_a_name_becomes_no_name() {
    for made_up in MADE_UP {
        let cluster = Cluster::start();
        let environment = Environment::on(&cluster);
        let archive = archive(environment.home(), made_up);
        let output = environment.keepdocker(&["upload", "--from", &from(&archive)]);
        assert!(
            output
                .stderr
                .contains("a name that the archive gives the image is left out"),
            "{output}"
        );
        let _ = output.success();
        assert_eq!(names(&cluster), Vec::<String>::new(), "{made_up}");
        let told = cluster.only_collection().to_string();
        let word = made_up.split(['@', ':']).next().unwrap();
        assert!(!told.contains(word), "{told}");
        // Nor by its name on the command line.
        let asked = environment.keepdocker(&["upload", "--from", &from(&archive), made_up]);
        assert_eq!(asked.status.code(), Some(2), "{asked}");
        assert_eq!(names(&cluster), Vec::<String>::new(), "{made_up}");
    }
}

#[test]
fn every_spelling_is_one_name_to_the_component_for_wasi_runtimes() {
    let Some(wasmtime) = Wasmtime::find() else {
        return;
    };
    let cluster = super::wasi::reachable_cluster();
    let surroundings = super::wasi::surroundings(&cluster);
    let folder = tempfile::tempdir().unwrap();
    let grants = Grants {
        http: true,
        folder: Some(folder.path()),
        cluster: true,
    };
    for spelling in SPELLINGS {
        let _ = archive(folder.path(), spelling);
        let upload = ["upload", "--from", "docker-archive:/saved.tar"];
        let _ = wasmtime.run(&surroundings, &grants, &upload).success();
        let listed = wasmtime
            .run(&surroundings, &grants, &["images", spelling])
            .success();
        assert_eq!(listed.lines().count(), 2, "{spelling}: {listed}");
        assert_eq!(names(&cluster), ["busybox:1"], "{spelling}");
    }
    for made_up in MADE_UP {
        let _ = archive(folder.path(), made_up);
        let upload = ["upload", "--from", "docker-archive:/saved.tar"];
        let _ = wasmtime.run(&surroundings, &grants, &upload).success();
        assert_eq!(names(&cluster), ["busybox:1"], "{made_up}");
    }
}
