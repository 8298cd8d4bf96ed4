"""What of a report matters where a whole script was watched."""

from dataclasses import replace

import pytest

from gradviz.facts.parameters import Parameters
from gradviz.graph import Cut, CutKind, Edge, Graph, Node, NodeKind, Parameter, Verdict
from gradviz.reports import Report
from gradviz.running.names import Found
from gradviz.running.relevant import relevant

COPY = Cut(kind=CutKind.DEEPCOPY, operation="copy.deepcopy()", file="a.py", line=3)
DETACH = Cut(kind=CutKind.DETACH, operation="detach()", file="a.py", line=9)
SCENE = Found(roots={"net": None, "old": None}, named=frozenset(("net",)))


def report(*parameters, cuts=(), edges=()):
    nodes = tuple(Node(index=index, kind=NodeKind.OPERATION) for index in range(4))
    return Report(
        parameters=Parameters(parameters), cuts=cuts, graph=Graph(nodes, tuple(sorted(edges)))
    )


def severed(cut, source, target):
    return Edge(source=source, target=target, gradient=False, severed=CutKind.DETACH, cut=cut)


def value(source, target):
    return Edge(source=source, target=target, gradient=False)


def reached(name, *cuts, **fields):
    return Parameter(name=name, verdict=Verdict.REACHED, cuts=cuts, partial=bool(cuts), **fields)


def test_a_copy_is_no_cut_of_what_is_trained_all_the_same():
    lasting = relevant(report(reached("net.w", COPY), cuts=(COPY,)), SCENE)
    assert lasting.cuts == ()
    assert lasting.parameters["net.w"].cuts == ()
    assert not lasting.parameters["net.w"].partial


def test_a_copy_is_the_cut_of_what_nothing_else_severs():
    cut = Parameter(name="net.w", verdict=Verdict.CUT, cuts=(COPY,))
    lasting = relevant(report(cut, cuts=(COPY,)), SCENE)
    assert lasting.cuts == (COPY,)
    assert lasting.parameters["net.w"].cuts == (COPY,)


def test_a_copy_beside_another_cut_is_left_out():
    cut = Parameter(name="net.w", verdict=Verdict.CUT, cuts=(COPY, DETACH))
    edges = (severed(1, 2, 1), value(1, 0))
    lasting = relevant(report(cut, cuts=(COPY, DETACH), edges=edges), SCENE)
    assert lasting.cuts == (DETACH,)
    assert [edge.cut for edge in lasting.graph.edges if edge.severed] == [0]


def test_a_cut_whose_value_only_a_parameter_holds_is_left_out():
    whole = report(reached("net.w", DETACH), cuts=(DETACH,), edges=(severed(0, 2, 1), value(1, 0)))
    assert relevant(whole, SCENE).cuts == (DETACH,)
    parameter = replace(whole.graph.nodes[1], kind=NodeKind.PARAMETER)
    nodes = (whole.graph.nodes[0], parameter, *whole.graph.nodes[2:])
    held = replace(whole, graph=replace(whole.graph, nodes=nodes))
    assert relevant(held, SCENE).cuts == ()
    assert [edge.cut for edge in relevant(held, SCENE).graph.edges] == [None, None]


@pytest.mark.parametrize(
    ("parameter", "stays"),
    [
        (Parameter(name="old.w", verdict=Verdict.UNUSED), False),
        (Parameter(name="old.w", verdict=Verdict.FROZEN), False),
        (Parameter(name="old.w", verdict=Verdict.UNUSED, optimized=True), True),
        (reached("old.w"), True),
    ],
)
def test_a_model_that_no_variable_leads_to_stays_where_it_has_a_part(parameter, stays):
    lasting = relevant(report(reached("net.w"), parameter), SCENE)
    assert ("old.w" in lasting.parameters) is stays


def test_a_model_that_a_variable_leads_to_stays_without_a_part():
    idle = Parameter(name="net.w", verdict=Verdict.UNUSED)
    assert list(relevant(report(idle), SCENE).parameters) == ["net.w"]
