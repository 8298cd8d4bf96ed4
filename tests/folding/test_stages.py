"""A loop that runs through many modules is told in parts, or else in one box."""

from collections import Counter

import pytest
from graphs import Builder

from gradviz.folding.fold import fold
from gradviz.folding.stages import STAGES
from gradviz.graph import Place
from gradviz.reports import Report


def looped(count: int, relus: int = 1) -> Report:
    """Layers of different sizes, each followed by relus on the same line."""
    net = Builder()
    into = net.loss
    for number in reversed(range(count)):
        for _ in range(relus):
            into = net.operation("ReluBackward0", into, place=Place("net.py", 7))
        into = net.operation("AddmmBackward0", into, scope=f"layers.{number}")
        net.parameter(f"layers.{number}.weight", into, shape=(number + 1,))
        net.parameter(f"layers.{number}.bias", into, shape=(number + 1,))
    return net.report()


def test_a_loop_through_many_modules_is_parted_between_them() -> None:
    report = looped(20)
    folded = fold(report.graph, report.parameters)
    relus = {
        number for number, each in enumerate(folded.boxes) if each.operation == "ReluBackward0"
    }
    assert len(relus) == 20
    assert Counter(link.target for link in folded.links if link.target in relus) == dict.fromkeys(
        relus, 1
    )


@pytest.mark.parametrize("count", [300, 1000])
def test_so_is_a_loop_through_more_modules_than_can_be_drawn(count: int) -> None:
    report = looped(count)
    folded = fold(report.graph, report.parameters)
    assert 30 < len(folded.boxes) <= 150
    assert sum(each.nodes for each in folded.boxes) == folded.nodes
    assert max(Counter(link.source for link in folded.links).values()) <= 3


def test_a_loop_that_every_module_feeds_stays_one_box() -> None:
    net = Builder()
    adds = [net.operation("AddBackward0", net.loss, place=Place("net.py", 7)) for _ in range(60)]
    for number in range(60):
        layer = net.operation("AddmmBackward0", adds[number], scope=f"layers.{number}")
        net.parameter(f"layers.{number}.weight", layer, shape=(number + 1,))
        for later in adds[number + 1 :]:
            net.edge(layer, later)
    folded = fold(net.report().graph, net.report().parameters)
    assert len(folded.links) <= 3 * len(folded.boxes)


@pytest.mark.parametrize(("count", "boxes"), [(STAGES, 1), (STAGES + 2, STAGES + 2)])
def test_a_loop_through_few_modules_is_one_box(count: int, boxes: int) -> None:
    report = looped(count, relus=2)
    folded = fold(report.graph, report.parameters)
    assert sum(each.operation == "ReluBackward0" for each in folded.boxes) == boxes
