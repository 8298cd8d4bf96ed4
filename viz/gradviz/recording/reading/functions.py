"""Which frames are a custom ``autograd.Function``'s, while torch applies it.

``Function.apply`` is written in C since torch 2.14 and has no frame any more. So the methods that
it calls are recognised, by their code: those of every Function there is. One that is called by its
name (``super().forward(ctx, x)``) is a call like others.
"""

import ast
import weakref
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from types import CodeType, FrameType
from typing import Any

import torch

from gradviz.recording.torch_inside import CheckpointFunction
from gradviz.system.lines import getline

_CALLED_BY_APPLY = ("forward", "setup_context", "vmap", "jvp")
_DECORATORS = 16  # on one method
_MOST = 10_000  # code objects whose answer is kept


@dataclass(frozen=True, slots=True, eq=False)
class Method:
    """A method of a custom Function that ``apply`` calls.

    Attributes:
        name: Such as ``"forward"``.
        owner: Name of the Function; empty where several share the code.
        wrappers: The code of decorators around it.
        checkpoint: The Function is torch's reentrant checkpoint.
        opaque: The Function marks a result as not differentiable.
    """

    name: str
    owner: str
    wrappers: tuple[CodeType, ...]
    checkpoint: bool
    opaque: bool


# by id of the code, which is held: code of two places may compare equal
_methods: dict[int, tuple[CodeType, Method | None]] = {}
_answers: dict[int, tuple[CodeType, Method | None]] = {}
# By id of the class: the class, and its forward by id. A dict's method forgets a class that is
# gone, for an interrupt in Python would be lost there
_examined: dict[int, tuple[weakref.ref[type], int]] = {}


def applied(frame: FrameType) -> Method | None:
    """Return the method that a frame runs for ``apply``; None for any other frame."""
    code = frame.f_code
    answer = _answers.get(id(code))
    if answer is None or answer[0] is not code:
        answer = _look_up(code)
    method = answer[1]
    if method is None or frame.f_back is None:
        return method
    caller = frame.f_back
    called = _called_name(caller.f_code.co_filename, caller.f_code, caller.f_lasti)
    return None if called in (method.name, code.co_name) else method


def methods_of(function: type[torch.autograd.Function]) -> tuple[Any, ...]:
    """Return the methods of a custom Function that torch calls."""
    names = (*_CALLED_BY_APPLY, "backward")
    return tuple(method for name in names if (method := getattr(function, name, None)) is not None)


def values_around(method: Any) -> dict[str, Any]:
    """Return the values that a method reads from the function around it, by name."""
    values = {}
    names = getattr(getattr(method, "__code__", None), "co_freevars", ())
    for name, cell in zip(names, getattr(method, "__closure__", None) or (), strict=False):
        with suppress(ValueError):  # not filled yet
            values[name] = cell.cell_contents
    return values


def _look_up(code: CodeType) -> tuple[CodeType, Method | None]:
    for function in _subclasses(torch.autograd.Function):
        key, forward = id(function), id(vars(function).get("forward"))
        # A class that is new, or was given another forward
        if key not in _examined or _examined[key][1] != forward:
            _examined[key] = weakref.ref(function, partial(_examined.pop, key)), forward
            _examine(function)
    if len(_answers) > _MOST:
        _answers.clear()
    answer = _answers[id(code)] = _methods.get(id(code), (code, None))
    return answer


def _examine(function: type[torch.autograd.Function]) -> None:
    """Remember the methods of a custom Function; those of several that share code as one."""
    codes = {name: _codes(getattr(function, name, None)) for name in _CALLED_BY_APPLY}
    opaque = any(_marks(code) for name in ("forward", "setup_context") for code in codes[name])
    for name, (*wrappers, code) in ((name, own) for name, own in codes.items() if own):
        _, shared = _methods.get(id(code), (code, None))
        method = Method(
            name,
            function.__name__ if shared is None or shared.owner == function.__name__ else "",
            tuple(wrappers),
            function is CheckpointFunction,
            opaque or (shared is not None and shared.opaque),
        )
        _methods[id(code)] = (code, method)
        _answers.pop(id(code), None)


def _subclasses(kind: type) -> Iterator[type]:
    stack = [kind]
    while stack:
        inner: list[type] = type.__subclasses__(stack.pop())
        yield from inner
        stack += inner


def _codes(function: Any) -> tuple[CodeType, ...]:
    """Return the code of a function, last, after that of its decorators where they say what they
    wrap.
    """
    codes: list[CodeType] = []
    while function is not None and len(codes) < _DECORATORS:
        code = getattr(function, "__code__", None)
        if not isinstance(code, CodeType):
            break
        codes.append(code)
        function = getattr(function, "__wrapped__", None)
    return tuple(codes)


def _marks(code: CodeType) -> bool:
    return "mark_non_differentiable" in code.co_names


@lru_cache(maxsize=4096)
def _called_name(filename: str, code: CodeType, lasti: int) -> str:
    """Return the last name in what an instruction calls, ``"apply"`` of ``Square.apply(x)``.

    Empty where the source does not tell.
    """
    positions = next(
        (position for number, position in enumerate(code.co_positions()) if number * 2 == lasti),
        None,
    )
    if positions is None or None in positions:
        return ""
    first, last, begin, end = (number or 0 for number in positions)
    lines = [getline(filename, number).encode() for number in range(first, last + 1)]
    if not lines:
        return ""
    lines[-1] = lines[-1][:end]
    lines[0] = lines[0][begin:]
    try:
        call = ast.parse("(" + b"".join(lines).decode() + "\n)", mode="eval").body
    except (SyntaxError, ValueError):
        return ""
    function = call.func if isinstance(call, ast.Call) else None
    return getattr(function, "attr", getattr(function, "id", ""))
