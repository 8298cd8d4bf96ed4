"""Gradient that is nothing but rounding.

What comes to a value on several routes is added up, and cancels as far as its type can hold. What
one operation adds up cancels as well (:mod:`gradviz.recording.arithmetic.faint`).
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from gradviz.graph import Edge, NodeKind, Place
from gradviz.judging.build import Built
from gradviz.recording.arithmetic.faint import adds_up
from gradviz.recording.arithmetic.passage import Passage
from gradviz.recording.names import operation_name
from gradviz.render.sentences import counted, listing

_ROUNDINGS = 8  # of the largest part: what additions of a few parts may be off by

# In the names of nodes: which of torch's ways of computing it
_KERNEL = re.compile(r"^native_|^_(?=scaled)|(?<=dot_product)_\w+(?=_attention)|_for_cpu$")
_ADDED = "the gradients of all places that it is added to"
HARMLESS = " Where a normalisation follows, which takes it out again, that is harmless."

_Ends = tuple[int, int]
"""The source and the target of an edge."""


class Rounding(NamedTuple):
    """What cancellation has left.

    Attributes:
        leaves: The parameters that get nothing else, by index.
        note: A sentence on it.
    """

    leaves: Sequence[int]
    note: str


class _Inside(NamedTuple):
    """What an operation leaves of the gradient that it adds up.

    Attributes:
        edge: Along which that goes on.
        what: Words for what cancels.
    """

    edge: _Ends
    what: str


def rounding(
    built: Built, flows: Mapping[int, Passage], arrivals: Mapping[int, float], eps: float
) -> Iterator[Rounding]:
    """Say of which parameters all that arrives is what cancellation has left.

    Args:
        built: The graph.
        flows: What passed each node, by index.
        arrivals: What arrived at each leaf, by index.
        eps: The relative precision of the type of the loss.
    """
    on_routes = _on_routes(flows, arrivals, eps)
    inside = list(_inside(built, flows))
    if not on_routes and not inside:
        return
    passed = _without(built, flows, set(on_routes), {part.edge for part in inside})

    def behind_it(start: int) -> list[int]:
        behind = built.before([start])
        return [
            leaf
            for leaf in sorted(arrivals, reverse=True)
            if leaf in behind
            and leaf not in passed
            and arrivals[leaf]
            and built.nodes[leaf].kind is NodeKind.PARAMETER
        ]

    for index, (came, sizes) in on_routes.items():
        if of := behind_it(index):
            yield Rounding(
                of,
                f"What arrives at {_names(built, of)} may be no more than rounding: what comes to"
                f" the value made{_at(built.nodes[index].place)} on {len(sizes)} routes has a norm"
                f" of up to {max(sizes):.0e} and cancels to {came:.0e}.",
            )
    yield from _told_together(built, inside, behind_it)


def _told_together(
    built: Built, inside: Sequence[_Inside], behind_it: Callable[[int], list[int]]
) -> Iterator[Rounding]:
    """Say where operations cancel what they add up, those of a kind in a sentence.

    Args:
        built: The graph.
        inside: What they leave, the nearest to the loss first.
        behind_it: Returns the parameters behind a node that get nothing else.
    """
    claims: list[tuple[_Inside, list[int]]] = []
    named: set[int] = set()
    for part in inside:  # what is behind the nearest cancels no more
        if of := [leaf for leaf in behind_it(part.edge[0]) if leaf not in named]:
            named.update(of)
            claims.insert(0, (part, of))
    for what in dict.fromkeys(part.what for part, _ in claims):
        alike = [part for part, _ in claims if part.what == what]
        of = [leaf for part, leaves in claims if part.what == what for leaf in leaves]
        place = built.nodes[alike[0].edge[1]].place
        at = "" if place is None else f" at {place}"
        count = len({part.edge[1] for part in alike}) - 1
        others = f" and {counted(count, 'other operation')}" if count else ""
        direct = {built.nodes[part.edge[0]].kind for part in alike} == {NodeKind.PARAMETER}
        calm = HARMLESS if what == _ADDED and direct else ""
        who = f"What arrives at {_names(built, of)} is rounding, and no gradient"
        yield Rounding(of, f"{who}: {what} cancel{at}{others}.{calm}")


def _names(built: Built, leaves: Sequence[int]) -> str:
    return listing([built.nodes[leaf].name for leaf in leaves])


def _at(place: Place | None) -> str:
    return "" if place is None else f" at {place}" + (f" ({place.code})" if place.code else "")


def _on_routes(
    flows: Mapping[int, Passage], arrivals: Mapping[int, float], eps: float
) -> dict[int, tuple[float, list[float]]]:
    """Return how large the gradient is, and its parts are, that cancel at each value."""
    first: dict[int, float] = {}
    parts: dict[int, list[float]] = {}  # of the values that more than one came to
    for flow in flows.values():
        for source, went in zip(flow.leads, flow.went, strict=False):
            if source is None or not went:
                continue
            if source in first:
                parts.setdefault(source, [first[source]]).append(went)
            else:
                first[source] = went
    return {
        index: (came, sizes)
        for index, sizes in parts.items()
        if (came := arrivals.get(index) or (flows[index].came if index in flows else None))
        if 0 < came <= _ROUNDINGS * eps * max(sizes) < math.inf
    }


def _inside(built: Built, flows: Mapping[int, Passage]) -> Iterator[_Inside]:
    """Yield where an operation cancels what it adds up."""
    for index, flow in flows.items():
        for edge in sorted(flow.rounded) if flow.rounded else ():
            source = flow.leads[edge]
            if source is not None:
                name = operation_name(built.nodes[index].operation)
                what = (
                    _ADDED
                    if adds_up(name, edge)
                    else f"the parts of the gradient of {_KERNEL.sub('', name)}"
                )
                yield _Inside((source, index), what)


def _without(
    built: Built, flows: Mapping[int, Passage], closed: set[int], taken_out: set[_Ends]
) -> set[int]:
    """Return what gradient comes to from the loss without a closed node, and without some edges."""

    def passes(edge: Edge) -> bool:
        if not edge.gradient or edge.source in closed or (edge.source, edge.target) in taken_out:
            return False
        flow = flows.get(edge.target)
        return flow is None or any(
            went and source == edge.source
            for source, went in zip(flow.leads, flow.went, strict=False)
        )

    return built.links.before([0], passes)
