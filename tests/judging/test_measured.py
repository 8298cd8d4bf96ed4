"""What backwards brought to a leaf: its norm where that is known, and whether it is zero."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import gradviz
from gradviz.graph import CutKind, Verdict
from gradviz.judging.measured import Measured
from gradviz.recording import torch_inside
from gradviz.recording.arithmetic.sizes import UNREAD

read = pytest.mark.skipif(
    not torch_inside.READS_SAVED,
    reason="this torch does not tell what hooks have packed, so nothing that nodes saved is read",
)


def test_a_size_is_the_norm_unless_it_came_in_parts_or_cannot_be_read():
    result = Measured(arrivals={1: 2.0, 2: 3.0, 3: UNREAD, 4: 0.0}, several={2, 4})
    assert result.norm(1) == 2.0
    assert result.norm(2) is None
    assert result.norm(3) is None
    assert result.norm(4) == 0.0  # parts of zeros add up to zeros
    assert result.norm(9) is None
    assert result.norm(None) is None


def test_whether_it_is_zero_is_known_of_what_can_be_read():
    result = Measured(arrivals={1: 2.0, 2: 0.0, 3: UNREAD})
    assert result.nonzero(1) is True
    assert result.nonzero(2) is False
    assert result.nonzero(3) is None
    assert result.nonzero(9) is None
    assert result.nonzero(None) is None


def test_a_leaf_without_elements_is_reached_and_holds_no_zeros():
    result = Measured(arrivals={1: 0.0, 2: 0.0}, empty={1})
    assert (result.nonzero(1), result.nonzero(2)) == (None, False)


def test_a_complex_loss_is_measured_and_nothing_of_it_called_rounding():
    model = nn.ParameterDict({"w": torch.ones(2, dtype=torch.cfloat)})
    with gradviz.trace() as trace:
        loss = (model["w"] * 2 + model["w"] * 3).sum()
        loss.backward(torch.ones((), dtype=torch.cfloat))
    report = trace.report(loss, model)
    assert report.parameters["w"].verdict is Verdict.REACHED
    assert report.notes == ()


def test_a_backward_that_raised_cuts_off_all_by_what_raised():
    model = nn.Linear(2, 2)
    with gradviz.trace() as trace:
        squashed = model(torch.ones(1, 2)).sigmoid()
        loss = squashed.sum()
        squashed.add_(1)
        with pytest.raises(RuntimeError):
            loss.backward()
    report = trace.report(loss, model)
    assert {own.verdict for own in report.parameters.values()} == {Verdict.CUT}
    (cut,) = report.cuts
    assert (cut.kind, cut.code) == (
        CutKind.NON_DIFFERENTIABLE,
        "squashed = model(torch.ones(1, 2)).sigmoid()",
    )


class FirstAlone(torch.autograd.Function):
    @staticmethod
    def forward(ctx, first, second):
        return first + second

    @staticmethod
    def backward(ctx, came):
        return came, None


def test_a_value_that_went_in_twice_is_cut_at_the_one_that_gets_nothing_and_reached_by_the_other():
    model = nn.Linear(2, 2)
    with gradviz.trace() as trace:
        value = model(torch.ones(1, 2))
        loss = FirstAlone.apply(value, value).sum()
        loss.backward()
    report = trace.report(loss, model)
    assert {(own.verdict, own.partial) for own in report.parameters.values()} == {
        (Verdict.REACHED, True)
    }
    (cut,) = report.cuts
    assert cut.kind is CutKind.CUSTOM_FUNCTION
    assert cut.code == "loss = FirstAlone.apply(value, value).sum()"


def test_a_parameter_without_elements_is_not_said_to_get_zeros():
    model = nn.ParameterDict({"no": torch.zeros(0, 4), "w": torch.ones(4, 4)})
    with gradviz.trace() as trace:
        loss = torch.cat((model["no"], torch.ones(2, 4) @ model["w"])).sum()
        loss.backward()
    parameters = trace.report(loss, model).parameters.values()
    assert [own.verdict for own in parameters] == [Verdict.REACHED] * 2
    assert [own.zero for own in parameters] == [None] * 2


def births_after_steps(step, count=3, *, weight=None, skip=()):
    """Return what is born in a trace of some steps, and the weight that they step."""
    weight = nn.Parameter(torch.tensor([1.0, 2.0])) if weight is None else weight
    optimizer = torch.optim.SGD([weight], 0.1)
    with gradviz.trace() as trace:
        for number in range(count):
            optimizer.zero_grad()
            loss = step(weight, number)
            loss.backward()
            if number not in skip:
                optimizer.step()
    return trace.report(loss, {"weight": weight}, optimizer).births


@read
@pytest.mark.parametrize(
    "term",
    [
        lambda w: (w - w.detach()).sqrt().sum(),
        lambda w: w.sum() / 0,
        lambda w: (w * 1e30).square().sum(),
    ],
)
def test_of_several_steps_the_one_that_first_made_a_weight_infinite_is_named(term):
    births = births_after_steps(
        lambda w, number: (
            F.cross_entropy((w + 0)[None], torch.tensor([1])) + (term(w) if number == 1 else 0)
        )
    )
    assert not births[0].holder
    assert births[0].operation in ("sqrt", "div", "pow")
    assert births[0].place.code.startswith("lambda w")


@read
def test_what_an_earlier_step_left_out_brought_is_not_told_of_a_later_loss():
    def step(weight, number):
        return (weight * 1).log().sum() * 0 if number == 0 else (weight * 0).sqrt().sum()

    births = births_after_steps(step, 2, weight=nn.Parameter(torch.tensor([0.0, 1.0])), skip=(0,))
    assert [birth.operation for birth in births] == ["sqrt"]


@read
def test_of_steps_that_stay_finite_nothing_is_born():
    assert births_after_steps(lambda w, number: (w * w).sum().sqrt()) == ()
