"""What a backward that raises means, by what torch says."""

import pytest
import torch
from traced import Net, X, cut

import gradviz
from gradviz.causes import explain
from gradviz.causes.raised import (
    RAISED,
    REFUSALS,
    blamed,
    changed_at,
    explanation_of,
    has_failed,
    note_on_change,
    operation_of,
)
from gradviz.graph import Cut, CutKind, Parameter, Place


@pytest.mark.parametrize(
    ("error", "means", "mends"),
    [
        (
            "RuntimeError: one of the variables needed for gradient computation has been modified"
            " by an inplace operation: [torch.FloatTensor [3]] is at version 1",
            "changed in place",
            "x = x + 1",
        ),
        (
            "RuntimeError: Trying to backward through the graph a second time (or ...)",
            "freed",
            "detach()",
        ),
        (
            "RuntimeError: grad can be implicitly created only for scalar outputs",
            "several values",
            "mean() or sum()",
        ),
        (
            "NotImplementedError: the derivative for 'histc' is not implemented.",
            "raised an error",
            "Do what the error says",
        ),
    ],
)
@pytest.mark.parametrize("name", ["exp", ""])
def test_an_error_is_explained_by_what_torch_says(error, means, mends, name):
    operation = operation_of(name, error)
    assert operation.startswith(RAISED)
    assert f" in {name}" in operation or not name
    explanation = explanation_of(operation)
    assert means in explanation.meaning
    assert mends in explanation.mend


class Raises(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, grad):
        raise NotImplementedError("no derivative")


def test_a_backward_that_raises_is_told_by_the_exception():
    net = Net()
    with gradviz.trace() as trace:
        loss = net.last(Raises.apply(net.first(X))).sum()
        with pytest.raises(NotImplementedError):
            loss.backward()
    found = cut(trace.report(loss, net))
    assert found.operation == RAISED
    assert explain(found) is REFUSALS[-1].explanation


def test_what_a_change_spoilt_is_blamed_on_the_line_of_the_change():
    place = Place("train.py", 12, "h += 1")
    raised = Cut(kind=CutKind.NON_DIFFERENTIABLE, operation=RAISED, file="train.py", line=11)
    detach = Cut(kind=CutKind.DETACH, operation="detach()", file="train.py", line=4)
    given = {"w": Parameter(name="w", cuts=(raised, detach))}
    assert blamed(given, []) is given
    cuts = blamed(given, [note_on_change("addmm", None, place)])["w"].cuts
    assert [(cut.line, cut.code) for cut in cuts] == [(12, "h += 1"), (4, detach.code)]


@pytest.mark.parametrize("made", [None, Place("train.py", 3)])
def test_the_note_on_a_change_is_read_back(made):
    place = Place("a folder/train.py", 12, "h.add_(f(1))")
    assert changed_at(["", note_on_change("sigmoid", made, place)]) == place
    assert changed_at(["backward() raised an error."]) is None


@pytest.mark.parametrize(
    ("operation", "notes", "is_raised"),
    [
        (f"{RAISED} in exp", [], True),
        ("detach()", [], False),
        ("detach()", [f"{RAISED}: no"], True),
        ("detach()", ["another note"], False),
    ],
)
def test_that_a_backward_raised_is_told_by_a_cut_or_by_a_note(operation, notes, is_raised):
    cuts = [Cut(kind=CutKind.NON_DIFFERENTIABLE, operation=operation)]
    assert has_failed(cuts, notes) is is_raised
