"""The component: loaded when it is first needed, within bounds, and anew after it broke off."""

import threading
from importlib import resources

from wasmtime import Config, Engine, Store, WasmtimeError, component as wasm

from . import _values

#: The interface that the component exports, with its version.
CONTRACT = "keepdocker:contract/planning@0.1.0"

# Those of the program's own planner: bytes, and about one instruction for a unit.
_MEMORY = 1 << 30
_FUEL = 200_000_000_000

_lock = threading.Lock()
_loaded = None


class PlannerError(RuntimeError):
    """The component broke off: there was more to do than it has memory or time for."""


def component() -> bytes:
    """Returns the component's bytes, those of ``keepdocker-planner.wasm`` of the release."""
    return resources.files(__package__).joinpath("keepdocker-planner.wasm").read_bytes()


class _Planner:
    def __init__(self):
        config = Config()
        config.consume_fuel = True
        engine = Engine(config)
        self.store = Store(engine)
        self.store.set_limits(memory_size=_MEMORY)
        self.store.set_fuel(_FUEL)
        # It imports nothing, so that an empty linker is enough.
        self.instance = wasm.Linker(engine).instantiate(self.store, wasm.Component(engine, component()))
        self.planning = self.instance.get_export_index(self.store, CONTRACT)
        self.functions = {}

    def function(self, name):
        if name not in self.functions:
            index = self.instance.get_export_index(self.store, name, self.planning)
            function = self.instance.get_func(self.store, index)
            self.functions[name] = function, function.type(self.store)
        return self.functions[name]


def call(name, *arguments):
    """Calls a function of the contract; returns ``ok`` or ``err``, and what it answers as plain values."""
    global _loaded
    with _lock:
        if _loaded is None:
            _loaded = _Planner()
        store = _loaded.store
        function, ty = _loaded.function(name)
        lowered = [
            _values.lower(parameter, argument, where.replace("-", "_"))
            for (where, parameter), argument in zip(ty.params, arguments)
        ]
        store.set_fuel(_FUEL)
        try:
            result = function(store, *lowered)
            function.post_return(store)
        except WasmtimeError as error:
            # An instance is dead after that.
            _loaded = None
            raise PlannerError(f"keepdocker's planner broke off in {name}, for lack of memory or time: {error}") from error
        return _values.lift_result(ty.result, result)
