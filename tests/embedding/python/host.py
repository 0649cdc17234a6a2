"""The smallest host of keepdocker.wasm: a cluster and an archive in memory.

host.py KEEPDOCKER.wasm lists the images, uploads one, lists again, and asks what its name leads to;
prints each result as canonical JSON. Put real services in the place of `Memory` to make it useful.
"""
import json
import sys

from hosting import Host
from values import dump

USER = "zzzzz-tpzed-000000000000001"
AT = "2026-01-01T00:00:00Z"
ID = "sha256:" + "0123456789abcdef" * 4
BLOCK = "0123456789abcdef0123456789abcdef+10240+A" + 40 * "0" + "@7fffffff"
PLATFORM = {"os": "linux", "architecture": "amd64", "variant": ""}
IMAGE = {"id": ID, "manifest": None, "repo-tags": ["memory:1"], "config": '{"created":"%s"}' % AT,
         "diff-ids": [ID], "platform": PLATFORM}
HELD = {"position": 0, "group": 0, "id": ID, "manifest": None, "indexes": [], "repo-tags": ["memory:1"],
        "references": [], "base-layer": ID, "platform": PLATFORM}


class Memory:
    """Answers the capabilities, each by a method of its name."""

    def __init__(self):
        self.links, self.collections = [], []

    def answer(self, verb, *arguments):
        return getattr(self, verb.replace(".", "_"))(*arguments)

    def log_write(self, level, message):
        print(f"{level}: {message}", file=sys.stderr)

    def cluster_get(self):
        return {"ok": {"id": "zzzzz", "image-formats": ["v2"], "default-replication": 2, "slash-substitute": ""}}

    def users_current(self):
        return {"ok": USER}

    def projects_get(self, uuid):
        return {"ok": {"uuid": uuid, "name": "", "group-class": None, "writable": True}}

    def locks_acquire(self, image):
        return {"ok": 1}

    def archives_open(self, source):
        return {"ok": 1}

    def archives_images(self, archive, wanted):
        return {"ok": {"images": [HELD], "signatures": []}}

    def archives_forget(self, image):
        return {"ok": None}

    def keep_store(self, archive, options):
        layers = [{"diff-id": ID, "size": 5120, "read": True}]
        stored = {"image": IMAGE, "loaded-as": None, "blocks": [BLOCK], "size": 10240, "sent": 10240, "reused": 0,
                  "layers": layers}
        return {"ok": {"stored": stored}}

    def links_list(self, query):
        (how, names), = query["names"].items() if isinstance(query["names"], dict) else [("all", None)]
        named = {"all": lambda name: True, "exactly": lambda name: name in names,
                 "starting-with": lambda name: name.startswith(names)}[how]
        return {"ok": [link for link in self.links
                       if link["class"] in query["classes"] and named(link["name"])
                       and (query["heads"] is None or link["head"] in query["heads"])]}

    def links_create(self, new):
        link = {**new, "uuid": f"zzzzz-o0j2j-{len(self.links):015}", "tail": "", "owner": USER, "created-at": AT}
        self.links.append(link)
        return {"ok": link}

    def collections_list(self, query):
        (how, what), = query["which"].items()
        meant = {"uuids": lambda one: one["uuid"] in what,
                 "portable-data-hash": lambda one: one["portable-data-hash"] == what,
                 "property": lambda one: what in one["properties"],
                 "property-starting-with": lambda one: any(
                     held["key"] == what["key"] and held["value"].startswith(what["value"][:-1])
                     for held in one["properties"])}[how]
        return {"ok": [one for one in self.collections if meant(one)]}

    def collections_create(self, new):
        one = {"uuid": f"zzzzz-4zz18-{len(self.collections):015}", "owner": USER, "name": new["name"],
               "portable-data-hash": "d" * 32 + "+100", "created-at": AT, "properties": new["properties"],
               "replicas": new["replicas"], "storage-classes": new["storage-classes"], "manifest": new["manifest"],
               "size": None}
        self.collections.append(one)
        return {"ok": one}

    def collections_update(self, change):
        for one in self.collections:
            if one["uuid"] == change["collection"]:
                kept = [held for held in one["properties"] if held["key"] != "docker-image-repo-tag"]
                one["properties"] = [*kept, {"key": "docker-image-repo-tag", "value": change["repo-tag"]}]
        return {"ok": None}


def main(file):
    memory = Memory()
    host = Host(file, memory.answer)
    everything = {"project": None, "image": None, "tag": None, "exact-name": None}
    upload = json.loads(
        '{"origin":"given","image":null,"tag":null,"selection":null,"platform":null,"project":null,"name":null,"pull":"never",'
        '"force":false,"force-image-format":false,"form":"canonical","block-layout":"layered","replicas":null,'
        '"storage-classes":[],"reuse":"readable","verify":"config","resume":false,"named-by":"config"}')
    for command, argument in [("images", everything), ("upload", upload), ("upload", upload),
                              ("images", everything), ("resolve", "memory:1")]:
        print(dump(host.call(command, argument)))


main(*sys.argv[1:])
