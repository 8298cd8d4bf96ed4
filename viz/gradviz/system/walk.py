"""The one walk along what hangs together: a loop, and nothing is come to twice."""

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import TypeVar

_Place = TypeVar("_Place", bound=Hashable)


def walk(
    starts: Iterable[_Place],
    onward: Callable[[_Place], Iterable[_Place]],
    *,
    most: int | None = None,
    nearest: bool = False,
) -> Iterator[_Place]:
    """Yield what a walk comes to, with what it starts from.

    Args:
        starts: Where it starts.
        onward: Says where it can go from a place, which was yielded before.
        most: From so many places on it goes no further.
        nearest: The nearest first, not the newest.
    """
    waiting = deque(dict.fromkeys(starts))
    met = set(waiting)
    while waiting:
        place = waiting.popleft() if nearest else waiting.pop()
        yield place
        if most is not None and len(met) >= most:
            continue
        for other in onward(place):
            if other not in met:
                met.add(other)
                waiting.append(other)
