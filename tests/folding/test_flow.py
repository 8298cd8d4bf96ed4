"""What follows from the edges of a graph, on graphs built by hand."""

import pytest
from graphs import Builder

from gradviz.folding.flow import Flow, Passing
from gradviz.graph import Cut, CutKind, Edge, Verdict


@pytest.fixture
def net():
    return Builder()


def flow(net):
    report = net.report()
    return Flow(report.graph, report.parameters)


def ways(net):
    """Return what passes along each edge, by its ends."""
    result = flow(net)
    return {(edge.source, edge.target): result.way(edge) for edge in result.edges}


def test_a_node_is_as_far_from_the_loss_as_its_longest_way(net):
    near = net.operation("AddBackward0", net.loss)
    middle = net.operation("MulBackward0", near)
    far = net.operation("ExpBackward0", middle)
    net.edge(far, near)
    assert flow(net).distance == [0, 1, 2, 3]


def test_gradient_passes_where_nothing_severs(net):
    near = net.operation("AddBackward0", net.loss)
    net.parameter("w", near)
    assert ways(net) == {(1, 0): Passing.GRADIENT, (2, 1): Passing.GRADIENT}


def test_the_value_of_a_frozen_parameter_passes_as_frozen(net):
    near = net.operation("AddBackward0", net.loss)
    net.parameter("w", near, Verdict.FROZEN)
    assert ways(net)[2, 1] is Passing.FROZEN


def test_a_value_that_needs_no_gradient_passes_as_a_value(net):
    near = net.operation("AddBackward0", net.loss)
    net.operation("arange", near, gradient=False, requires_grad=False)
    assert ways(net)[2, 1] is Passing.VALUE


@pytest.fixture
def cut_net(net):
    """detach (2) between the sum (1) and the product (3), which uses a parameter (4)."""

    near = net.operation("SumBackward0", net.loss)
    net.cuts.append(Cut(kind=CutKind.DETACH, operation="detach()"))
    cut = net.operation("detach", near, gradient=False, requires_grad=False, severs=CutKind.DETACH)
    product = net.operation("MulBackward0", cut, pruned=True, gradient=False)
    net.edges[-1] = Edge(source=product, target=cut, gradient=False, severed=CutKind.DETACH, cut=0)
    net.parameter("w", product, Verdict.CUT, cut=0)
    return net


def test_a_node_that_severs_stands_for_its_cut(cut_net):
    result = flow(cut_net)
    assert result.cut_nodes == {2: (0,)}
    assert result.cut_edges == {}


def test_behind_a_cut_everything_is_pruned(cut_net):
    assert ways(cut_net) == {
        (1, 0): Passing.GRADIENT,
        (2, 1): Passing.SEVERED,
        (3, 2): Passing.PRUNED,
        (4, 3): Passing.PRUNED,
    }
    assert flow(cut_net).pruned == [False, False, False, True, True]


def test_what_wants_no_gradient_goes_with_what_uses_it(cut_net):
    cut_net.operation("arange", 3, gradient=False, requires_grad=False)
    assert flow(cut_net).pruned[-1]
    cut_net.edge(5, 1, gradient=False)
    assert not flow(cut_net).pruned[-1]


def block_net(net):
    """Two operations of one no_grad block (2, 3), of which the second is fed by a product (4)."""

    near = net.operation("SumBackward0", net.loss)
    net.cuts.append(Cut(kind=CutKind.NO_GRAD, operation="torch.no_grad()"))
    inside = {"gradient": False, "requires_grad": False, "severs": CutKind.NO_GRAD}
    last = net.operation("mul", near, **inside)
    first = net.operation("exp", last, **inside)
    product = net.operation("MulBackward0", first, pruned=True)
    net.edges[-1] = Edge(
        source=product, target=first, gradient=False, severed=CutKind.NO_GRAD, cut=0
    )
    return net


def test_a_block_is_marked_where_a_value_leaves_it(net):
    result = flow(block_net(net))
    assert result.cut_nodes == {}
    ((edge, cuts),) = result.cut_edges.items()
    assert (edge.source, edge.target, cuts) == (2, 1, (0,))
    assert result.marked(edge).index == 2


def test_a_cut_without_a_node_of_its_own_is_marked_on_its_edge(net):

    near = net.operation("SumBackward0", net.loss)
    net.cuts.append(Cut(kind=CutKind.HOOK, operation="hook"))
    far = net.operation("MulBackward0", near, pruned=True)
    net.edges[-1] = Edge(source=far, target=near, gradient=False, severed=CutKind.HOOK, cut=0)
    result = flow(net)
    ((edge, cuts),) = result.cut_edges.items()
    assert (edge.source, cuts) == (far, (0,))
    assert result.marked(edge).index == near
