"""A backward call, as it has just ended, read as plain data."""

import sys

import pytest
import torch
from torch import nn

import gradviz
from gradviz.graph import Verdict
from gradviz.running.names import Found
from gradviz.running.reading import CallReader, Ended
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
