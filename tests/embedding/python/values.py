"""Values of WIT as canonical JSON, and back, by their types.

A record is an object with its fields in the order of the contract; a variant is an object of one
key, or the case's name where it has no payload; an enum is its case's name; an option is the value
or null; a result is an object with the key ``ok`` or ``err``. No blanks, no escapes but those that
JSON demands.
"""
import json

from wasmtime import component as wasm


def dump(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _add_classes(ty, classes):
    """Adds the classes of an option's values: None, and not every class there is, as the library has it, which then takes
    the error of `result<option<T>, E>` for an option, too."""
    if ty._tagged():
        classes.add(wasm.Variant)
    else:
        classes.add(type(None))
        ty.payload.add_classes(classes)


wasm.OptionType.add_classes = _add_classes


def _cases(ty):
    return dict(ty._cases())


def _lift_case(ty, name, payload):
    """Returns what wasmtime expects for a case: tagged only where types alone do not tell."""
    return wasm.Variant(name, payload) if ty._tagged() else payload


def to_wasm(ty, value):
    if isinstance(ty, wasm.ListType):
        return [to_wasm(ty.element, item) for item in value]
    if isinstance(ty, wasm.OptionType):
        return None if value is None else to_wasm(ty.payload, value)
    if isinstance(ty, wasm.RecordType):
        record = wasm.Record()
        for name, field in ty.fields:
            setattr(record, name, to_wasm(field, value[name]))
        return record
    if isinstance(ty, (wasm.ResultType, wasm.VariantType)):
        name, payload = next(iter(value.items())) if isinstance(value, dict) else (value, None)
        case = _cases(ty)[name]
        return _lift_case(ty, name, None if case is None else to_wasm(case, payload))
    return value


def from_wasm(ty, value):
    if isinstance(ty, wasm.ListType):
        return [from_wasm(ty.element, item) for item in value]
    if isinstance(ty, wasm.OptionType):
        return None if value is None else from_wasm(ty.payload, value)
    if isinstance(ty, wasm.RecordType):
        return {name: from_wasm(field, getattr(value, name)) for name, field in ty.fields}
    if isinstance(ty, (wasm.ResultType, wasm.VariantType)):
        name, payload = _case_of(ty, value)
        case = _cases(ty)[name]
        if case is None:
            return {name: None} if isinstance(ty, wasm.ResultType) else name
        return {name: from_wasm(case, payload)}
    return value


def _case_of(ty, value):
    if ty._tagged():
        return value.tag, value.payload
    for name, case in _cases(ty).items():
        classes = set()
        if case is None:
            if value is None:
                return name, None
            continue
        case.add_classes(classes)
        if isinstance(value, tuple(classes)):
            return name, value
    raise ValueError(f"{value!r} is no case of the type")
