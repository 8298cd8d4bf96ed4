"""Things put together by what they have in common."""

from collections.abc import Hashable, Iterable
from itertools import takewhile
from typing import TypeVar

_Key = TypeVar("_Key", bound=Hashable)
_Item = TypeVar("_Item")


def grouped(pairs: Iterable[tuple[_Key, _Item]]) -> dict[_Key, list[_Item]]:
    """Return the items of each key, in the order in which the keys and the items come.

    >>> grouped((len(word), word) for word in ("cut", "zero", "log"))
    {3: ['cut', 'log'], 4: ['zero']}
    """
    groups: dict[_Key, list[_Item]] = {}
    for key, item in pairs:
        groups.setdefault(key, []).append(item)
    return groups


def shared_start(paths: Iterable[Iterable[_Item]]) -> list[_Item]:
    """Return what all paths begin with.

    >>> shared_start([("net", "0", "weight"), ("net", "0"), ("net", "0", "bias")])
    ['net', '0']
    """
    steps = zip(*paths, strict=False)
    return [parts[0] for parts in takewhile(lambda parts: len(set(parts)) == 1, steps)]
