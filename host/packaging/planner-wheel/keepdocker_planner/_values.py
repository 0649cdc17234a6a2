"""Plain values to those of the component, and back, by the types of the contract."""

import json
from collections.abc import Mapping

from wasmtime import component as wasm


def lower(ty, value, where):
    """Returns a plain value as the component takes it; ``where`` says what it is, for an error."""
    if isinstance(ty, wasm.OptionType):
        return None if value is None else lower(ty.payload, value, where)
    if _is_properties(ty):
        return _properties(value, where)
    if isinstance(ty, wasm.ListType):
        if isinstance(value, (str, bytes, Mapping)) or not hasattr(value, "__iter__"):
            raise _wrong(where, "a list", value)
        return [lower(ty.element, item, f"{where}[{place}]") for place, item in enumerate(value)]
    if isinstance(ty, wasm.RecordType):
        return _record(ty, value, where)
    if isinstance(ty, wasm.U32):
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 32:
            raise _wrong(where, "a number from 0 to 4294967295", value)
        return value
    if not isinstance(value, str):
        raise _wrong(where, "a text", value)
    if isinstance(ty, wasm.EnumType) and value not in ty.names:
        raise ValueError(f"{where} must be one of {', '.join(ty.names)}, and is {value!r}")
    return value


def lift_result(ty, value):
    """Returns ``ok`` or ``err``, and the value as a plain one; what cannot fail is ``ok``."""
    if not isinstance(ty, wasm.ResultType):
        return "ok", lift(ty, value)
    # The errors of this contract are texts, and what it answers otherwise is none.
    return ("err", value) if isinstance(value, str) else ("ok", lift(ty.ok, value))


def lift(ty, value):
    """Returns a value of the component as a plain one."""
    if isinstance(ty, wasm.OptionType):
        return None if value is None else lift(ty.payload, value)
    if _is_properties(ty):
        return {item.key: json.loads(item.value) for item in value}
    if isinstance(ty, wasm.ListType):
        return [lift(ty.element, item) for item in value]
    if isinstance(ty, wasm.RecordType):
        return {_plain(name): lift(field, getattr(value, name)) for name, field in ty.fields}
    if isinstance(ty, wasm.VariantType):
        record = dict(ty.cases)[value.tag]
        return {"kind": value.tag, **lift(record, value.payload)}
    return value


def _record(ty, value, where):
    if not isinstance(value, Mapping):
        raise _wrong(where, "a dictionary", value)
    fields = {_plain(name): (name, field) for name, field in ty.fields}
    unknown = [name for name in value if name not in fields]
    if unknown:
        raise TypeError(f"{where} has {unknown[0]!r}; its fields are {', '.join(fields)}")
    record = wasm.Record()
    for plain, (name, field) in fields.items():
        if plain not in value and not isinstance(field, wasm.OptionType):
            raise TypeError(f"{where} has no {plain!r}")
        setattr(record, name, lower(field, value.get(plain), f"{where}.{plain}"))
    return record


def _is_properties(ty):
    """Tells whether a type is a list of names with JSON texts, which is a dictionary here."""
    if not isinstance(ty, wasm.ListType) or not isinstance(ty.element, wasm.RecordType):
        return False
    return [name for name, _ in ty.element.fields] == ["key", "value"]


def _properties(value, where):
    if not isinstance(value, Mapping):
        raise _wrong(where, "a dictionary", value)
    properties = []
    for name, item in value.items():
        record = wasm.Record()
        record.key = lower(wasm.String(), name, f"a name in {where}")
        try:
            record.value = json.dumps(item, ensure_ascii=False, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise TypeError(f"{where}[{name!r}] is no JSON value: {error}") from None
        properties.append(record)
    return properties


def _wrong(where, wanted, value):
    return TypeError(f"{where} must be {wanted}, and is of the type {type(value).__name__}")


def _plain(name):
    return name.replace("-", "_")
