"""Makes an inventory in the form of SPDX 2.3 of what ``cargo metadata`` says that the programs consist of."""

import datetime
import json
import os
import sys


def packages(metadata):
    """Yields the packages that the programs link, each once: no dependencies for development, none for building."""
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    by_id = {package["id"]: package for package in metadata["packages"]}
    root = next(package["id"] for package in metadata["packages"] if package["name"] == "keepdocker")
    seen, waiting = {root}, [root]
    while waiting:
        name = waiting.pop()
        yield by_id[name]
        for dependency in nodes[name]["deps"]:
            kinds = {kind["kind"] for kind in dependency["dep_kinds"]}
            if None in kinds and dependency["pkg"] not in seen:
                seen.add(dependency["pkg"])
                waiting.append(dependency["pkg"])


def entry(package):
    # What Cargo writes with a slash means the same.
    licence = (package["license"] or "NOASSERTION").replace("/", " OR ")
    name = "%s-%s" % (package["name"], package["version"])
    source = package["source"]
    found = {
        "SPDXID": "SPDXRef-" + name.replace("_", "-").replace("+", "-"),
        "name": package["name"],
        "versionInfo": package["version"],
        "licenseDeclared": licence,
        "licenseConcluded": "NOASSERTION",
        "copyrightText": "NOASSERTION",
        "filesAnalyzed": False,
        "downloadLocation": "NOASSERTION",
    }
    if source:
        found["externalRefs"] = [{
            "referenceCategory": "PACKAGE-MANAGER",
            "referenceType": "purl",
            "referenceLocator": "pkg:cargo/%s@%s" % (package["name"], package["version"]),
        }]
    return found


def main():
    version, architecture = sys.argv[1:]
    entries = sorted((entry(package) for package in packages(json.load(sys.stdin))), key=lambda one: one["SPDXID"])
    moment = datetime.datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), datetime.timezone.utc)
    document = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": "keepdocker-%s-%s" % (version, architecture),
        "documentNamespace": "https://github.com/keepdocker/keepdocker/spdx/%s/%s/%d" % (version, architecture, moment.timestamp()),
        "creationInfo": {"created": moment.strftime("%Y-%m-%dT%H:%M:%SZ"), "creators": ["Tool: keepdocker-release"]},
        "packages": entries,
        "relationships": [{
            "spdxElementId": "SPDXRef-DOCUMENT",
            "relationshipType": "DESCRIBES",
            "relatedSpdxElement": "SPDXRef-keepdocker-" + version,
        }],
    }
    json.dump(document, sys.stdout, indent=1)
    print()


main()
