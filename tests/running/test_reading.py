"""A backward call, as it has just ended, read as plain data."""

import sys
from dataclasses import replace

import pytest
import torch
from graphs import none
from torch import nn

import gradviz
from gradviz.facts.parameters import Parameters
from gradviz.graph import Amount, Cut, CutKind, Edge, Graph, Node, NodeKind, Parameter, Verdict
from gradviz.reports import Report
from gradviz.running.names import Found
from gradviz.running.reading import CallReader, Ended, relevant, value_of, zeros_of
from gradviz.training.watch import StepWatch


@pytest.fixture
def model():
    return nn.ModuleDict({name: nn.Linear(2, 1) for name in ("a", "b")})


def reader(model, **fields):
    scene = Found(roots={"net": model}, named=frozenset(("net",)), **fields)
    return CallReader(StepWatch(), None, lambda frame: scene)


def ended(*losses, asked=(), error=None, kind="backward"):
    frame = sys._getframe(1)
    return Ended(kind=kind, number=3, frame=frame, losses=losses, asked=asked, error=error)


def test_a_traced_call_is_read_with_its_verdicts_names_and_line(model):
    with gradviz.trace() as trace:
        loss = model["a"](torch.ones(1, 2)).sum()
        loss.backward()
        call = reader(model).read(ended(loss), trace)
    assert (call.number, call.kind, call.failed, call.watched) == (3, "backward", "", True)
    assert call.roots == ("net",)
    verdicts = {name: fate.verdict for name, fate in call.report.parameters.items()}
    assert verdicts == {
        "net.a.weight": Verdict.REACHED,
        "net.a.bias": Verdict.REACHED,
        "net.b.weight": Verdict.UNUSED,
        "net.b.bias": Verdict.UNUSED,
    }
    assert call.names[id(model["a"].weight)] == "net.a.weight"
    assert call.report.loss == "loss"
    assert call.place.code == "call = reader(model).read(ended(loss), trace)"


def test_a_call_of_a_thread_that_is_not_traced_says_so(model):
    loss = model["a"](torch.ones(1, 2)).sum()
    call = reader(model).read(ended(loss), None)
    assert not call.watched
    assert any("thread that is not traced" in note for note in call.report.notes)
    assert call.report.parameters["net.a.weight"].verdict is Verdict.REACHED


def test_losses_that_no_variable_holds_are_numbered(model):
    parts = [model[name](torch.ones(1, 2)).sum() for name in ("a", "b")]
    call = reader(model).read(ended(*parts), None)
    assert call.report.loss == "loss 1 + loss 2"
    one = reader(model).read(ended(model["a"](torch.ones(1, 2)).sum()), None)
    assert one.report.loss == "loss"


def test_a_call_that_began_from_no_tensor_says_so(model):
    call = reader(model).read(ended(), None)
    assert "It began from no tensor." in call.report.notes


def test_what_the_call_raised_is_read(model):
    loss = model["a"](torch.ones(1, 2)).sum()
    call = reader(model).read(ended(loss, error=ValueError("no")), None)
    assert "ValueError" in call.failed
    assert "no" in call.failed


def test_where_what_was_to_be_watched_is_over_there_is_no_call(model):
    over = CallReader(StepWatch(), None, lambda frame: None)
    loss = model["a"](torch.ones(1, 2)).sum()
    assert over.read(ended(loss), None) is None
    assert over.optimizers(torch.optim.SGD(model.parameters(), lr=1.0), sys._getframe()) == {}


def test_optimizers_are_those_that_the_last_call_found_and_are_looked_for_otherwise(model):
    first, second = (torch.optim.SGD(model.parameters(), lr=1.0) for _ in range(2))
    scenes = [Found(roots={"net": model}, optimizers={"first": first})]
    watch = CallReader(StepWatch(), None, lambda frame: scenes[-1])
    watch.read(ended(model["a"](torch.ones(1, 2)).sum()), None)
    scenes.append(Found(roots={"net": model}, optimizers={"second": second}))
    assert watch.optimizers(first, sys._getframe()) == {"first": first}
    assert watch.optimizers(second, sys._getframe()) == {"second": second}


def test_what_optimizers_hold_is_known_without_a_call(model):
    optimizer = torch.optim.SGD([model["a"].weight], lr=1.0)
    training = StepWatch()
    scene = Found(roots={"net": model}, optimizers={"opt": optimizer})
    CallReader(training, None, lambda frame: scene).read_held(sys._getframe())
    (held,) = training.calls
    assert list(held.parameters) == ["net.a.weight"]
    assert held.parameters["net.a.weight"].uncertain


def test_losses_are_added_up_and_one_that_cannot_be_read_makes_the_sum_unknown():
    assert value_of([torch.tensor(1.5), torch.tensor([1.0, 2.0])]) == 4.5
    assert value_of([torch.tensor(1.5), torch.ones(1, device="meta")]) is None
    assert value_of([]) is None


def test_the_share_of_zeros_is_told_where_values_were_measured():
    graph = none().graph
    assert zeros_of(graph) == {}
    nodes = tuple(
        replace(node, incoming=(Amount(norm=1.0, largest=1.0, zeros=0.25),))
        if node.kind is NodeKind.PARAMETER and node.name == "f1.weight"
        else node
        for node in graph.nodes
    )
    assert zeros_of(Graph(nodes, graph.edges)) == {"f1.weight": 0.25}


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
