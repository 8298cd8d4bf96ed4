"""The variables of a running script, and what is inside their values.

Values are not asked for their attributes: some answer what they like, or import a package first.
"""

import inspect
import sys
from collections.abc import Iterator
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, MethodType, ModuleType
from typing import Any

from torch import Tensor, nn

from gradviz.recording import torch_inside
from gradviz.recording.reading.bindings import loop_variables
from gradviz.recording.reading.where import (
    INSIDE,
    LIBRARY,
    NO_FILE,
    USER,
    file_of,
    level,
    variables,
)

_CLOSED = (
    str,
    bytes,
    int,
    float,
    bool,
    type(None),
    type,
    ModuleType,
    FunctionType,
    BuiltinFunctionType,
    MethodType,
    CodeType,
)

Variables = list[tuple[str, Any]]


def spaces(frame: FrameType | None) -> Iterator[tuple[Variables, frozenset[str]]]:
    """Yield the variables in the order in which their names are preferred, each time with the names
    that loops bind.
    """
    main = sys.modules.get("__main__")
    frames = []
    loops: frozenset[str] = frozenset()
    while frame is not None:
        if frame.f_code.co_name != "<module>":
            frames.append(frame)
        elif main is not None and frame.f_globals is vars(main):
            loops = loop_variables(frame.f_code)
        frame = frame.f_back
    if main is not None:
        yield _globals_of(main), loops
    for wanted in (USER, LIBRARY):
        for running in reversed(frames):
            if level(running.f_code.co_filename) == wanted:
                yield local_variables(running), loop_variables(running.f_code)
    del frames
    for module in _modules_of_the_user():
        if module is not main:
            yield _globals_of(module), frozenset()


# Modules with a file that is not the user's, by name: their identity. There are thousands
_of_others: dict[str, int] = {}


def _modules_of_the_user() -> Iterator[ModuleType]:
    for name, module in list(sys.modules.items()):
        if _of_others.get(name) == id(module):
            continue
        file = file_of(module)
        if level(file) == USER:
            yield module
        elif file != NO_FILE:
            _of_others[name] = id(module)


def _globals_of(module: ModuleType) -> Variables:
    return [(name, value) for name, value in list(vars(module).items()) if name[:2] != "__"]


def local_variables(frame: FrameType) -> list[tuple[str, Any]]:
    """Return a frame's variables."""
    code = frame.f_code
    if not code.co_flags & inspect.CO_OPTIMIZED:
        return list(frame.f_locals.items())
    return list(variables(frame, *code.co_varnames, *code.co_cellvars, *code.co_freevars).items())


def inside(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield what a value holds, with the way there: the first elements, the attributes."""
    kind = type(value)
    if kind in _CLOSED or issubclass(kind, (Tensor, type, ModuleType)):
        return
    if kind in (list, tuple):
        yield from (
            (f"{path}[{index}]", item)
            for index, item in enumerate(value[:64])
            if type(item) not in _CLOSED
        )
    elif kind is dict:
        yield from (
            (f"{path}[{key!r}]", item)
            for key, item in list(value.items())[:256]
            if type(key) in (str, int)
        )
    elif kind.__dictoffset__ and (
        issubclass(kind, nn.Module) or level(file_of_class(kind)) != INSIDE
    ):
        attributes = object.__getattribute__(value, "__dict__")
        parts = issubclass(kind, nn.Module)
        for name, item in list(attributes.items()):
            if (
                isinstance(name, str)
                and not (parts and name in torch_inside.PARTS)
                and type(item) not in _CLOSED
            ):
                yield f"{path}.{name}", item


def file_of_class(kind: type) -> str:
    """Return the file of the module that a class says it is of."""
    name = kind.__module__
    return file_of(sys.modules.get(name) if type(name) is str else None)
