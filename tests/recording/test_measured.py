"""What backwards brought to a leaf: its norm where that is known, and whether it is zero."""

import pytest
import torch
from torch import nn

import gradviz
from gradviz.recording.measured import Measured
from gradviz.recording.sizes import UNREAD


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


def branches(spoil):
    """Return a net and a loss of two branches; the backward of one of them raises."""
    model = nn.ModuleDict({name: nn.Linear(3, 3) for name in ("first", "other", "last")})
    hidden = model["first"](torch.ones(2, 3)).exp()
    out = model["last"](spoil(hidden) + model["other"](torch.ones(2, 3)))
    return model, out.sum()


class Raises(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, grad):
        raise NotImplementedError("no derivative")


def added_in_place(hidden):
    taken = hidden * 2
    hidden += 1
    return taken


@pytest.mark.parametrize("spoil", [Raises.apply, added_in_place])
def test_what_had_arrived_before_a_backward_raised_is_reached_and_only_the_rest_is_cut(spoil):
    with gradviz.trace() as trace:
        model, loss = branches(spoil)
        with pytest.raises(RuntimeError):  # of which NotImplementedError is one
            loss.backward()
    report = trace.report(loss, model)
    got = {name for name, weight in model.named_parameters() if weight.grad is not None}
    assert {"last.weight", "other.weight"} <= got
    for name, parameter in report.parameters.items():
        assert parameter.verdict == ("reached" if name in got else "cut")
    assert any(
        note.endswith("What arrived before that is called reached.") for note in report.notes
    )


def test_where_nothing_had_arrived_before_a_backward_raised_all_is_cut():
    with gradviz.trace() as trace:
        model, loss = branches(lambda hidden: hidden)
        loss = Raises.apply(loss)
        with pytest.raises(NotImplementedError):
            loss.backward()
    report = trace.report(loss, model)
    assert {parameter.verdict for parameter in report.parameters.values()} == {"cut"}
    assert any(note.endswith("No gradient is called reached.") for note in report.notes)
