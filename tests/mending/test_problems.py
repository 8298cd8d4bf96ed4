"""What of a report is to be mended, with the lines of the user's where a change may help."""

from dataclasses import replace

import pytest

from gradviz.facts.parameters import Parameters
from gradviz.facts.training import Fate, Training
from gradviz.graph import (
    Cut,
    CutKind,
    Edge,
    Graph,
    Leaf,
    Node,
    NodeKind,
    NotFinite,
    Parameter,
    Place,
    Verdict,
    Zero,
)
from gradviz.mending.problems import best, problems, severed
from gradviz.reports import Report


@pytest.fixture
def file(tmp_path):
    """A file of the user's."""
    path = tmp_path / "step.py"
    path.write_text("\n" * 20)
    return str(path)


def report_of(*parameters, **fields):
    return Report(parameters=Parameters(parameters), graph=Graph((), ()), **fields)


def parameter(name, verdict=Verdict.CUT, **fields):
    return Parameter(name=name, names=(name,), verdict=verdict, **fields)


def detach(file, line, **fields):
    return Cut(kind=CutKind.DETACH, operation="detach()", file=file, line=line, **fields)


def test_a_cut_is_a_problem_of_all_that_lies_behind_it(file):
    cut = detach(file, 3)
    report = report_of(parameter("a", cuts=(cut,)), parameter("b", cuts=(cut,)), cuts=(cut,))
    (problem,) = problems(report)
    assert (problem.kind, problem.operation, problem.parameters) == (
        "detach",
        "detach()",
        ("a", "b"),
    )
    assert [place.line for place in problem.places] == [3]
    assert not problem.partial


def test_the_lines_are_those_of_the_user_s_the_likeliest_first(file):
    cut = detach(
        "/usr/lib/python3/site-packages/lib.py",
        9,
        caller=Place(file, 5),
        also=(Place(file, 8),),
    )
    (problem,) = problems(report_of(parameter("a", cuts=(cut,)), cuts=(cut,)))
    assert [place.line for place in problem.places] == [5, 8]


def test_a_cut_in_a_library_alone_is_nobody_s_to_mend():
    cut = detach("/usr/lib/python3/site-packages/lib.py", 9)
    assert problems(report_of(parameter("a", cuts=(cut,)), cuts=(cut,))) == []


def test_a_cut_that_leaves_another_route_alive_is_partial(file):
    cut = detach(file, 3)
    whole = parameter("a", Verdict.REACHED, partial=True, cuts=(cut,))
    (problem,) = problems(report_of(whole, cuts=(cut,)))
    assert problem.partial
    assert severed(whole)
    assert not severed(replace(whole, partial=False))


def test_a_zero_that_passes_is_no_problem_and_one_that_stays_is(file):
    zero = Zero(operation="relu", why="", place=Place(file, 6))
    (problem,) = problems(report_of(parameter("a", Verdict.ZERO, zero=zero)))
    assert (problem.kind, problem.operation, problem.places[0].line) == ("zero", "relu", 6)
    passing = replace(zero, passing=True)
    assert problems(report_of(parameter("a", Verdict.ZERO, zero=passing))) == []


def test_nan_is_a_problem_of_the_line_where_it_is_born(file):
    birth = NotFinite(operation="sqrt", why="", place=Place(file, 7), parameters=("a",))
    (problem,) = problems(report_of(parameter("a", Verdict.REACHED), births=(birth,)))
    assert (problem.kind, problem.operation, problem.parameters) == ("not_finite", "sqrt", ("a",))


def test_a_leaf_that_no_model_has_is_a_problem_where_it_was_used(file):
    leaf = Leaf(name="leaf (3,)", shape=(3,), place=Place(file, 2))
    (problem,) = problems(report_of(unregistered=(leaf,)))
    assert (problem.kind, problem.parameters) == ("unregistered", ("leaf (3,)",))


def test_a_leaf_that_was_made_of_a_parameter_is_the_problem_of_what_made_it(file):
    into = Place(file, 7)
    nodes = (
        Node(index=0, kind=NodeKind.LOSS, place=into),
        Node(index=1, kind=NodeKind.LEAF, name="leaf (3,)"),
        Node(index=2, kind=NodeKind.OPERATION, operation="detach"),
        Node(index=3, kind=NodeKind.PARAMETER, name="w"),
    )
    edges = tuple(Edge(source=n + 1, target=n) for n in range(3))
    leaf = Leaf(name="leaf (3,)", shape=(3,), place=into)
    of_a_parameter = report_of(unregistered=(leaf,))
    report = replace(of_a_parameter, graph=Graph(nodes, edges))
    assert problems(report) == []
    assert len(problems(replace(report, graph=Graph(nodes[:2], edges[:1])))) == 1


def test_of_several_losses_a_parameter_has_what_became_of_it_in_the_best():
    first = report_of(parameter("a", Verdict.UNUSED), parameter("b", Verdict.CUT))
    second = report_of(parameter("a", Verdict.REACHED), parameter("b", Verdict.UNUSED))
    whole = replace(report_of(), losses={"one": first, "two": second})
    assert {name: str(item.verdict) for name, item in best(whole).items()} == {
        "a": "reached",
        "b": "cut",
    }


def test_the_layers_that_take_in_what_is_severed_are_told_from_those_beside_them(file):
    kinds = (
        (NodeKind.LOSS, ""),
        (NodeKind.OPERATION, ""),  # the layer
        (NodeKind.OPERATION, ""),  # its weight, transposed
        (NodeKind.PARAMETER, "layer.weight"),
        (NodeKind.OPERATION, ""),  # beside it
        (NodeKind.PARAMETER, "other.weight"),
        (NodeKind.PARAMETER, "a"),
    )
    nodes = tuple(Node(index=n, kind=kind, name=name) for n, (kind, name) in enumerate(kinds))
    ways = ((1, 0), (2, 1), (3, 2), (4, 0), (5, 4))
    edges = [Edge(source=source, target=target) for source, target in ways]
    severed_edge = Edge(source=6, target=1, gradient=False, severed=CutKind.DETACH, cut=0)
    cut = detach(file, 3)
    report = replace(
        report_of(parameter("a", cuts=(cut,)), cuts=(cut,)),
        graph=Graph(nodes, (*edges, severed_edge)),
    )
    (problem,) = problems(report)
    assert problem.feeds == {"layer.weight"}


def test_what_an_inner_loop_gets_back_does_not_hide_that_the_loss_is_cut_off(file):
    cut = detach(file, 3)
    fate = Fate(name="a", trains=False, why="cut", file=file, line=3)
    inner = report_of(parameter("a", Verdict.REACHED))
    outer = report_of(parameter("a", cuts=(cut,)), cuts=(cut,))
    whole = report_of(
        losses={"torch.autograd.grad 1": inner, "backward 1": outer},
        training=Training(parameters=(fate,)),
    )
    (problem,) = problems(whole)
    assert (problem.kind, problem.parameters) == ("detach", ("a",))
    assert problems(replace(whole, training=None)) == []
