//! What the commands of a page find: a cluster, an engine with images, archives, a registry.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::{Cluster, Engine, Environment, FaultyRegistry, Image, Made};

/// The parts that a page needs. Those that it does not are not there.
pub(super) struct Given {
    environment: Environment,
    /// What a page writes, and what is typed in its place.
    stands_for: Vec<(String, String)>,
    // The images go before the engine.
    _images: Vec<Image<'static>>,
    _cluster: Cluster,
    _registries: Vec<FaultyRegistry>,
}

impl Given {
    /// Makes what the lines of a page ask for; skips the test if there is no engine to be had.
    ///
    /// | line | |
    /// |---|---|
    /// | `cluster` | the variables lead to a cluster; otherwise it has to be named. Its host is `zzzzz.example.org` |
    /// | `engine NAME…` | an engine with these images |
    /// | `containerd NAME…` | the same, whose store is that of containerd |
    /// | `archive FILE NAME` | an image as `docker save` writes it, another for each line |
    /// | `cargo` | a `cargo` whose `run` runs the program that was built |
    /// | `clone FILE` | a file of the repository, in the folder of its name |
    /// | `project PATH` | a project of the user, with those above it |
    /// | `user NAME` | another user |
    /// | `registry HOST/NAME:TAG` | an image of a registry |
    ///
    /// Standard input of each command is the token, which `login` reads.
    pub(super) fn find(needs: &[String]) -> Option<Given> {
        let cluster = Cluster::start();
        let mut environment = Environment::on(&cluster);
        let host = environment.variable("ARVADOS_API_HOST").to_str().unwrap();
        let host = host.to_owned();
        let token = cluster.token();
        let mut stands_for = vec![
            ("zzzzz.example.org".to_owned(), host),
            ("zzzzz-".to_owned(), "kdbox-".to_owned()),
            ("v2/…".to_owned(), token.clone()),
        ];
        let is_known = needs.iter().any(|need| need == "cluster");
        if !is_known {
            environment.unset("ARVADOS_API_HOST");
            environment.unset("ARVADOS_API_TOKEN");
        }
        prepare(&mut environment, &token);
        let mut images = Vec::new();
        let mut registries = Vec::new();
        for (number, need) in (1..).zip(needs) {
            let (what, rest) = need.split_once(' ').unwrap_or((need, ""));
            match what {
                "cluster" => {}
                "cargo" => add_cargo(&environment),
                "engine" | "containerd" => {
                    let engine = match what {
                        "engine" => Engine::find()?,
                        _ => Engine::containerd()?,
                    };
                    // It is as good as the process's own, whose variables name it.
                    let engine: &'static Engine = Box::leak(Box::new(engine));
                    environment = environment.with_engine(engine);
                    for name in rest.split(' ') {
                        images.push(Image::build(engine, name, &format!("the guide's {name}"))?);
                    }
                }
                "archive" => {
                    let (file, name) = rest.split_once(' ').unwrap();
                    let archive = image(number).saved(&[name]);
                    fs::write(environment.home().join(file), archive).unwrap();
                }
                "clone" => {
                    let place = environment.home().join(rest);
                    fs::create_dir_all(place.parent().unwrap()).unwrap();
                    fs::copy(super::root().join(rest), place).unwrap();
                }
                "project" => add_project(&cluster, rest),
                "user" => {
                    let _ = cluster.seed().user(None, rest, false).unwrap();
                }
                "registry" => {
                    let (host, name) = rest.split_once('/').unwrap();
                    let registry = FaultyRegistry::serve(&image(number), |_| None);
                    registry.call_it(name.rsplit(':').next().unwrap());
                    stands_for.push((host.to_owned(), registry.host()));
                    registries.push(registry);
                }
                other => panic!("a page needs `{other}`, which nobody knows"),
            }
        }
        Some(Given {
            environment,
            stands_for,
            _images: images,
            _cluster: cluster,
            _registries: registries,
        })
    }

    pub(super) fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Returns what is typed, or printed, where a page writes this.
    pub(super) fn real(&self, text: &str) -> String {
        let pairs = self.stands_for.iter();
        pairs.fold(text.to_owned(), |text, (shown, real)| {
            text.replace(shown, real)
        })
    }
}

/// Makes a `cargo` whose `run` runs the program that was built.
fn add_cargo(environment: &Environment) {
    let install = "printf '#!/bin/sh\\n[ \"$1\" = run ] && shift 2 && exec keepdocker \"$@\"\\n' >bin/cargo; chmod +x bin/cargo";
    let _ = environment.run("sh", &["-c", install]).success();
}

/// Puts the programs onto the path, and the token where standard input comes from.
fn prepare(environment: &mut Environment, token: &str) {
    let programs = environment.home().join("bin");
    fs::create_dir(&programs).unwrap();
    for (name, program) in [
        ("keepdocker", env!("CARGO_BIN_EXE_keepdocker")),
        ("arv-keepdocker", env!("CARGO_BIN_EXE_arv-keepdocker")),
    ] {
        symlink(program, programs.join(name)).unwrap();
    }
    let path = environment.variable("PATH").to_str().unwrap();
    let path = format!("{}:{path}", programs.display());
    environment.set("PATH", path);
    let answers = environment.home().join(".answers");
    fs::write(&answers, format!("{token}\n")).unwrap();
    environment.set("answers", answers);
}

/// Makes an image that no other number has, of the same bytes every time.
fn image(number: u64) -> Made {
    Made::of(&[(number, 3 << 20), (100 + number, 100_000)])
}

/// Makes a project and those above it, as far as they are not there.
fn add_project(cluster: &Cluster, path: &str) {
    let mut owner = cluster.user_uuid();
    for name in path.split('/') {
        let groups = cluster.inspect().groups().unwrap();
        let there = groups
            .iter()
            .find(|group| group["name"] == name && group["owner_uuid"] == *owner);
        owner = match there {
            Some(group) => group["uuid"].as_str().unwrap().to_owned(),
            None => cluster.seed().project(None, &owner, name).unwrap(),
        };
    }
}
