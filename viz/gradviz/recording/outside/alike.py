"""Whether a number that goes in can be one that left: it then has that number's value.

Of a number that is only read on its way, from a container or an object, this tells which of them
it is. Of one that is computed it tells nothing.
"""

import ast
import builtins
from collections import OrderedDict, defaultdict, deque
from collections.abc import Container, Iterable, Iterator, Sequence
from ctypes import c_float
from dataclasses import dataclass, field
from itertools import islice
from types import BuiltinFunctionType, FrameType, FunctionType
from typing import Any

import numpy as np
import torch
from torch import nn

from gradviz.recording.reading.expressions import Path
from gradviz.recording.reading.of_arrays import has_numbers
from gradviz.recording.reading.parts import SOME, WITHIN, is_open
from gradviz.recording.reading.where import variables
from gradviz.recording.torch_inside import PARTS, children_of

_ELEMENTS = 256  # of a list that are looked at
_OBJECTS = 1024
_MANY = 4096  # of a list that was read out of a tensor
_FEW = 64  # of a list or dict that a name holds
_HOLDERS = (list, tuple, dict, deque, defaultdict, OrderedDict)
NUMBERS = (float, complex, np.floating, np.complexfloating)
"""What a number that left torch can be."""
# What these give is told by their source, or they hold no number
_CALLED: tuple[type, ...] = (FunctionType, BuiltinFunctionType, type, torch.dtype, torch.device)
_CALLED += (np.ufunc, type(np.mean))
_EXACT = (np.dtype(np.float32), np.dtype(np.float64))
_SCALARS = (bool, int, float, np.number, np.bool_)


@dataclass(slots=True)
class Given:
    """What a call was given that may have left torch.

    Attributes:
        numbers: Its numbers, and those of the names that it was computed from.
        scalar: It is nothing but numbers: no call changes these, only what holds them.
        whole: Of every name that it was computed from the number is known.
        beside: Numbers in the lists and dicts that it was computed from, or an element of which.
        sites: Where values left that it may have been computed from.
    """

    numbers: set[float]
    scalar: bool
    whole: bool = True
    beside: set[float] = field(default_factory=set)
    sites: Sequence[Any] = ()

    @classmethod
    def of(cls, items: Sequence[Any]) -> "Given":
        """Return what some arguments are."""
        return cls(set(plain_numbers(items)), all(map(is_scalar, items)))

    def read(self, frame: FrameType, paths: Iterable[Path], *, arrays: bool = False) -> None:
        """Take the numbers that paths hold in a frame.

        Args:
            frame: The frame.
            paths: What is read in it.
            arrays: Of an array it can be told by its numbers too what is in it.
        """
        values = [_held_there(frame, path) for path in paths if not _is_builtin(frame, path)]
        self.numbers.update(plain_numbers([value for value in values if is_scalar(value)]))
        self.beside.update(plain_numbers(values))
        plain = all(isinstance(value, _CALLED) or _is_plain(value) for value in values)
        self.whole = plain and (arrays or not any(map(_has_parts, values)))

    def agrees(self, left: Container[float] | None) -> bool:
        """Say whether one of the numbers is among those that left."""
        return left is not None and any(
            number in left for numbers in (self.numbers, self.beside) for number in numbers
        )


def plain_numbers(value: Any) -> Iterator[float]:
    """Yield the numbers in a value, in single precision: of a list the first some hundreds."""
    pending, left = [value], _ELEMENTS
    while pending and left > 0:
        item = pending.pop()
        left -= 1
        if isinstance(item, _SCALARS) and not isinstance(item, np.complexfloating):
            yield rounded(item)
        elif type(item) in _HOLDERS:
            pending += islice(item.values() if isinstance(item, dict) else item, left)
        elif _is_small_array(item):
            left -= item.size
            yield from map(rounded, item.flatten().tolist())
        elif type(item) is slice:
            pending += (item.start, item.stop, item.step)


def number_in_text(value: Any) -> Iterator[float]:
    """Yield the number that left as a text."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        yield from plain_numbers(value.item())


def numbers_in(value: Any) -> Iterator[Any]:
    """Yield the numbers in a value, which may be a list of lists; the first some thousands."""
    if isinstance(value, NUMBERS):
        yield value
    elif type(value) in (list, tuple):
        left, pending = _MANY, [value]
        while pending and left > 0:
            for item in pending.pop()[:left]:
                left -= 1
                if isinstance(item, NUMBERS):
                    yield item
                elif type(item) in (list, tuple):
                    pending.append(item)


def few_in(value: Any) -> Any:
    """Return the numbers that a value is, or that it holds and nothing else; none of many."""
    if isinstance(value, NUMBERS):
        return [value]
    if isinstance(value, np.ndarray):
        return value if value.dtype.kind in "fc" and value.size <= _FEW else []
    if type(value) in _HOLDERS and 0 < len(value) <= _FEW:
        items = [*(value.values() if isinstance(value, dict) else value)]
        return items if all(isinstance(item, NUMBERS) for item in items) else []
    return []


def is_scalar(value: Any) -> bool:
    """Say whether a value is a number, or a slice or an index of numbers."""
    if type(value) is tuple:
        return all(map(is_scalar, value))
    return value is None or value is Ellipsis or isinstance(value, (*_SCALARS, slice))


def _held_there(frame: FrameType, path: Path) -> Any:
    """Return what a path holds; of one that means several what each holds, in a list of its own as
    it is held within something.
    """
    if SOME not in path or WITHIN in path:
        return held_or_owner(frame, path)
    return [[*held_by_each(frame, path)] or None]


def _is_plain(value: Any) -> bool:
    """Say whether all the numbers in a value are known: in a text is none."""
    if _has_parts(value):
        return _is_written(value)
    if type(value) in _HOLDERS and type(value) is not tuple:
        items = value.values() if isinstance(value, dict) else value
        return len(value) < _ELEMENTS and all(map(is_scalar, items))
    return type(value) is str or (value is not None and is_scalar(value))


def _has_parts(value: Any) -> bool:
    """Say whether a value is an array, or holds arrays or containers: these can be changed where
    nothing tells that it is.
    """
    if type(value) not in _HOLDERS or type(value) is tuple:
        return _is_small_array(value)
    items = value.values() if isinstance(value, dict) else value
    return any(type(item) in _HOLDERS or _is_small_array(item) for item in items)


def _is_written(value: Any) -> bool:
    """Say whether a value and all within it are a few numbers of a few digits, as no computation
    gives them by chance.
    """
    pending, left = [value], _ELEMENTS
    while pending and left > 0:
        item = pending.pop()
        left -= 1
        if type(item) in _HOLDERS:
            pending += item.values() if isinstance(item, dict) else item
        elif _is_small_array(item):
            pending += item.flatten().tolist()
        elif not isinstance(item, _SCALARS) or not _is_brief(item):
            return False
    return left > 0


def is_written(array: Any) -> bool:
    """Say whether an array holds only numbers of a few digits; of a large one some are looked
    at.
    """
    some = array.flat[:: max(1, array.size // _ELEMENTS)][:_ELEMENTS]
    return all(map(_is_brief, some.tolist()))


def _is_brief(number: Any) -> bool:
    if isinstance(number, (int, complex, np.complexfloating)):
        return isinstance(number, int)
    given = float(number)
    return c_float(float(f"{given:.4g}")).value == c_float(given).value


def _is_small_array(value: Any) -> bool:
    """Say whether a value is an array of a few numbers that it holds as they are put into it."""
    return type(value) is np.ndarray and value.dtype in _EXACT and value.size < _ELEMENTS


def _is_builtin(frame: FrameType, path: Path) -> bool:
    name = path[0]
    given = name in frame.f_globals or name in variables(frame, name)
    return len(path) == 1 and not given and name in vars(builtins)


def rounded(number: Any) -> float:
    """Return a number in single precision, as it is compared with others."""
    try:  # numpy would warn, and its warnings are the user's to switch, also where Ctrl-C comes
        return float(f"{c_float(float(number)).value:.6g}")
    except OverflowError:
        return float("inf")


def held(frame: FrameType, path: Path) -> Any:
    """Return what a path holds, without running anything of the user's.

    None where that cannot be told.
    """
    own = variables(frame, path[0])
    value = own[path[0]] if path[0] in own else frame.f_globals.get(path[0])
    for part in path[1:]:
        value = _part(value, part)
    return value


def held_or_owner(frame: FrameType, path: Path) -> Any:
    """Return what a path holds, or the array whose method it is; nothing for an array's form."""
    value = held(frame, path) if len(path) == 1 else held(frame, path[:-1])
    if len(path) > 1 and isinstance(value, np.ndarray):
        return None if has_numbers(path[-1]) is False else value
    return value if len(path) == 1 else held(frame, path)


def held_by_each(frame: FrameType, path: Path) -> Iterator[Any]:
    """Yield what a path holds, of every object that it can mean, as ``held`` does."""
    start = next((at for at, part in enumerate(path) if part in (SOME, WITHIN)), len(path))
    pending = [(held(frame, path[:start]), path[start:])]
    left = _OBJECTS
    while pending and left > 0:
        value, way = pending.pop()
        left -= 1
        if not way:
            yield value
        elif way[0] in (SOME, WITHIN):
            inner = _modules_within(value) if way[0] == WITHIN else _elements(value)
            pending += [(item, way[1:]) for item in inner]
        else:
            pending.append((_part(value, way[0]), way[1:]))


def _part(value: Any, part: str) -> Any:
    return _element(value, part[1:-1]) if part.startswith("[") else attribute(value, part)


def _elements(value: Any) -> list[Any]:
    if isinstance(value, nn.Module):
        return list(children_of(value).values())
    return list(islice(value, _OBJECTS)) if type(value) in (list, tuple, deque) else []


def _modules_within(value: Any) -> list[Any]:
    modules: dict[int, Any] = {}
    pending = [value]
    while pending and len(modules) < _OBJECTS:
        module = pending.pop()
        if isinstance(module, nn.Module) and id(module) not in modules:
            modules[id(module)] = module
            pending += _elements(module)
    return list(modules.values())


def attribute(value: Any, name: str) -> Any:
    """Return what an object's attribute holds, without running anything of the user's."""
    inner = getattr(value, "__dict__", None)
    if not isinstance(inner, dict):
        return None
    if isinstance(value, nn.Module) and name not in inner:
        held_in = (inner.get(part) for part in PARTS)
        inner = next((part for part in held_in if isinstance(part, dict) and name in part), {})
    return inner.get(name)


def _element(value: Any, key: str) -> Any:
    if is_open(f"[{key}]"):
        return None
    index = ast.literal_eval(key)
    if isinstance(value, (nn.Sequential, nn.ModuleList)) and type(index) is int:
        value = _elements(value)
    if isinstance(value, dict) and type(value).__getitem__ is dict.__getitem__:
        return dict.get(value, index)
    flat = isinstance(value, np.ndarray) and value.ndim == 1
    if not flat and type(value) not in (list, tuple, deque):
        return None
    return value[index] if type(index) is int and -len(value) <= index < len(value) else None


def is_index(value: Any) -> bool:
    """Say whether a value is what a subscript is given that has a number in it."""
    if isinstance(value, slice):
        return any(type(bound) is int for bound in (value.start, value.stop, value.step))
    return type(value) is tuple and any(map(_has_number, value))


def _has_number(index: Any) -> bool:
    if type(index) is list:
        return bool(index) and type(index[0]) is int
    return type(index) is int or is_index(index)


def of_interest(value: Any) -> bool:
    """Say whether a plain argument could carry something that left torch."""
    kind = type(value)
    if kind is float or kind is int or kind is complex or kind is bool:
        return True
    if kind in (list, tuple):
        return bool(value) and of_interest(value[0])
    return kind.__module__ in ("numpy", "array")
