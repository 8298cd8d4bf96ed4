"""The user's own Python that runs inside calls of torch's, where no trace sees what it does.

The methods of a tensor's class, of modes below the trace, of objects that a tensor is made of, and
operators with a kernel in Python. What such code may read can be had from the code itself.
"""

from collections.abc import Iterator, Sequence
from types import CodeType, FrameType, FunctionType, MethodType
from typing import Any

from torch import Tensor, nn

from gradviz.recording import torch_inside
from gradviz.recording.reading.where import INSIDE, level
from gradviz.recording.unseen.elsewhere import tensors_within

_OF_TENSORS = ("__torch_function__", "__torch_dispatch__")
_OF_OBJECTS = ("__array__", "__getitem__", "__iter__", "__float__", "__index__", "__complex__")
_ELEMENTS = 64  # of a list that is made a tensor
_FRAMES = 4  # in whose files an operator's kernel is looked for


class InnerCode:
    """What such code may have read, by what it is and where it was called."""

    def __init__(self) -> None:
        # What is known by its identity is held
        self._leaves: dict[tuple[int, ...], tuple[Sequence[Any], tuple[Tensor, ...]]] = {}
        self._noted: dict[tuple[int, ...], CodeType] = {}

    def may_read(self, code: Sequence[Any], frame: FrameType) -> tuple[Tensor, ...]:
        """Return the leaves that some code may read; nothing where a line calls it again."""
        key = tuple(map(id, code))
        place = (*key, id(frame.f_code), frame.f_lasti)
        if place in self._noted:
            return ()
        self._noted[place] = frame.f_code
        if key not in self._leaves:
            self._leaves[key] = code, tuple(filter(_trains, tensors_within(code)))
        return self._leaves[key][1]

    def forget(self) -> None:
        """Let go of the user's code."""
        self._leaves.clear()
        self._noted.clear()


def of_types_and_modes(types: Any) -> list[Any]:
    """Return the user's code by which classes of tensors take part in a call, and the modes that
    run within it, with what these hold.
    """
    code = [function for kind in types for function in _own(kind, _OF_TENSORS)]
    for mode in torch_inside.modes_within():
        own = [*_own(type(mode), _OF_TENSORS)]
        code += (*own, vars(mode)) if own else ()
    return code


def of_elements(given: Any) -> list[Any]:
    """Return the user's code by which what a tensor is made of gives its elements, with what it
    holds.
    """
    code: list[Any] = []
    for item in given[:_ELEMENTS] if type(given) in (list, tuple) else (given,):
        own = [] if isinstance(item, Tensor) else [*_own(type(item), _OF_OBJECTS)]
        code += (*own, getattr(item, "__dict__", None)) if own else ()
    return code


def of_kernel(frame: FrameType | None) -> list[Any]:
    """Return the functions of the files that call an operator, one of which may be its kernel."""
    code: dict[int, Any] = {}
    for _ in range(_FRAMES):
        while frame is not None and level(frame.f_code.co_filename) == INSIDE:
            frame = frame.f_back
        if frame is None:
            break
        for item in (*frame.f_globals.values(), *frame.f_locals.values()):
            if _is_own(item):
                code[id(item)] = item
        frame = frame.f_back
    return [*code.values()]


def _own(kind: type, names: Sequence[str]) -> Iterator[FunctionType]:
    """Yield the methods of some names that a class has from the user's code."""
    for name in names:
        method: Any = getattr(kind, name, None)
        function: Any = method.__func__ if isinstance(method, MethodType) else method
        if type(function) is FunctionType:
            function = vars(function).get("__wrapped__", function)
        if _is_own(function):
            yield function


def _is_own(function: Any) -> bool:
    return type(function) is FunctionType and level(function.__code__.co_filename) != INSIDE


def _trains(tensor: Tensor) -> bool:
    plain = type(tensor) in (Tensor, nn.Parameter)
    return plain and tensor.requires_grad and tensor.is_leaf
