"""Runs the planner's part of the corpus: planner.py PLANNER.wasm CASES.

Reads one case a line, calls the function, and prints the line as it comes out here.
"""
import json
import sys

from wasmtime import Engine, Store, component

from values import dump, from_wasm, to_wasm

PLANNING = "keepdocker:contract/planning@0.1.0"


def main(file, cases):
    engine = Engine()
    store = Store(engine)
    planner = component.Component.from_file(engine, file)
    # The planner imports nothing, so that an empty linker is enough.
    instance = component.Linker(engine).instantiate(store, planner)
    planning = instance.get_export_index(store, PLANNING)
    with open(cases, encoding="utf-8") as lines:
        for line in lines:
            case = json.loads(line)
            name = case["function"]
            index = instance.get_export_index(store, name, planning)
            function = instance.get_func(store, index)
            ty = function.type(store)
            arguments = [
                to_wasm(parameter, argument)
                for (_, parameter), argument in zip(ty.params, case["arguments"], strict=True)
            ]
            result = function(store, *arguments)
            function.post_return(store)
            case["result"] = from_wasm(ty.result, result)
            print(dump(case))


main(*sys.argv[1:])
