"""How a node, an edge and what severs on it are drawn, however much of the graph is folded."""

from collections.abc import Hashable, Mapping
from typing import TypeVar

from gradviz.folding.boxes import Box, BoxKind
from gradviz.folding.flow import Passing
from gradviz.graph import CutKind, Node, NodeKind, Parameter, Verdict

_Key = TypeVar("_Key", bound=Hashable)


def box_of(
    node: Node, cuts: tuple[int, ...] | None, *, path: str, pruned: bool, key: str = ""
) -> Box:
    """Return the box of a loss, an operation or a node that severs, which is no tensor.

    Args:
        node: What it stands for.
        cuts: Of a node that severs: indices in ``Report.cuts``; None for any other.
        path: Of the module that it is drawn in.
        pruned: It lies in what a cut prunes.
        key: As in :class:`Box`.
    """
    if node.kind is NodeKind.LOSS:
        return Box(kind=BoxKind.LOSS, key=key, node=node, path=node.name or "loss")
    if cuts is not None:
        return mark_of(node, node.severs, cuts, key=key)
    return Box(
        kind=BoxKind.OPERATION,
        key=key,
        node=node,
        path=path,
        operation=node.operation,
        place=node.place,
        pruned=pruned,
    )


def mark_of(node: Node, kind: CutKind | None, cuts: tuple[int, ...], *, key: str = "") -> Box:
    """Return the mark of what severs at a node."""
    return Box(
        kind=BoxKind.CUT, key=key, node=node, operation=str(kind), cuts=cuts, place=node.place
    )


def tensor_of(node: Node, parameters: Mapping[str, Parameter]) -> tuple[Parameter | None, Verdict]:
    """Return which parameter of the model a tensor is, if it is one, and its verdict."""
    parameter = parameters.get(node.name) if node.kind is NodeKind.PARAMETER else None
    return parameter, parameter.verdict if parameter else node.verdict or Verdict.REACHED


def links_of(
    source: _Key, target: _Key, way: Passing, mark: _Key | None
) -> list[tuple[_Key, _Key, Passing]]:
    """Return the links of an edge: from its source to its target, or by the mark of what severs
    on it. None begins and ends in one box.

    Args:
        source, target: The boxes of its ends.
        way: What passes along it, were there no mark.
        mark: The box of the mark; None where nothing severs on it.
    """
    if mark is None:
        links = [(source, target, way)]
    else:
        into = way if way is Passing.FROZEN else Passing.PRUNED
        links = [(mark, target, Passing.SEVERED), (source, mark, into)]
    return [link for link in links if link[0] != link[1]]
