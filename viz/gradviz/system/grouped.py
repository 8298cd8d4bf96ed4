"""Things put together by what they have in common."""

from collections.abc import Hashable, Iterable
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
