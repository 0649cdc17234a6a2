//! The ways in which scripts and programs call the Python program and the SDK's module, each run on them and on ours.
//!
//! A caller is a script for `bash`. In the one world `arv-keepdocker` is the Python program and `python` runs scripts as
//! they are; in the other it is ours, and `python` runs them as `python3 -m keepdocker run` does. What a caller prints,
//! how it ends, and what it leaves on the cluster must be equal, or the table says what differs.

use std::path::{Path, PathBuf};

use keepdocker_sandbox::Options;
use serde_json::Value;

use super::TABLE;
use super::records::Records;
use super::template::{ID, PROJECT, TAG, copy, link, template};
use crate::support::{Cluster, Engine, Environment, Image, Output, Python};

/// A way of calling.
struct Caller {
    what: &'static str,
    script: &'static str,
    /// The row of the table that says what differs, and a part of what ours prints.
    difference: Option<(&'static str, &'static str)>,
}

const fn caller(what: &'static str, script: &'static str) -> Caller {
    Caller {
        what,
        script,
        difference: None,
    }
}

/// What stands in `../shared/reference/faults-field.md` as scripts and callers, where a cluster, an engine and the
/// Python programs are all that they need.
const CALLERS: [Caller; 27] = [
    caller(
        "a manual that ends the options",
        "arv-keepdocker call/tool 1 >first; arv-keepdocker --project $P seeded/dated 2 >second;
         arv-keepdocker -- call/tool 1 | cmp - first",
    ),
    caller(
        "migrate.sh, with an ID in the place of a name and a tag that is not set",
        "set -eo pipefail; arv-keepdocker --project-uuid=$P call/tool:1 >first
         UUID=$(arv-keepdocker --force-image-format --project-uuid=$P $ENGINE_ID $tag); echo \"$UUID\" | cmp - first",
    ),
    caller(
        "arv-migrate-docker19",
        r#"script <<'END'
import arvados, arvados.commands.keepdocker as keepdocker
old = keepdocker.list_images_in_arv(arvados.api("v1"), 3)
print([image[1]["dockerhash"] for image in old if image[1]["dockerhash"].startswith("sha256:")])
END"#,
    ),
    caller(
        "a deployment that asks whether an image is there",
        "arv keep docker | grep -q 'seeded/dated' && echo there; arv keep docker | grep -q 'nothing/here' || echo absent",
    ),
    caller(
        "a deployment that looks for a version",
        "set -o pipefail; V=1; arv-keepdocker | grep -P \"seeded/dated +$V \"",
    ),
    caller(
        "a tutorial's copy",
        "arv-keepdocker | grep 'seeded/undated *latest'",
    ),
    caller(
        "a builder of images",
        r#"script <<'END'
import subprocess
for image in ["call/tool:1", "localhost:5000/call/tool:1"]:
    name, _, version = image.rpartition(":")
    subprocess.check_call(["arv-keepdocker", name, version])
END"#,
    ),
    caller("a name without a tag", "arv keep docker call/newest"),
    caller(
        "a wrapper that gives every option, some of them empty",
        "arv-keepdocker --project-uuid \"$UNSET\" --retries 3 --no-progress --name wdl call/tool 1",
    ),
    caller(
        "a front end that splits at every colon",
        r#"script <<'END'
import arvados, arvados.commands.keepdocker as keepdocker
name, tag = "seeded/dated:1".split(":")
print(keepdocker.list_images_in_arv(arvados.api("v1"), 2, name, tag)[0][0])
END"#,
    ),
    caller(
        "the checks of Arvados' own scripts",
        "arv-keepdocker --version | grep -oE 'arv-keepdocker [0-9]+\\.[0-9]+' | cut -d' ' -f1; echo ${PIPESTATUS[0]}
         arv-keepdocker -h 2>errors | grep -o 'usage: arv-keepdocker'; echo ${PIPESTATUS[0]}; cat errors
         arv-keepdocker --x-invalid-argument 2>errors; echo $?; grep -o 'usage: arv-keepdocker' errors",
    ),
    caller(
        "integration tests that take the UUID",
        "UUID=$(arv-keepdocker --no-resume call/tool:1); echo \"$UUID\"",
    ),
    caller(
        "calls of main",
        "python $CALLERS/main.py <<'END'
quiet --version
quiet -h
images

nothing/here
nothing/here latest
quiet --nonsense
quiet a b c
call/tool 1
call/tool 1
call/tool:1 2
--project-uuid=kdbox-j7d0g-000000000000001 call/tool 1
quiet --project-uuid=kdbox-j7d0g-zzzzzzzzzzzzzzz call/tool 1
localhost 5000/call/halves
localhost 5000/call/halves
localhost 5000/call/tool:1
localhost 5000/nothing
quiet feature branch/with/slashes
END",
    ),
    caller("the halves of a name", "arv-keepdocker localhost 5000/call/halves"),
    caller(
        "the halves of an ID",
        "arv-keepdocker sha256 ${ENGINE_ID#sha256:} && arv-keepdocker sha256 ${ENGINE_ID#sha256:}",
    ),
    caller(
        "arvados-cwl-runner looking for images",
        "python $CALLERS/runner.py <<'END'
 seeded/dated:1
 seeded/dated
 seeded/undated
 registry.example:1234/repo
 registry.example:1234/repo:latest
 localhost:5000/call/halves
 localhost:5000/call/halves
 localhost:5000/call/tool:1
 nothing/here:1
 Nothing/Here
 call/tool:2
project_uuid=kdbox-j7d0g-000000000000001 call/tool:1
project_uuid=kdbox-j7d0g-000000000000001,copy_deps seeded/dated:1
project_uuid=kdbox-j7d0g-zzzzzzzzzzzzzzz,copy_deps seeded/dated:2
match_local_docker call/tool:1
match_local_docker seeded/dated:1
END",
    ),
    caller(
        "arvados-cwl-runner from end to end",
        "for image in seeded/dated:1 registry.example:1234/repo localhost:5000/lab/tool nothing/here:1; do
           printf '{\"cwlVersion\": \"v1.2\", \"class\": \"CommandLineTool\", \"baseCommand\": \"echo\", \"inputs\": [],
             \"outputs\": [], \"requirements\": {\"DockerRequirement\": {\"dockerPull\": \"%s\"}}}' $image >tool.cwl
           arvados-cwl-runner --print-keep-deps tool.cwl 2>/dev/null; echo $?
         done",
    ),
    caller("lists of odd names", "python $CALLERS/names.py"),
    Caller {
        what: "lists of what the SDK takes for a pattern",
        script: "python $CALLERS/names.py patterns",
        difference: Some(("K11", "('s', None, None) []\n")),
    },
    caller(
        "arv-copy",
        "arv-keepdocker call/tool:1 >/dev/null; arv-keepdocker localhost:5000/call/tool:1 >/dev/null;
         python $CALLERS/copying.py",
    ),
    caller(
        "arv-copy of the SDK 2.7.0",
        "arv-keepdocker call/tool:1 >/dev/null; arv-keepdocker localhost:5000/call/tool:1 >/dev/null;
         PYTHONPATH=$OLD_SDK:$PYTHONPATH python $CALLERS/copying.py",
    ),
    caller(
        "an option that is gone",
        "arv-keepdocker --download d2c94e258dcb 2>/dev/null; echo $?",
    ),
    caller(
        "the manual of Arvados",
        "arv-keepdocker call/tool 1; arv-keepdocker call/tool:1 --project-uuid=$P; arv-keepdocker images",
    ),
    caller(
        "variables that are not set",
        "for time in 1 2 3; do arv-keepdocker --project-uuid=$UNSET call/tool:1; done
         arv-keepdocker --project-uuid \"\" images; arv-keepdocker --project-uuid=\"$UNSET\" | grep -c seeded
         arv-keepdocker --retries= call/tool:1 2>/dev/null; echo $?",
    ),
    caller(
        "an option that is repeated",
        "arv-keepdocker --project-uuid=nonsense --project-uuid=$P --name one --name two call/tool:1",
    ),
    caller(
        "what a program logs",
        "arv-keepdocker nothing/here 2>&1 | grep -o 'ERROR: no matching image found'; echo ${PIPESTATUS[0]}",
    ),
    caller(
        "the list of another cluster than the environment's",
        r#"ARVADOS_API_HOST=nowhere.invalid ARVADOS_API_TOKEN=none script <<'END'
import os, arvados, arvados.commands.keepdocker as keepdocker
api = arvados.api("v1", host=os.environ["TARGET_HOST"], token=os.environ["TARGET_TOKEN"], insecure=True)
print([uuid for uuid, _ in keepdocker.list_images_in_arv(api, 0)])
END"#,
    ),
];

/// Further names of the engine's image; another test has images of its own.
const NAMES: [&str; 4] = [
    "call/tool:2",
    "call/newest:latest",
    "localhost:5000/call/tool:1",
    "localhost:5000/call/halves:latest",
];

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
    let mut wrong = Vec::new();
    for caller in &CALLERS {
        let world = World {
            engine: &engine,
            python: &python,
            old_sdk: &old_sdk,
            engine_id: image.id(),
            template: template.path(),
        };
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
             script() {{ cat >caller.py; python caller.py; }}\n{}",
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
