"""How a node, an edge and what severs on it are drawn."""

import pytest

from gradviz.folding.boxes import BoxKind
from gradviz.folding.drawn import box_of, links_of, mark_of, tensor_of
from gradviz.folding.flow import Passing
from gradviz.graph import CutKind, Node, NodeKind, Parameter, Place, Verdict

LINE = Place("train.py", 7)


def test_an_operation_is_drawn_in_its_module_and_with_its_line():
    node = Node(index=3, kind=NodeKind.OPERATION, operation="MulBackward0", place=LINE)
    box = box_of(node, None, path="head", pruned=True, key="n3")
    assert (box.kind, box.path, box.operation, box.place) == (
        BoxKind.OPERATION,
        "head",
        "MulBackward0",
        LINE,
    )
    assert (box.pruned, box.key, box.node) == (True, "n3", node)


@pytest.mark.parametrize(("name", "path"), [("adv", "adv"), ("", "loss")])
def test_a_loss_is_called_by_its_name_or_else_a_loss(name, path):
    node = Node(index=0, kind=NodeKind.LOSS, name=name)
    box = box_of(node, None, path="", pruned=False)
    assert (box.kind, box.path, box.node) == (BoxKind.LOSS, path, node)


def test_what_severs_is_a_mark_whether_it_is_a_node_or_lies_on_an_edge():
    node = Node(index=1, kind=NodeKind.OPERATION, severs=CutKind.DETACH, place=LINE)
    box = box_of(node, (0, 2), path="", pruned=False)
    assert box == mark_of(node, CutKind.DETACH, (0, 2))
    assert (box.kind, box.operation, box.cuts) == (BoxKind.CUT, "detach", (0, 2))
    assert mark_of(node, CutKind.HOOK, (1,)).operation == "hook"


@pytest.mark.parametrize(
    ("way", "mark", "links"),
    [
        (Passing.GRADIENT, None, {("a", "b", Passing.GRADIENT)}),
        (Passing.GRADIENT, "m", {("a", "m", Passing.PRUNED), ("m", "b", Passing.SEVERED)}),
        (Passing.FROZEN, "m", {("a", "m", Passing.FROZEN), ("m", "b", Passing.SEVERED)}),
        (Passing.GRADIENT, "a", {("a", "b", Passing.SEVERED)}),
        (Passing.GRADIENT, "b", {("a", "b", Passing.PRUNED)}),
    ],
)
def test_an_edge_is_one_link_or_one_into_a_mark_and_one_out(way, mark, links):
    assert set(links_of("a", "b", way, mark)) == links


def test_an_edge_within_a_box_is_no_link():
    assert links_of("a", "a", Passing.VALUE, None) == []


def test_a_tensor_has_the_verdict_of_its_parameter_and_a_leaf_its_own():
    weight = Parameter(name="weight", verdict=Verdict.FROZEN)
    node = Node(index=1, kind=NodeKind.PARAMETER, name="weight", verdict=Verdict.REACHED)
    assert tensor_of(node, {"weight": weight}) == (weight, Verdict.FROZEN)
    leaf = Node(index=2, kind=NodeKind.LEAF, name="weight")
    assert tensor_of(leaf, {"weight": weight}) == (None, Verdict.REACHED)
    made = Node(index=2, kind=NodeKind.LEAF, verdict=Verdict.ZERO)
    assert tensor_of(made, {}) == (None, Verdict.ZERO)
