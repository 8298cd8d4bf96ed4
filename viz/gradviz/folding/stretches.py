"""Operations that follow each other without a branch, put into one box."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from math import ceil

from gradviz.folding.boxes import Box, BoxKind, Folded, Link
from gradviz.system.grouped import grouped

STRETCH = 12  # operations that are drawn as one box


def stretched(folded: Folded) -> Folded:
    """Return the fold with one box for each stretch of operations."""
    boxes = folded.boxes
    # One stands where its last did, nearest to the loss
    stretches = {stretch[-1]: stretch for stretch in _stretches(folded)}
    inside = {number for stretch in stretches.values() for number in stretch[:-1]}
    kept = [number for number in range(len(boxes)) if number not in inside]
    position = {number: place for place, number in enumerate(kept)}
    for last, stretch in stretches.items():
        position.update((number, position[last]) for number in stretch[:-1])
    inner = {pair for stretch in stretches.values() for pair in pairwise(stretch)}
    links = [
        replace(link, source=position[link.source], target=position[link.target])
        for link in folded.links
        if (link.source, link.target) not in inner
    ]
    merged = [
        _in_one([boxes[position] for position in stretches[n]]) if n in stretches else boxes[n]
        for n in kept
    ]
    return replace(folded, boxes=tuple(merged), links=tuple(sorted(links)))


def _stretches(folded: Folded) -> Iterator[tuple[int, ...]]:
    """Yield the numbers of boxes to be merged, as even parts of at most ``STRETCH``."""
    after = _followers(folded)
    starts = set(after) - set(after.values())  # a loop has none, and stays as it is
    for start in starts:
        chain = [start]
        while chain[-1] in after:
            chain.append(after[chain[-1]])
        parts = ceil(len(chain) / STRETCH)
        for part in range(parts):
            yield tuple(chain[part * len(chain) // parts : (part + 1) * len(chain) // parts])


def _followers(folded: Folded) -> Mapping[int, int]:
    """Return, for each operation that alone goes into another one of the same module, that
    other.
    """
    entering = Counter(link.target for link in folded.links)
    leaving = grouped((link.source, link.way) for link in folded.links)

    def is_joined(link: Link) -> bool:
        source, target = folded.boxes[link.source], folded.boxes[link.target]
        are_operations = source.kind is target.kind is BoxKind.OPERATION
        are_together = (source.frame, source.path, source.pruned) == (
            target.frame,
            target.path,
            target.pruned,
        )
        is_only = len(leaving[link.source]) == entering[link.target] == 1
        return (
            are_operations
            and are_together
            and is_only
            and set(leaving.get(link.target, ())) <= {link.way}
        )

    return {link.source: link.target for link in folded.links if is_joined(link)}


def _in_one(stretch: Sequence[Box]) -> Box:
    nodes = sum(box.nodes for box in stretch)
    return replace(
        stretch[-1], operation="", times=1, node=None, nodes=nodes, stretch=tuple(stretch)
    )
