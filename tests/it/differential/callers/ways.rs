//! The callers, each a script.

/// A way of calling.
pub(super) struct Caller {
    /// What calls so; `docs/where-it-runs.md` names it.
    pub(super) what: &'static str,
    pub(super) script: &'static str,
    /// What it needs besides a cluster, an engine and the Python programs.
    pub(super) needs: Needs,
    /// The row of the table that says what differs, and a part of what ours prints.
    pub(super) difference: Option<(&'static str, &'static str)>,
}

/// What a caller needs of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    Nothing,
    /// A registry, open and guarded.
    Registry,
    /// The right to make the system read-only, and to become another user.
    Root,
}

const fn caller(what: &'static str, script: &'static str) -> Caller {
    Caller {
        what,
        script,
        needs: Needs::Nothing,
        difference: None,
    }
}

/// Every way of calling of `docs/where-it-runs.md`, and some more.
pub(super) const CALLERS: [Caller; 32] = [
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
        needs: Needs::Nothing,
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
    Caller {
        needs: Needs::Registry,
        ..caller(
            "a deployment that pulls into a project, with a token of few scopes",
            "ARVADOS_API_TOKEN=$SCOPED; arv-keepdocker --pull --project-uuid=$P $REGISTRY/call/jobs 1
             arv keep docker | grep -q \"$REGISTRY/call/jobs\" && echo there
             docker rmi $REGISTRY/call/jobs:1 >/dev/null",
        )
    },
    Caller {
        needs: Needs::Registry,
        ..caller(
            "tests that pull with a credential helper, tag, and upload",
            "mkdir bin .docker; printf '{\"credHelpers\": {\"%s\": \"lab\"}}' $GUARDED >.docker/config.json
             cat >bin/docker-credential-lab <<'END'
#!/bin/sh
[ \"$1 $AWS_PROFILE\" = 'get ci' ] || { echo NoCredentialProviders; exit 1; }
echo '{\"Username\": \"me\", \"Secret\": \"p@ss\"}'
END
             chmod +x bin/docker-credential-lab; PATH=$PWD/bin:$PATH
             arv-keepdocker --pull $GUARDED/call/jobs 1 2>/dev/null; echo $?
             export AWS_PROFILE=ci; arv-keepdocker --pull $GUARDED/call/jobs 1
             docker tag $GUARDED/call/jobs:1 call/jobs:1 && arv-keepdocker call/jobs 1
             docker rmi $GUARDED/call/jobs:1 call/jobs:1 >/dev/null",
        )
    },
    Caller {
        needs: Needs::Registry,
        ..caller(
            "a specification that pulls",
            "arv-keepdocker --pull $REGISTRY/call/jobs latest; docker rmi $REGISTRY/call/jobs:latest >/dev/null",
        )
    },
    Caller {
        needs: Needs::Root,
        ..caller(
            "a wrapper that runs the program in a container of another system",
            "inside arv-keepdocker images | sort; inside arv-keepdocker | grep -c 'seeded/dated'
             inside arv-keepdocker nothing/here 2>/dev/null; echo $?",
        )
    },
    Caller {
        needs: Needs::Root,
        difference: Some(("K37a", "(new)\n0\n")),
        ..caller(
            "the same, with an image for a project",
            "inside arv-keepdocker --project-uuid=$P seeded/dated:1; echo $?",
        )
    },
];
