"""What a picture shows: the same words for a node whether the graph is whole or folded."""

from collections.abc import Callable

import graphs
import pytest

from gradviz.facts.training import Fate, Training
from gradviz.folding.boxes import BoxKind, View
from gradviz.folding.whole import whole
from gradviz.graph import CutKind, Verdict
from gradviz.render.scene import scene
from gradviz.render.sketch import Sort
from gradviz.reports import Report

FOLDED = View(depth=5)


@pytest.mark.parametrize(
    "make", [graphs.none, graphs.frozen, graphs.detached, graphs.without_grad, graphs.every_verdict]
)
def test_whole_and_folded_mark_the_same_cuts_and_tell_the_same_of_each_parameter(
    make: Callable[[], Report],
) -> None:
    report = make()
    shown = [scene(report, View()), scene(report, FOLDED)]
    assert [each.is_whole for each in shown] == [True, False]
    marks = [
        sorted(item.about for item in each.sketch.items if item.sort is Sort.MARK) for each in shown
    ]
    assert marks[0] == marks[1]
    tensors = [
        {
            item.about
            for item in each.sketch.items
            if item.sort is Sort.TENSOR and "unused" not in item.about
        }
        for each in shown
    ]
    assert tensors[0] == tensors[1]
    assert {line.stroke for line in shown[0].sketch.lines} == {
        line.stroke for line in shown[1].sketch.lines
    }


def test_every_box_of_a_whole_graph_carries_the_node_that_it_stands_for() -> None:
    report = graphs.every_verdict()
    boxes = whole(report.graph, report.parameters).boxes
    assert {box.node.index for box in boxes if box.node} == {
        node.index for node in report.graph.nodes
    }
    assert all(box.node for box in boxes)
    (mark,) = [box for box in boxes if box.kind is BoxKind.CUT]
    assert mark.node is not None
    assert mark.node.severs is CutKind.ITEM
    assert mark.cuts == (0,)


@pytest.mark.parametrize("view", [View(), FOLDED])
def test_every_item_of_one_node_carries_it(view: View) -> None:
    report = graphs.every_verdict()
    items = scene(report, view).sketch.items
    nodes = {item.node.index for item in items if item.node}
    assert nodes == {node.index for node in report.graph.nodes}
    assert all(item.node or item.verdict is Verdict.UNUSED for item in items)


def test_what_severs_and_has_no_parameter_behind_it_has_no_mark() -> None:
    net = graphs.Builder()
    into = net.operation("AddBackward0", net.loss)
    net.parameter("weight", into)
    detached = net.operation(
        "detach", into, gradient=False, requires_grad=False, severs=CutKind.DETACH
    )
    made = net.node(kind="operation", operation="MulBackward0")
    net.edge(made, detached, gradient=False, severed=CutKind.DETACH)
    report = net.report()
    for shown in (scene(report, View()), scene(report, FOLDED)):
        assert not [item for item in shown.sketch.items if item.sort is Sort.MARK]


def test_unused_parameters_stand_beside_a_whole_graph_a_module_to_a_box() -> None:
    items = {item.key: item for item in graphs.whole_sketch(graphs.every_verdict()).items}
    assert items["u0"].lines == ("aux.*", "2 tensors, 2 values", "unused")
    assert items["u0"].verdict is Verdict.UNUSED


def test_what_gradient_reaches_and_does_not_train_says_so_and_stands_apart_from_equal_modules():
    net = graphs.Builder()
    into = net.loss
    for number in reversed(range(40)):
        into = net.operation("MulBackward0", into, scope=f"layers.{number}")
        for name in ("weight", "bias"):
            net.parameter(f"layers.{number}.{name}", into)
    fates = (Fate(name="layers.7.weight", trains=False, why="not_held"),)
    report = net.report(training=Training(steps=1, parameters=fates))
    shown = scene(report, View(depth=1)).sketch.items
    assert [item.lines[0] for item in shown if item.sort is Sort.TENSOR] == [
        "layers.8..39 ×32",
        "layers.7",
        "layers.0..6 ×7",
    ]
    (ailing,) = [item for item in shown if any("!" in line for line in item.lines)]
    assert ailing.lines[0] == "layers.7"
    assert ailing.lines[-1] == "! 1 does not train"
    assert ailing.about.endswith("; 1 does not train")
    (alone,) = [
        item for item in graphs.whole_sketch(report).items if "does not train" in item.about
    ]
    assert alone.about.endswith("does not train: no optimizer holds it")
