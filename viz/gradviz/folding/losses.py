"""Which operations are the steps of one of torch's loss functions, and are drawn as one box."""

from collections import Counter
from collections.abc import Iterable, Sequence

from gradviz.graph import Node
from gradviz.system.grouped import grouped


def scopes_of(nodes: Sequence[Node]) -> list[str]:
    """Return the path that each node stands in: of the module that ran it, and below that the loss
    function that it is a step of.
    """
    names = loss_functions(nodes)
    return [
        f"{node.scope}.{names[node.index]}".lstrip(".") if node.index in names else node.scope
        for node in nodes
    ]


def loss_functions(nodes: Iterable[Node]) -> dict[int, str]:
    """Return what to call the loss function that nodes are steps of, by their indices.

    A name that several lines call gets the line too. What has one step alone is left out.
    """
    steps_of = grouped(
        ((node.scope, node.loss_function, node.place.line if node.place else 0), node)
        for node in nodes
        if node.loss_function
    )
    calls = {call: steps for call, steps in steps_of.items() if len(steps) > 1}
    lines = Counter((scope, name) for scope, name, _ in calls)
    return {
        step.index: f"{name}, line {line}" if lines[scope, name] > 1 else name
        for (scope, name, line), steps in calls.items()
        for step in steps
    }
