//! The ways in which scripts and programs call the Python program and the SDK's module, each run on them and on ours.
//!
//! A caller is a script for `bash`. In the one world `arv-keepdocker` is the Python program and `python` runs scripts as
//! they are; in the other it is ours, and `python` runs them as `python3 -m keepdocker run` does. What a caller prints,
//! how it ends, and what it leaves on the cluster must be equal, or the table says what differs.

mod ways;

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use keepdocker_sandbox::Options;
use serde_json::Value;

use super::TABLE;
use super::records::Records;
use super::template::{ID, PROJECT, TAG, copy, link, template};
use crate::support::{
    Cluster, Engine, Environment, Guarded, Image, Output, Python, Registry, skip,
};
use ways::{CALLERS, Caller, Needs};

/// What a script that deploys images lets its token do, and no more.
const SCOPES: [&str; 17] = [
    "GET /arvados/v1/config",
    "GET /arvados/v1/users/current",
    "GET /arvados/v1/keep_services",
    "GET /arvados/v1/keep_services/",
    "GET /arvados/v1/groups",
    "GET /arvados/v1/groups/",
    "GET /arvados/v1/collections",
    "GET /arvados/v1/collections/",
    "POST /arvados/v1/collections",
    "PUT /arvados/v1/collections/",
    "PATCH /arvados/v1/collections/",
    "GET /arvados/v1/links",
    "GET /arvados/v1/links/",
    "POST /arvados/v1/links",
    "PUT /arvados/v1/links/",
    "PATCH /arvados/v1/links/",
    "GET /discovery/v1/",
];

/// Further names of the engine's image; another test has images of its own.
const NAMES: [&str; 4] = [
    "call/tool:2",
    "call/newest:latest",
    "localhost:5000/call/tool:1",
    "localhost:5000/call/halves:latest",
];

/// The secret of a token that may not do everything.
const SCOPED: &str = "3kg6k6lzmp9kj5cpkcoxie963cmvjahbt2fod9zru30k1jqdmi";

/// Makes the home and the root read-only, and becomes a user without an account, who may read what the test may: the
/// programs need not lie where everybody can read them.
const INSIDE: &str = r#"mount --bind "$HOME" "$HOME" && mount -o remount,bind,ro "$HOME" &&
    mount -o remount,bind,ro / || exit 99
    touch "$HOME/x" 2>/dev/null && exit 98
    export HOME=/
    exec setpriv --reuid 1000640000 --regid 1000640000 --clear-groups \
        --inh-caps +dac_read_search --ambient-caps +dac_read_search "$@""#;

/// What a caller did.
struct Done {
    code: Option<i32>,
    stdout: String,
    left: Vec<String>,
    output: Output,
}

#[test]
fn callers_get_from_ours_what_they_get_from_the_python_program() {
    let (Some(engine), Some(python)) = (Engine::find(), Python::find()) else {
        return;
    };
    let Some(old_sdk) = python.old_sdk() else {
        return;
    };
    let Some(image) = Image::build(&engine, "call/tool:1", "the same for all callers") else {
        return;
    };
    for name in NAMES {
        let _ = engine.docker(&["tag", image.name(), name]).success();
    }
    let template = template();
    let world = World {
        engine: &engine,
        python: &python,
        old_sdk: &old_sdk,
        engine_id: image.id(),
        template: template.path(),
        registries: registries(&engine, &image),
    };
    let is_root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    if !is_root {
        skip("root, for the caller in a container");
    }
    let mut wrong = Vec::new();
    for caller in &CALLERS {
        let is_possible = match caller.needs {
            Needs::Nothing => true,
            Needs::Registry => world.registries.is_some(),
            Needs::Root => is_root,
        };
        if !is_possible {
            continue;
        }
        let (ours, theirs) = (world.run(caller, true), world.run(caller, false));
        let is_equal =
            (ours.code, &ours.stdout, &ours.left) == (theirs.code, &theirs.stdout, &theirs.left);
        let is_right = match caller.difference {
            None => is_equal,
            Some((row, part)) => {
                !is_equal && ours.stdout.contains(part) && TABLE.contains(&format!("\n| {row} |"))
            }
        };
        if !is_right {
            wrong.push(format!(
                "== {} (difference allowed: {:?})\n{}ours: {:?} {:#?}\n{}\ntheirs: {:?} {:#?}\n{}",
                caller.what,
                caller.difference,
                first_difference(&ours.stdout, &theirs.stdout),
                ours.code,
                ours.left,
                ours.output,
                theirs.code,
                theirs.left,
                theirs.output
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} callers:\n{}",
        wrong.len(),
        CALLERS.len(),
        wrong.join("\n")
    );
}

/// Returns the open registry and the one that wants a login, which have two versions of the image that the engine
/// has not; skips what needs them if there is none.
fn registries(engine: &Engine, image: &Image<'_>) -> Option<(Registry, Guarded)> {
    let registry = Registry::find()?;
    for name in ["call/jobs:1", "call/jobs:latest"] {
        let name = registry.name(name);
        let _ = engine.docker(&["tag", image.name(), &name]).success();
        let _ = engine.docker(&["push", "--quiet", &name]).success();
        let _ = engine.docker(&["rmi", &name]).success();
    }
    let guarded = Guarded::start(&registry);
    Some((registry, guarded))
}

/// The page says of each caller which of these it is.
#[test]
fn every_way_of_calling_that_the_page_names_is_run() {
    const PAGE: &str = include_str!("../../../docs/where-it-runs.md");
    let (_, table) = PAGE.split_once("\n## Who calls\n").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap_or((table, ""));
    let rows: Vec<&str> = table
        .lines()
        .filter(|line| line.starts_with("| "))
        .collect();
    // The head of the table is one more.
    assert!(rows.len() > 24, "{} callers", rows.len() - 1);
    for row in &rows[1..] {
        let case = row
            .trim_end_matches([' ', '|'])
            .rsplit(" | ")
            .next()
            .unwrap();
        assert!(
            CALLERS.iter().any(|caller| caller.what == case),
            "there is no caller `{case}`"
        );
    }
}

fn first_difference(ours: &str, theirs: &str) -> String {
    ours.lines()
        .zip(theirs.lines())
        .find(|(ours, theirs)| ours != theirs)
        .map(|(ours, theirs)| format!("ours says   {ours}\ntheirs says {theirs}\n"))
        .unwrap_or_default()
}

/// Where callers run.
struct World<'a> {
    engine: &'a Engine,
    python: &'a Python,
    old_sdk: &'a Path,
    engine_id: &'a str,
    template: &'a Path,
    registries: Option<(Registry, Guarded)>,
}

impl World<'_> {
    fn run(&self, caller: &Caller, on_ours: bool) -> Done {
        let open = || Cluster::open(copy(self.template), Options::default());
        let (cluster, target) = (open(), open());
        let owner = cluster.user_uuid();
        // Links that anybody may have made, whose names are in no grammar.
        let odd = [
            ("Lab/Tool:1", "a"),
            (" lab/tool:1", "b"),
            ("localhost:5000/lab/tool", "c"),
            ("--force:latest", "d"),
            ("\u{fc}n\u{ef}code/tool:1", "e"),
            ("no-colon", "g"),
            // What the runner itself runs in.
            ("arvados/jobs:3.2.1", "h"),
        ];
        let links: Vec<Value> = odd
            .iter()
            .map(|(name, second)| {
                let at = format!("2022-01-01T00:00:{:02}Z", second.as_bytes()[0] - b'a');
                link(TAG, name, 1, &at, &Value::Null, &owner)
            })
            .collect();
        cluster.seed().links(&links).unwrap();
        // An image of the first kind, whose ID has no algorithm.
        let old = link(
            ID,
            &"d1".repeat(32),
            4,
            "2015-01-01T00:00:00Z",
            &Value::Null,
            &owner,
        );
        cluster.seed().links(&[old]).unwrap();
        let before = (Records::of(&cluster), Records::of(&target));
        let environment = self.environment(&cluster, &target, on_ours);
        let python = self.python.program("python");
        let python = python.display();
        let run = if on_ours { "-m keepdocker run" } else { "" };
        let script = format!(
            "python() {{ {python} {run} \"$@\"; }}\n\
             arvados-cwl-runner() {{ python $CALLERS/whole_runner.py \"$@\"; }}\n\
             # What the Ruby program does with these words.\n\
             arv() {{ shift 2; arv-keepdocker \"$@\"; }}\n\
             script() {{ cat >caller.py; python caller.py; }}\n\
             inside() {{ unshare --mount --propagation private bash -c '{INSIDE}' bash \"$@\"; }}\n{}",
            caller.script
        );
        let output = environment.run("bash", &["-c", &script]);
        let mut left = Records::of(&cluster).since(&before.0);
        left.extend(Records::of(&target).since(&before.1));
        // What a collection tells of its further names is compared elsewhere (K46).
        for record in &mut left {
            if let Some((told, _)) = record.split_once(" and {") {
                *record = told.to_owned();
            }
        }
        Done {
            code: output.status.code(),
            stdout: before.0.without_new_uuids(&output.stdout()),
            left,
            output,
        }
    }

    fn environment(&self, cluster: &Cluster, target: &Cluster, on_ours: bool) -> Environment {
        let mut environment = Environment::on(cluster).with_engine(self.engine);
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let ours = PathBuf::from(env!("CARGO_BIN_EXE_arv-keepdocker"));
        let programs = if on_ours {
            ours.parent().unwrap().to_owned()
        } else {
            self.python.program("")
        };
        let path = environment.variable("PATH").to_string_lossy().into_owned();
        environment.set("PATH", format!("{}:{path}", programs.display()));
        environment.set("PYTHONDONTWRITEBYTECODE", "1");
        environment.set(
            "PYTHONPATH",
            if on_ours {
                root.join("python")
            } else {
                PathBuf::new()
            },
        );
        environment.set("CALLERS", root.join("../tests/python/callers"));
        environment.set("OLD_SDK", self.old_sdk);
        environment.set("P", PROJECT);
        if let Some((registry, guarded)) = &self.registries {
            environment.set("REGISTRY", registry.host());
            environment.set("GUARDED", guarded.host());
        }
        let scoped = cluster
            .seed()
            .token(&cluster.user_uuid(), SCOPED, &SCOPES, None);
        environment.set("SCOPED", scoped.unwrap());
        environment.set("ENGINE_ID", self.engine_id);
        for (name, value) in target.environment() {
            match name.as_str() {
                "ARVADOS_API_HOST" => environment.set("TARGET_HOST", value),
                "ARVADOS_API_TOKEN" => environment.set("TARGET_TOKEN", value),
                _ => {}
            }
        }
        environment
    }
}
