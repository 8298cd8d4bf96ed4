"""A graph node by node: the fold of nothing."""

import pytest
from graphs import Builder

from gradviz.folding.boxes import SHARED_USES, BoxKind
from gradviz.folding.flow import Passing
from gradviz.folding.whole import whole
from gradviz.graph import Cut, CutKind, Edge, NodeKind, Verdict


@pytest.fixture
def net():
    return Builder()


def folded(net):
    report = net.report()
    return whole(report.graph, report.parameters)


def links(result):
    """Return the links by what their ends are called."""
    names = [box.operation or box.path for box in result.boxes]
    return {(names[link.source], names[link.target], link.way) for link in result.links}


def test_every_node_has_a_box_and_every_edge_a_link(net):
    near = net.operation("AddBackward0", net.loss, scope="body")
    net.parameter("body.weight", near, shape=(3,))
    result = folded(net)
    assert [box.kind for box in result.boxes] == [
        BoxKind.LOSS,
        BoxKind.OPERATION,
        BoxKind.PARAMETER,
    ]
    assert [box.key for box in result.boxes] == ["n0", "n1", "n2"]
    assert links(result) == {
        ("AddBackward0", "loss", Passing.GRADIENT),
        ("body.weight", "AddBackward0", Passing.GRADIENT),
    }
    assert result.nodes == 3
    assert result.frames == ()


def test_the_box_of_a_parameter_tells_its_verdict_and_size(net):
    near = net.operation("AddBackward0", net.loss)
    net.parameter("w", near, Verdict.FROZEN, shape=(3,), partial=True)
    box = folded(net).boxes[-1]
    assert (box.verdicts, box.numel, box.partial) == (((Verdict.FROZEN, 1),), 1, 1)
    assert (box.shape, box.marked, box.pruned) == ((3,), ("w",), False)


@pytest.mark.parametrize("verdict", [Verdict.CUT, Verdict.UNUSED])
def test_a_parameter_that_is_cut_lies_in_what_was_pruned(net, verdict):
    near = net.operation("AddBackward0", net.loss)
    net.parameter("w", near, verdict)
    assert folded(net).boxes[-1].pruned is (verdict is Verdict.CUT)


def test_a_leaf_outside_the_model_is_no_parameter(net):
    near = net.operation("AddBackward0", net.loss)
    net.edge(net.node(kind=NodeKind.LEAF, name="leaf (2)", shape=(2,)), near)
    box = folded(net).boxes[-1]
    assert (box.kind, box.parameters, box.marked) == (BoxKind.LEAF, 0, ())
    assert box.verdicts == ((Verdict.REACHED, 1),)


@pytest.mark.parametrize(("uses", "boxes"), [(SHARED_USES, 1), (SHARED_USES + 1, SHARED_USES + 1)])
def test_a_parameter_with_many_uses_has_a_stub_for_each(net, uses, boxes):
    near = net.operation("AddBackward0", net.loss)
    for _ in range(uses):
        net.parameter("w", net.operation("MulBackward0", near))
    own = [box for box in folded(net).boxes if box.kind is BoxKind.PARAMETER]
    assert len(own) == boxes
    assert len({box.key for box in own}) == boxes
    assert all(box.stub is (boxes > 1) for box in own)


@pytest.mark.parametrize("uses", [SHARED_USES, SHARED_USES + 1])
def test_a_leaf_that_was_made_of_others_has_one_box_where_their_line_ends(net, uses):
    near = net.operation("AddBackward0", net.loss)
    leaf = net.node(kind=NodeKind.LEAF, name="leaf (3)", shape=(3,), verdict=Verdict.CUT)
    for _ in range(uses):
        net.edge(leaf, net.operation("MulBackward0", near), gradient=True)
    net.operation("SubBackward0", leaf)
    result = folded(net)
    assert sum(box.kind is BoxKind.LEAF for box in result.boxes) == 1
    assert ("SubBackward0", "leaf (3)", Passing.GRADIENT) in links(result)


def test_a_leaf_is_drawn_again_where_it_was_used_before_it_was_written(net):
    used = net.operation("MeanBackward0", net.loss)
    leaf = net.node(kind=NodeKind.LEAF, name="leaf (3)", shape=(3,), verdict=Verdict.REACHED)
    net.edge(leaf, used, gradient=True)
    step = net.operation("backward()", leaf)
    net.edge(leaf, net.operation("PowBackward0", step), gradient=True)
    result = folded(net)
    keys = {box.key: box.stub for box in result.boxes if box.kind is BoxKind.LEAF}
    assert keys == {"n2": False, "n2_4": True}


def test_a_cut_on_an_edge_is_a_mark_between_its_ends(net):
    near = net.operation("SumBackward0", net.loss)
    net.cuts.append(Cut(kind=CutKind.HOOK, operation="hook"))
    far = net.operation("MulBackward0", near, pruned=True)
    net.edges[-1] = Edge(source=far, target=near, gradient=False, severed=CutKind.HOOK, cut=0)
    result = folded(net)
    assert links(result) == {
        ("SumBackward0", "loss", Passing.GRADIENT),
        ("hook", "SumBackward0", Passing.SEVERED),
        ("MulBackward0", "hook", Passing.PRUNED),
    }
    assert [box.cuts for box in result.boxes if box.kind is BoxKind.CUT] == [(0,)]


def test_what_severs_at_two_places_has_a_mark_at_each(net):
    near = net.operation("SumBackward0", net.loss)
    net.cuts += [Cut(kind=CutKind.HOOK, operation="hook") for _ in range(2)]
    for cut in range(2):
        through = net.operation("MulBackward0", near)
        far = net.operation("ExpBackward0", through, pruned=True)
        net.edges[-1] = Edge(
            source=far, target=through, gradient=False, severed=CutKind.HOOK, cut=cut
        )
    marks = {box.key: box.cuts for box in folded(net).boxes if box.kind is BoxKind.CUT}
    assert marks == {"cut_hook_2": (0,), "cut_hook_4": (1,)}


def test_a_node_that_severs_is_the_mark_itself(net):
    near = net.operation("SumBackward0", net.loss)
    net.cuts.append(Cut(kind=CutKind.DETACH, operation="detach()"))
    cut = net.operation("detach", near, gradient=False, severs=CutKind.DETACH)
    far = net.operation("MulBackward0", cut, pruned=True)
    net.edges[-1] = Edge(source=far, target=cut, gradient=False, severed=CutKind.DETACH, cut=0)
    box = folded(net).boxes[2]
    assert (box.kind, box.operation, box.cuts) == (BoxKind.CUT, "detach", (0,))
    assert len(folded(net).boxes) == 4


def test_a_frozen_value_stays_frozen_on_its_way_into_a_mark(net):
    near = net.operation("SumBackward0", net.loss)
    net.cuts.append(Cut(kind=CutKind.HOOK, operation="hook"))
    net.parameter("w", near, Verdict.FROZEN)
    net.edges[-1] = Edge(source=2, target=near, gradient=False, severed=CutKind.HOOK, cut=0)
    assert ("w", "hook", Passing.FROZEN) in links(folded(net))


@pytest.mark.parametrize("severed", [False, True])
def test_a_loss_function_is_one_box_unless_asked_for_or_something_severs_in_it(net, severed):
    near = net.operation("NllLossBackward0", net.loss, loss_function="cross_entropy")
    far = net.operation("LogSoftmaxBackward0", near, loss_function="cross_entropy")
    if severed:
        net.cuts.append(Cut(kind=CutKind.HOOK, operation="hook"))
        net.edges[-1] = Edge(source=far, target=near, gradient=False, severed=CutKind.HOOK, cut=0)
    out = net.operation("AddmmBackward0", far, scope="head")
    net.parameter("head.weight", out)
    report = net.report()
    result = whole(report.graph, report.parameters, loss_steps=False)
    paths = {box.path: box.nodes for box in result.boxes if box.kind is BoxKind.MODULE}
    assert paths == ({} if severed else {"cross_entropy": 2})
    if not severed:
        assert ("cross_entropy", "loss", Passing.GRADIENT) in links(result)
        assert ("AddmmBackward0", "cross_entropy", Passing.GRADIENT) in links(result)
        assert len(result.links) == 3
    steps = whole(report.graph, report.parameters)
    assert all(box.kind is not BoxKind.MODULE for box in steps.boxes)
