"""The order of modules that other things pass through: one group for each of their calls."""

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import TypeVar

_Key = TypeVar("_Key", bound=Hashable)


def components(into: Mapping[_Key, Sequence[_Key]]) -> list[list[_Key]]:
    """Return the strongly connected components of a graph, successors first (Tarjan's)."""
    order: dict[_Key, int] = {}
    low: dict[_Key, int] = {}
    on_stack: dict[_Key, None] = {}
    parts: list[list[_Key]] = []
    ways: list[tuple[_Key, Iterator[_Key]]] = []  # where the walk is, and what is left to see there

    def come_to(key: _Key) -> None:
        order[key] = low[key] = len(order)
        on_stack[key] = None
        ways.append((key, iter(into[key])))

    for start in reversed(list(into)):
        if start not in order:
            come_to(start)
        while ways:
            key, left = ways[-1]
            for after in left:
                if after not in order:
                    come_to(after)
                    break
                if after in on_stack:
                    low[key] = min(low[key], order[after])
            else:
                ways.pop()
                if ways and low[key] < low[ways[-1][0]]:
                    low[ways[-1][0]] = low[key]
                if low[key] == order[key]:
                    component: list[_Key] = []
                    while not component or component[-1] != key:
                        component.append(on_stack.popitem()[0])
                    parts.append(component[::-1])
    return parts


def side_by_side(
    order: Sequence[_Key], into: Mapping[_Key, Sequence[_Key]], kinds: Mapping[_Key, Hashable]
) -> list[_Key]:
    """Return an order of the data flow in which what is alike stands together where it can, such as
    experts that all take the same value.

    Args:
        order: Any order of the data flow.
        into: What each goes into, once, and not itself.
        kinds: Of what may be moved: equal for what is alike.
    """
    if len(set(kinds.values())) == len(kinds):
        return list(order)
    missing = Counter(target for key in order for target in into[key])
    ready: dict[Hashable, dict[_Key, None]] = {kind: {} for kind in kinds.values()}
    left = dict.fromkeys(order)
    together: list[_Key] = []

    def await_(key: _Key) -> None:
        if key in kinds and not missing[key]:
            ready[kinds[key]][key] = None

    for key in order:
        await_(key)
    for first in order:
        waiting = {first: None} if first in left else {}
        while waiting:
            key = next(iter(waiting))
            del left[key], waiting[key]
            together.append(key)
            for target in into[key]:
                missing[target] -= 1
                await_(target)
            if key in kinds:
                waiting = ready[kinds[key]]
                waiting.pop(key, None)
    return together


def calls_of(
    component: Sequence[_Key],
    keys: Mapping[_Key, list[int]],
    key_of: Mapping[int, _Key],
    flows: Mapping[int, Sequence[int]],
) -> list[tuple[_Key, list[int]]]:
    """Return stretches of modules that take turns, in the order of the data flow.

    What takes no part, such as parameters that every call has a stub of, comes first.
    """
    members = [m for key in component for m in keys[key]]
    within = set(members)
    sources: dict[int, list[int]] = {m: [] for m in members}
    for m in members:
        for target in flows[m]:
            if target in within:
                sources[target].append(m)
    idle = {key: [m for m in keys[key] if not flows[m] and not sources[m]] for key in component}
    idle = {key: apart for key, apart in idle.items() if len(apart) < len(keys[key])}
    stretches = [(key, sorted(apart, reverse=True)) for key, apart in idle.items() if apart]
    left_out = {m for apart in idle.values() for m in apart}
    taking_part = [m for m in members if m not in left_out]
    return stretches + _turns(taking_part, sources, key_of)


def _turns(
    members: Sequence[int], sources: Mapping[int, Sequence[int]], key_of: Mapping[int, _Key]
) -> list[tuple[_Key, list[int]]]:
    """Return the calls of modules, the first to run first.

    Walked from the end, so that what a call needs comes with the call; a module is left only when
    nothing more of it is needed. Where the graph goes round there is no end, and the walk begins
    with the last.
    """
    missing = Counter(source for m in members for source in sources[m])
    left = dict.fromkeys(members)  # what no call awaits yet
    ready: dict[_Key, list[int]] = {}

    def await_(m: int) -> None:
        del left[m]
        ready.setdefault(key_of[m], []).append(m)

    for m in members:
        if not missing[m]:
            await_(m)
    calls: list[tuple[_Key, list[int]]] = []
    while ready or left:
        if not ready:
            await_(next(reversed(left)))
        key, waiting = next(iter(ready.items()))
        call = []
        while waiting:
            m = waiting.pop()
            call.append(m)
            for source in sources[m]:
                missing[source] -= 1
                if not missing[source] and source in left:
                    await_(source)
        del ready[key]
        calls.append((key, call[::-1]))
    return calls[::-1]
