"""Frozen data as JSON has it, and back.

A field that holds its default is left out. Numbers that JSON does not know (nan, inf) are strings,
and so are bytes.
"""

import base64
import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import Any

from gradviz.errors import ReportFileError

ALWAYS: dict[type, tuple[str, ...]] = {}
"""Fields of a class that are written also where they hold their default."""


def encode(value: Any) -> Any:
    """Return frozen data as plain data, less the fields that hold their default."""
    if value is None or type(value) in (str, int, bool):  # most of what there is
        return value
    if isinstance(value, tuple):
        return [encode(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {key: encode(item) for key, item in value.items()}
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if not dataclasses.is_dataclass(value):
        return value
    items = ((name, default, getattr(value, name)) for name, default in _fields(value.__class__))
    return {
        name: encode(item)
        for name, default, item in items
        if item is not default and item != default
    }


@cache
def _fields(cls: type) -> tuple[tuple[str, Any], ...]:
    """Return the fields of a dataclass, each with what need not be written.

    Its default, or what no value is equal to.
    """
    always = ALWAYS.get(cls, ())
    return tuple(
        (field.name, dataclasses.MISSING if field.name in always else _default(field))
        for field in dataclasses.fields(cls)
    )


def _default(field: "dataclasses.Field[Any]") -> Any:
    return (
        field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
    )


@cache
def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def decode(hint: Any, value: Any, where: str) -> Any:
    """Return ``value`` as what ``hint`` says: the way back from ``encode``.

    Args:
        hint: The type, as it is annotated.
        value: As it was read.
        where: What an error names.

    Raises:
        ReportFileError: It cannot be made into that.
    """
    origin = typing.get_origin(hint)
    if origin is types.UnionType:
        inner = next(option for option in typing.get_args(hint) if option is not types.NoneType)
        return None if value is None else decode(inner, value, where)
    if origin is tuple:
        if not isinstance(value, list):
            raise ReportFileError.wrong(where, value, "a list")
        inner = typing.get_args(hint)[0]
        return tuple(decode(inner, item, f"{where}[{i}]") for i, item in enumerate(value))
    if origin is Mapping:
        if not isinstance(value, dict):
            raise ReportFileError.wrong(where, value, "an object")
        inner = typing.get_args(hint)[1]
        return {key: decode(inner, item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return _decoded(hint, value, where)
    if hint is bytes and isinstance(value, str):
        return base64.b64decode(value)
    if hint is float and isinstance(value, str) and value in ("nan", "inf", "-inf"):
        return float(value)
    if isinstance(hint, type) and issubclass(hint, StrEnum) and value in list(hint):
        return hint(value)
    if type(value) is hint:
        return value
    raise ReportFileError.wrong(where, value, hint.__name__)


def _decoded(cls: type, value: Any, where: str) -> Any:
    """Return an object that was read as a dataclass, by the fields that this has."""
    if not isinstance(value, dict):
        raise ReportFileError.wrong(where, value, "an object")
    hints = _hints(cls)
    fields = {
        key: decode(hints[key], item, f"{where}.{key}")
        for key, item in value.items()
        if key in hints
    }
    try:
        return cls(**fields)
    except TypeError as error:
        raise ReportFileError(f"broken report: {where}: {error}") from None


def items_of(entry: Any, key: str, where: str) -> list[Any]:
    """Return the list of this name in an object that was read.

    Raises:
        ReportFileError: There is none.
    """
    if not isinstance(entry, dict):
        raise ReportFileError.wrong(where, entry, "an object")
    if not isinstance(entry.get(key), list):
        raise ReportFileError.wrong(f"{where}.{key}", entry.get(key), "a list")
    return list(entry[key])
