"""Loads keepdocker.wasm and answers what it imports, each function by its name."""
from wasmtime import Engine, Store, component as wasm

from values import from_wasm, to_wasm

COMMANDS = "keepdocker:contract/commands@0.1.0"
RESOURCES = {"archive": 1, "guard": 2}
RETURNED = {"archives.open": "archive", "registry.fetch": "archive", "locks.acquire": "guard"}


class Host:
    """A component to be called; ``answer(verb, *arguments)`` stands behind its imports.

    A verb is as in ``archives.open``; a handle is a number.
    """

    def __init__(self, file, answer):
        self.engine = Engine()
        self.component = wasm.Component.from_file(self.engine, file)
        self.linker = wasm.Linker(self.engine)
        with self.linker.root() as root:
            for interface, item in self.component.type.imports(self.engine).items():
                short = interface.split("/")[1].split("@")[0]
                with root.add_instance(interface) as instance:
                    for name, export in item.ty.exports(self.engine).items():
                        if isinstance(export.ty, wasm.FuncType):
                            instance.add_func(name, _function(short, name, export.ty, answer))
                        elif name in RESOURCES:
                            kind = wasm.ResourceType.host(RESOURCES[name])
                            instance.add_resource(name, kind, lambda store, rep: None)

    def call(self, command, request):
        """Returns what the command answers."""
        store = Store(self.engine)  # One instance for one command.
        instance = self.linker.instantiate(store, self.component)
        commands = instance.get_export_index(store, COMMANDS)
        run = instance.get_func(store, instance.get_export_index(store, "run", commands))
        ty = run.type(store)
        (_, parameter), = ty.params
        answer = from_wasm(ty.result, run(store, to_wasm(parameter, {command: request})))
        return {"ok": answer["ok"][command]} if "ok" in answer else answer


def _function(interface, name, ty, answer):
    verb = f"{interface}.{name.split('.')[-1]}"
    parameters, result = [ty for _, ty in ty.params], ty.result

    def run(store, *arguments):
        values = []
        for parameter, argument in zip(parameters, arguments):
            if isinstance(argument, wasm.ResourceAny):
                # This ends the loan too, as it must before the call returns.
                values.append(argument.to_host(store).rep)
            else:
                values.append(from_wasm(parameter, argument))
        answered = answer(verb, *values)
        if verb in RETURNED and "ok" in answered:
            answered = {"ok": wasm.ResourceHost.own(answered["ok"], RESOURCES[RETURNED[verb]])}
        return None if result is None else to_wasm(result, answered)

    return run
