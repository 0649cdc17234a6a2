"""The smallest host of keepdocker.wasm: a cluster and an archive in memory.

host.py KEEPDOCKER.wasm lists the images, uploads one, lists again, and asks what its name leads to;
prints each result as canonical JSON. Put real services in the place of `Memory` to make it useful.
"""
import json
import sys

from wasmtime import Engine, Store, component as wasm

from values import dump, from_wasm, to_wasm

PACKAGE = "keepdocker:contract/{}@0.1.0"
USER = "zzzzz-tpzed-000000000000001"
AT = "2026-01-01T00:00:00Z"
ID = "sha256:" + "0123456789abcdef" * 4
BLOCK = "0123456789abcdef0123456789abcdef+10240+A" + 40 * "0" + "@7fffffff"
PLATFORM = {"os": "linux", "architecture": "amd64", "variant": ""}
IMAGE = {"id": ID, "manifest": None, "repo-tags": ["memory:1"], "config": '{"created":"%s"}' % AT,
         "diff-ids": [ID], "platform": PLATFORM}
ARCHIVE, GUARD = 1, 2


class Memory:
    """Answers the capabilities, each as a function named `interface.function`."""

    def __init__(self):
        self.links, self.collections = [], []

    def answer(self, name, *arguments):
        return getattr(self, name.replace(".", "_").replace("-", "_").replace("[static]", "")
                       .replace("[method]", ""))(*arguments)

    def log_write(self, level, message):
        print(f"{level}: {message}", file=sys.stderr)

    def cluster_get(self):
        return {"ok": {"id": "zzzzz", "image-formats": ["v2"], "default-replication": 2, "slash-substitute": ""}}

    def users_current(self):
        return {"ok": USER}

    def locks_guard_acquire(self, image):
        return {"ok": wasm.ResourceHost.own(0, GUARD)}

    def archives_archive_open(self, source):
        return {"ok": wasm.ResourceHost.own(0, ARCHIVE)}

    def archives_archive_images(self, archive):
        return {"ok": [IMAGE]}

    def archives_forget(self, image):
        return {"ok": None}

    def keep_store(self, archive, options):
        return {"ok": {"image": IMAGE, "blocks": [BLOCK], "size": 10240, "sent": 10240, "reused": 0}}

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
                 "property": lambda one: what in one["properties"]}[how]
        return {"ok": [one for one in self.collections if meant(one)]}

    def collections_create(self, new):
        one = {"uuid": f"zzzzz-4zz18-{len(self.collections):015}", "owner": USER, "name": new["name"],
               "portable-data-hash": "d" * 32 + "+100", "created-at": AT, "properties": new["properties"],
               "manifest": new["manifest"]}
        self.collections.append(one)
        return {"ok": one}


def linker_for(engine, component, memory):
    """Offers every import of the component, answered by name."""
    linker = wasm.Linker(engine)
    with linker.root() as root:
        for interface, item in component.type.imports(engine).items():
            short = interface.split("/")[1].split("@")[0]
            with root.add_instance(interface) as instance:
                for name, export in item.ty.exports(engine).items():
                    if isinstance(export.ty, wasm.FuncType):
                        instance.add_func(name, function(f"{short}.{name}", export.ty, memory))
                    elif name in ("archive", "guard"):
                        kind = ARCHIVE if name == "archive" else GUARD
                        instance.add_resource(name, wasm.ResourceType.host(kind), lambda store, rep: None)
    return linker


def function(name, ty, memory):
    parameters, result = [ty for _, ty in ty.params], ty.result

    def run(store, *arguments):
        answer = memory.answer(name, *map(from_wasm, parameters, arguments))
        for argument in arguments:
            if isinstance(argument, wasm.ResourceAny):
                argument.drop(store)  # A borrowed handle has to go before the call returns.
        return None if result is None else to_wasm(result, answer)

    return run


def main(file):
    engine = Engine()
    component = wasm.Component.from_file(engine, file)
    memory = Memory()

    def call(name, *arguments):
        store = Store(engine)  # One instance for one command.
        instance = linker_for(engine, component, memory).instantiate(store, component)
        commands = instance.get_export_index(store, PACKAGE.format("commands"))
        run = instance.get_func(store, instance.get_export_index(store, name, commands))
        ty = run.type(store)
        values = [to_wasm(parameter, value) for (_, parameter), value in zip(ty.params, arguments)]
        print(dump(from_wasm(ty.result, run(store, *values))))

    everything = {"project": None, "image": None, "tag": None}
    upload = json.loads(
        '{"origin":"given","image":null,"tag":null,"selection":null,"project":null,"name":null,"pull":"never",'
        '"force":false,"force-image-format":false,"form":"canonical","block-layout":"layered","replicas":null,'
        '"storage-classes":[],"reuse":false,"resume":false}')
    call("images", everything)
    call("upload", upload)
    call("upload", upload)
    call("images", everything)
    call("resolve", "memory:1")


main(*sys.argv[1:])
