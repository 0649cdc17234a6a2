"""Writes what the files of a release were made of, or checks it.

``provenance.py FOLDER COMMIT SOURCES RUSTC CARGO COMMAND...`` writes a statement of in-toto with the predicate of SLSA 1 about the files in
the folder. ``provenance.py --check FOLDER`` compares the folder's files with its provenance.json, both ways.
"""
import hashlib
import json
import os
import sys
from pathlib import Path

REPOSITORY = "https://github.com/keepdocker/keepdocker"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
# What says of itself or of all others which bytes it stands for.
BESIDE = {"provenance.json", "SHA256SUMS", "SHA256SUMS.sig"}


def digest(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def digests(folder):
    return {path.name: digest(path) for path in sorted(folder.iterdir()) if path.name not in BESIDE}


def statement(folder, commit, sources, rustc, cargo, *command):
    return {
        "_type": STATEMENT,
        "subject": [{"name": name, "digest": {"sha256": found}} for name, found in digests(folder).items()],
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": REPOSITORY + "/blob/main/.ci/release",
                "externalParameters": {"command": list(command)},
                "internalParameters": {"rustc": rustc, "cargo": cargo, "sourceDateEpoch": os.environ.get("SOURCE_DATE_EPOCH")},
                "resolvedDependencies": [
                    # The second digest is that of `git archive`.
                    {"uri": "git+%s" % REPOSITORY, "digest": {"gitCommit": commit, "sha256": sources}},
                    {"name": "Cargo.lock", "digest": {"sha256": digest("Cargo.lock")}},
                    {"name": "host/wasi/Cargo.lock", "digest": {"sha256": digest("host/wasi/Cargo.lock")}},
                    {"name": "rust-toolchain.toml", "digest": {"sha256": digest("rust-toolchain.toml")}},
                ],
            },
            # Who built says so by the signature, or by an attestation of the forge; this file alone proves nothing.
            "runDetails": {"builder": {"id": os.environ.get("KEEPDOCKER_BUILDER", REPOSITORY + "/by-hand")}},
        },
    }


def check(folder):
    """Ends with what is amiss, if something is."""
    said = json.loads(Path(folder, "provenance.json").read_text())
    if (said.get("_type"), said.get("predicateType")) != (STATEMENT, PREDICATE):
        sys.exit("provenance.json is no statement of in-toto about a build")
    named = {one["name"]: one["digest"]["sha256"] for one in said["subject"]}
    there = digests(folder)
    if not named:
        sys.exit("provenance.json names no file")
    for name in sorted(named.keys() | there.keys()):
        if name not in there:
            sys.exit("%s is missing, which provenance.json names" % name)
        if name not in named:
            sys.exit("%s is none of the files that provenance.json names" % name)
        if named[name] != there[name]:
            sys.exit("%s has other bytes than provenance.json says" % name)
    (commit,) = [one["digest"]["gitCommit"] for one in said["predicate"]["buildDefinition"]["resolvedDependencies"] if "uri" in one]
    print("%d files, made of commit %s" % (len(named), commit))


if sys.argv[1] == "--check":
    check(Path(sys.argv[2]))
else:
    json.dump(statement(Path(sys.argv[1]), *sys.argv[2:]), sys.stdout, indent=1)
    print()
