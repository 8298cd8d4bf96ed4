"""Numbers and arrays that left torch and remember where they came from.

``loss.item()`` gives a float that is a float in every respect (its value, its repr, ``isinstance``, JSON, pickle), and that still
knows, after Python arithmetic, which call took it out of torch. So a number that is only printed severs nothing, and one that
comes back does. ``float(t)`` must give an exact float, which is known by identity only: see ``mode``.
"""

import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

Sources = tuple[int, ...]  # numbers on the tape
_byte_bounds = getattr(np.lib, "array_utils", np).byte_bounds  # numpy 2 moved it


@dataclass(frozen=True, slots=True)
class Shared:
    """The memory that an array shares with a tensor.

    Attributes:
        low, high: Addresses, from and up to.
        wrote: Called with first and last byte, from the start of the memory, and the sources of what was written there.
    """

    low: int
    high: int
    wrote: Callable[[int, int, Sources], None]


def sources_of(value: Any) -> Sources:
    """Return where a number or array came from; ``()`` for any other."""
    return value.__dict__.get("_gradviz", ()) if type(value) in TRACKED else ()


def _merged(values: Iterable[Any]) -> Sources:
    return tuple(dict.fromkeys(source for value in values for source in sources_of(value)))


def remember(value: Any, sources: Sources) -> Any:
    """Return the value as one that knows its sources; what cannot carry them (bool, None, str ...) is returned as it is."""
    if not sources:
        return value
    kind = type(value)
    if kind in (list, tuple):
        return kind(remember(item, sources) for item in value)
    if isinstance(value, np.ndarray):
        array = value if kind is Array else value.view(Array)
        array.__dict__["_gradviz"] = tuple(dict.fromkeys((*sources_of(array), *sources)))
        return array
    carrier = _CARRIERS.get(kind)
    if carrier is None:
        return value
    number = carrier(_plain(value))
    number.__dict__["_gradviz"] = sources
    return number


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind is Array:
        return value.view(np.ndarray)
    base = _BASES.get(kind)
    return value if base is None else base(value)


def _binary(base: type, name: str) -> Callable[[Any, Any], Any]:
    function = getattr(base, name)

    def method(self: Any, *others: Any) -> Any:
        result = function(self, *(_plain(other) for other in others))
        if result is NotImplemented and others and isinstance(others[0], np.ndarray) and hasattr(operator, name):
            return NotImplemented
        return result if result is NotImplemented else remember(result, _merged((self, *others)))

    method.__name__ = name
    return method


_ARITHMETIC = (
    "add sub mul truediv floordiv mod divmod pow radd rsub rmul rtruediv rfloordiv rmod rdivmod rpow "
    "neg pos abs round trunc floor ceil lshift rshift and or xor rlshift rrshift rand ror rxor invert"
).split()


def _carrier(base: type) -> type:
    """Make a subclass of a number type whose arithmetic passes the sources on."""
    body: dict[str, Any] = {
        "__module__": base.__module__,
        "__qualname__": base.__qualname__,
        "__doc__": base.__doc__,
        "__reduce__": lambda self: (base, (base(self),)),
        "__reduce_ex__": lambda self, protocol: (base, (base(self),)),
        "__copy__": lambda self: self,
        "__deepcopy__": lambda self, memo: self,
    }
    for name in (f"__{short}__" for short in _ARITHMETIC):
        if hasattr(base, name):
            body[name] = _binary(base, name)
    if not issubclass(base, np.generic):
        body["__array_ufunc__"] = _array_ufunc
    return type(base.__name__, (base,), body)


def _array_ufunc(self: Any, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
    out = options.get("out", ())
    if out:
        options["out"] = tuple(_plain(array) for array in out)
    result = getattr(ufunc, method)(*(_plain(value) for value in inputs), **options)
    if result is NotImplemented:
        return result
    sources = _merged((*inputs, *out))
    if out:
        for array in out:
            remember(array, sources)
            _tell(array, sources)
        return out[0] if len(out) == 1 else out
    return remember(result, sources)


def _tell(array: Any, sources: Sources) -> None:
    """Say that something of interest was written into memory that a tensor shares, where this array is in it."""
    shared: Shared | None = getattr(array, "__dict__", {}).get("_gradviz_shared")
    if shared is not None and sources:
        low, high = _byte_bounds(array)
        if shared.low <= low and high <= shared.high:
            shared.wrote(low - shared.low, high - shared.low, sources)


def share(array: Any, wrote: Callable[[int, int, Sources], None]) -> Any:
    """Return an array that tells of what is written into it, or into a view of it."""
    watched = array if type(array) is Array else array.view(Array)
    low, high = _byte_bounds(watched)
    watched.__dict__["_gradviz_shared"] = Shared(low, high, wrote)
    return watched


class Array(np.ndarray):
    """An array that remembers; views, ufuncs and numpy's functions pass the sources on."""

    __array_ufunc__ = _array_ufunc

    def __array_finalize__(self, parent: Any) -> None:
        sources = sources_of(parent)
        if sources:
            self.__dict__["_gradviz"] = sources
        if type(parent) is Array and "_gradviz_shared" in parent.__dict__:
            self.__dict__["_gradviz_shared"] = parent.__dict__["_gradviz_shared"]

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        sources = _merged(_numbers_in((args, kwargs)))
        result = function(*_stripped(args), **_stripped(kwargs))
        if isinstance(result, tuple) and hasattr(result, "_fields"):
            return type(result)(*(remember(item, sources) for item in result))
        return remember(result, sources)

    def __getitem__(self, key: Any) -> Any:
        return remember(super().__getitem__(key), sources_of(self))

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, _plain(value))
        self.__dict__["_gradviz"] = _merged((self, value))
        part = super().__getitem__(key)
        _tell(part if isinstance(part, np.ndarray) and part.base is not None else self, sources_of(value))

    def __repr__(self) -> str:
        return repr(self.view(np.ndarray))

    def __reduce__(self) -> Any:
        return self.view(np.ndarray).__reduce__()

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self.view(np.ndarray).__reduce_ex__(protocol)


def _reading(name: str) -> Callable[..., Any]:
    function = getattr(np.ndarray, name)

    def method(self: Array, *args: Any, **kwargs: Any) -> Any:
        return remember(function(self.view(np.ndarray), *_stripped(args), **_stripped(kwargs)), sources_of(self))

    method.__name__ = name
    return method


for _name in "item tolist sum mean prod std var min max argmin argmax argsort cumsum dot round trace any all astype copy".split():
    setattr(Array, _name, _reading(_name))
Array.__name__ = Array.__qualname__ = "ndarray"
Array.__module__ = "numpy"


def _numbers_in(value: Any) -> Iterable[Any]:
    kind = type(value)
    if kind in TRACKED:
        yield value
    elif kind in (list, tuple):
        for item in value:
            yield from _numbers_in(item)
    elif kind is dict:
        yield from _numbers_in(list(value.values()))


def _stripped(value: Any) -> Any:
    kind = type(value)
    if kind is Array:
        return value.view(np.ndarray)
    if kind in (list, tuple):
        return kind(_stripped(item) for item in value)
    if kind is dict:
        return {key: _stripped(item) for key, item in value.items()}
    return value


_BASES: dict[type, type] = {_carrier(base): base for base in (float, int, np.float64, np.float32, np.int64, np.int32)}
_CARRIERS: dict[type, type] = {base: carrier for carrier, base in _BASES.items()} | {carrier: carrier for carrier in _BASES}
TRACKED: frozenset[type] = frozenset((*_BASES, Array))
