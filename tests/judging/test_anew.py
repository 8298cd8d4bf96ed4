"""Whether what is severed is severed once more before the loss."""

from gradviz.graph import CutKind, Edge, Graph, Node, NodeKind
from gradviz.judging.anew import leaves, made_anew


def graph_of(*, aside):
    """Return a graph in which a detached value is copied, and with ``aside`` goes in as well."""
    nodes = (
        Node(index=0, kind=NodeKind.LOSS, name="loss"),
        Node(index=1, kind=NodeKind.OPERATION, operation="copy", severs=CutKind.DEEPCOPY),
        Node(index=2, kind=NodeKind.OPERATION, operation="detach()", severs=CutKind.DETACH),
        Node(index=3, kind=NodeKind.PARAMETER, name="a"),
    )
    first = Edge(source=3, target=2, gradient=False, severed=CutKind.DETACH)
    onward = (Edge(source=2, target=1, gradient=False), Edge(source=1, target=0, gradient=False))
    beside = (Edge(source=2, target=0, gradient=False),) if aside else ()
    return Graph(nodes=nodes, edges=(first, *onward, *beside)), first


def test_a_copy_on_every_way_to_the_loss_severs_once_more():
    graph, first = graph_of(aside=False)
    assert made_anew(graph, [first]) == "copy"
    assert not leaves(graph, [first])


def test_a_copy_on_one_of_two_ways_does_not():
    graph, first = graph_of(aside=True)
    assert not made_anew(graph, [first])
