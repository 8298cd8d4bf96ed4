"""Gradient that is nothing but rounding.

What comes to a value on several routes is added up, and cancels as far as its type can hold.
"""

from collections.abc import Iterator, Mapping

from gradviz.graph import Edge, NodeKind
from gradviz.recording.build import Built
from gradviz.recording.passage import Passage
from gradviz.render.sentences import listing

_ROUNDINGS = 8  # of the largest part: what additions of a few parts may be off by


def rounding(
    built: Built, flows: Mapping[int, Passage], arrivals: Mapping[int, float], eps: float
) -> Iterator[str]:
    """Say of which parameters all that arrives is what cancellation has left.

    Args:
        built: The graph.
        flows: What passed each node, by index.
        arrivals: What arrived at each leaf, by index.
        eps: The relative precision of the type of the loss.
    """
    parts: dict[int, list[float]] = {}
    for flow in flows.values():
        for source, went in zip(flow.leads, flow.went, strict=False):
            if source is not None and went:
                parts.setdefault(source, []).append(went)
    cancelled = {
        index: (came, max(sizes))
        for index, sizes in parts.items()
        if len(sizes) > 1
        and (came := arrivals.get(index) or (flows[index].came if index in flows else None))
        if 0 < came <= _ROUNDINGS * eps * max(sizes)
    }
    if not cancelled:
        return
    passed = _without(built, flows, set(cancelled))
    for index, (came, part) in cancelled.items():
        behind = built.before([index])
        names = [
            built.nodes[leaf].name
            for leaf in sorted(arrivals)
            if leaf in behind
            and leaf not in passed
            and arrivals[leaf]
            and built.nodes[leaf].kind is NodeKind.PARAMETER
        ]
        if names:
            place = built.nodes[index].place
            at = (
                "" if place is None else f" at {place}" + (f" ({place.code})" if place.code else "")
            )
            yield (
                f"What arrives at {listing(names)} is rounding, and no gradient: what comes to the"
                f" value made{at} on {len(parts[index])} routes has a norm of up to {part:.0e} and"
                f" cancels to {came:.0e}."
            )


def _without(built: Built, flows: Mapping[int, Passage], closed: set[int]) -> set[int]:
    """Return what gradient comes to from the loss without passing a closed node."""

    def passes(edge: Edge) -> bool:
        if not edge.gradient or edge.source in closed:
            return False
        flow = flows.get(edge.target)
        return flow is None or any(
            went and source == edge.source
            for source, went in zip(flow.leads, flow.went, strict=False)
        )

    return built.links.before([0], passes)
