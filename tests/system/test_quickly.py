"""Frozen instances that are made fast are those that the class itself makes."""

import copy
import pickle
from dataclasses import FrozenInstanceError, replace

import pytest

from gradviz.graph import Edge, Graph, Node, NodeKind, Place, Verdict
from gradviz.system.quickly import changed, quickly

NODE = Node(index=3, kind=NodeKind.OPERATION, operation="mul", place=Place("train.py", 4))


def test_what_is_made_fast_is_equal_to_what_the_class_makes() -> None:
    made = quickly(Node)(
        index=3, kind=NodeKind.OPERATION, operation="mul", place=Place("train.py", 4)
    )
    assert type(made) is Node
    assert made == NODE
    assert hash(made) == hash(NODE)
    assert repr(made) == repr(NODE)
    assert pickle.loads(pickle.dumps(made)) == copy.deepcopy(made) == NODE
    assert replace(made, index=4).index == 4


def test_what_is_made_fast_stays_frozen() -> None:
    for made in (quickly(Node)(index=0, kind=NodeKind.LOSS), changed(NODE, pruned=True)):
        with pytest.raises(FrozenInstanceError):
            made.index = 5  # type: ignore[misc]


def test_a_change_is_that_of_dataclasses() -> None:
    edge = Edge(source=2, target=1)
    assert changed(edge, cut=7) == replace(edge, cut=7)
    assert changed(NODE, verdict=Verdict.CUT, pruned=True) == replace(
        NODE, verdict=Verdict.CUT, pruned=True
    )
    assert NODE.verdict is None


def test_a_field_that_has_no_default_is_asked_for_as_by_the_class() -> None:
    with pytest.raises(TypeError, match="index"):
        quickly(Node)(kind=NodeKind.LOSS)  # type: ignore[call-arg]


def test_the_class_makes_its_own_instances_as_before() -> None:
    quickly(Edge)(source=1, target=0)
    edges = (Edge(source=2, target=1), Edge(source=1, target=0))
    assert sorted(edges) == [edges[1], edges[0]]
    assert Graph((NODE,), edges).edges == edges
