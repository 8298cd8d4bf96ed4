"""What the stack says about a call, remembered by the instructions that are on it.

A loop comes by the same ones again and again.
"""

from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

from torch import nn

from gradviz.recording.reading.switches import Switch, look_at_switch
from gradviz.recording.reading.where import Surroundings, look_around
from gradviz.recording.torch_inside import CALL_MODULE, CONTEXTLIB

_MOST = 10_000  # stacks that are remembered

_Key = tuple[int, ...]


class Stacks:
    """The stacks that calls were made from. Holds code, no frame and no module."""

    def __init__(self, number: Callable[[nn.Module], int]) -> None:
        """Take what numbers a module."""
        self._number = number
        self._surroundings: dict[_Key, tuple[Surroundings, list[CodeType]]] = {}
        self._switches: dict[
            _Key, tuple[dict[_Key, tuple[Switch, tuple[Any, ...]]], list[CodeType], bool]
        ] = {}

    def look_around(self, frame: FrameType | None, *, in_apply: bool = False) -> Surroundings:
        """Return what the stack says, with the number of the innermost module in the spot.

        Of two equal stacks it is the same object.
        """
        key, inner = _instructions(frame)
        module = None if inner is None else inner.f_locals["self"]
        key.append(-1 if module is None else self._number(module))
        fixed = tuple(key)
        earlier = None if in_apply else self._surroundings.get(fixed)
        if earlier is not None:
            return earlier[0]
        surroundings = look_around(frame, in_apply=in_apply)
        surroundings.module = None
        if isinstance(surroundings.maker, nn.Module):
            surroundings.maker = self._number(surroundings.maker)
        surroundings.spot = surroundings.spot._replace(module=key[-1])
        if surroundings.lasting and not in_apply:
            if len(self._surroundings) > _MOST:
                self._surroundings.clear()
            self._surroundings[fixed] = (surroundings, _codes(frame))
        return surroundings

    def look_at_switch(self, frame: FrameType | None) -> Switch:
        """Say who switches grad mode off; of two equal stacks the two blocks are alike."""
        fixed = tuple(_instructions(frame)[0])
        earlier = self._switches.get(fixed)
        if earlier is None:
            codes = _codes(frame)
            if len(self._switches) > _MOST:
                self._switches.clear()
            earlier = self._switches[fixed] = (
                {},
                codes,
                any(code.co_filename == CONTEXTLIB for code in codes),
            )
        blocks, _, has_decorator = earlier
        decorated = _decorated(frame) if has_decorator else ()
        alike, _ = blocks.get(key := tuple(map(id, decorated))) or blocks.setdefault(
            key, (look_at_switch(frame), decorated)
        )
        return Switch(
            alike.set_by_function, alike.library, alike.inside_function, alike.spot, alike.like
        )


def _instructions(frame: FrameType | None) -> tuple[list[int], FrameType | None]:
    """Return the identities of the code and the instructions on a stack, and the frame of the
    innermost module's call.
    """
    key: list[int] = []
    add = key.append
    inner: FrameType | None = None
    while frame is not None:
        code = frame.f_code
        add(id(code))
        add(frame.f_lasti)
        if code is CALL_MODULE and inner is None:
            inner = frame
        frame = frame.f_back
    return key, inner


def _codes(frame: FrameType | None) -> list[CodeType]:
    codes = []
    while frame is not None:
        codes.append(frame.f_code)
        frame = frame.f_back
    return codes


def _decorated(frame: FrameType | None) -> tuple[Any, ...]:
    """Return the functions that ``no_grad`` decorates on a stack.

    It does so for all of them with the same code of its own.
    """
    functions = []
    while frame is not None:
        if frame.f_code.co_filename == CONTEXTLIB:
            functions.append(getattr(frame.f_locals.get("func"), "__code__", None))
        frame = frame.f_back
    return tuple(functions)
