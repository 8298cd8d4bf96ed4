"""Which zeros last until the program changes, and what mends them."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import gradviz
from gradviz.judging.lasting import lasts
from gradviz.recording import torch_inside

read = pytest.mark.skipif(
    not torch_inside.READS_SAVED,
    reason="this torch does not tell what hooks have packed, so nothing that nodes saved is read",
)
IGNORED = torch.full((4,), -100)


def zero(step, weight=None):
    weight = nn.Parameter(torch.ones(4, 2)) if weight is None else weight
    with gradviz.trace() as trace:
        loss = step(weight)
        loss.backward()
    return trace.report(loss, {"weight": weight}).parameters["weight"].zero


@read
@pytest.mark.parametrize(
    ("step", "lasting", "mend"),
    [
        (lambda w: (w.mean(1, keepdim=True).softmax(1) * 3).sum(), True, "sigmoid()"),
        (
            lambda w: F.cross_entropy(w[:, :1] * 2, torch.zeros(4, dtype=torch.long)),
            True,
            "binary_cross_entropy_with_logits()",
        ),
        (lambda w: (w / 3).round().sum(), True, "straight-through"),
        (lambda w: (w * 1).fill_(0.5).sum(), True, "Leave this write out"),
        (lambda w: (w * 1).copy_(w.detach() + 2).sum(), True, "Leave this write out"),
        (lambda w: (w * 1 - 9).relu().sum(), False, "leaky_relu()"),
        (lambda w: (w * 1e3).tanh().sum(), False, "nearer to 0"),
        (lambda w: (w * 9).clamp(0, 1).sum(), False, "Widen the bounds"),
        (lambda w: F.cross_entropy(w * 2, IGNORED, reduction="sum"), False, "targets"),
        (lambda w: (w.square().mean(1) * torch.zeros(4)).sum(), False, "mask"),
    ],
)
def test_a_reason_that_was_checked_and_lasts_has_a_remedy(step, lasting, mend):
    found = zero(step)
    assert found.lasting is lasting
    assert mend in found.mend


@read
@pytest.mark.parametrize(
    "step",
    [
        lambda w: (w * 0.0).sum(),  # a weight that may grow
        lambda w: F.mse_loss(w * 1, torch.ones(4, 2)),  # the target is met
        lambda w: torch.where(torch.zeros(4, 2) > 0, w * 1, w.detach()).sum(),  # another branch
    ],
)
def test_what_may_pass_by_itself_has_none(step):
    found = zero(step)
    assert (found.lasting, found.mend) == (False, "")


def test_what_is_usually_the_reason_was_not_checked():
    assert lasts("relu", "usually because all 4 inputs are 0 or below (dead units)") == (False, "")


def test_an_underflow_lasts_as_long_as_the_loss_is_as_small():
    lasting, mend = lasts(
        "to_copy", "underflow: the largest gradient is 4.9e-09, and float16 holds"
    )
    assert not lasting
    assert "GradScaler" in mend
