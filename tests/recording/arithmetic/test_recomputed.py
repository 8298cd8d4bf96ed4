"""What overflows is found where nobody saved what it gave, with how much went in."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import gradviz
from gradviz.recording import torch_inside

pytestmark = pytest.mark.skipif(
    not torch_inside.READS_SAVED,
    reason="this torch does not tell what hooks have packed, so nothing that nodes saved is read",
)


def half(value, *shape):
    return nn.Parameter(torch.full(shape, value, dtype=torch.float16))


def residual(weight):
    values = torch.full((1, 2), 100.0, dtype=torch.float16)
    for _ in range(8):
        values = values + values @ weight
    return values.float().mean()


NETS = {
    "times a number": (half(300.0, 4), lambda w: (w * 1000).float().mean(), "mul", "300"),
    "a cast": (nn.Parameter(torch.full((4,), 1e6)), lambda w: w.half().float().sum(), "to_copy", "1e+06"),
    "a sum of two": (half(40000.0, 4), lambda w: (w + w).float().mean(), "add", "40000"),
    "a difference": (half(40000.0, 4), lambda w: (w - -w).float().mean(), "sub", "40000"),
    "a sum of many": (half(40.0, 4000), lambda w: (w * 1).sum().float() * 1, "sum", "40"),
    "a running sum": (half(40.0, 4000), lambda w: w.cumsum(0).float().mean(), "cumsum", "40"),
    "a convolution": (
        half(100.0, 1, 1, 3, 3),
        lambda w: F.conv2d(torch.full((1, 1, 5, 5), 100.0).half(), w).relu().float().mean(),
        "convolution",
        "100",
    ),
    "a squared error": (half(300.0, 4), lambda w: F.mse_loss(w * 1, w.detach() * 0), "mse_loss", "300"),
    "a residual stack": (half(3.0, 2, 2), residual, "mm", "34304"),
}  # fmt: skip


def births(weight, step):
    with gradviz.trace() as trace:
        loss = step(weight)
        loss.backward()
    return trace.report(loss, {"weight": weight}).births


@pytest.mark.parametrize("name", NETS)
def test_the_operation_that_overflows_is_named_with_the_largest_that_goes_in(name):
    weight, step, operation, largest = NETS[name]
    first = births(weight, step)[0]
    assert (first.operation, first.forward) == (operation, True)
    assert first.why.startswith("the result is larger than 65504, the largest number of float16")
    assert first.why.endswith(f"the largest value that goes in is {largest}")


def test_what_cannot_be_computed_again_is_not_blamed():
    weight = half(300.0, 4)
    first = births(weight, lambda w: (w * 2).float().erf().sum() * torch.tensor(torch.inf))[0]
    assert "larger than" not in first.why


def test_a_finite_loss_has_none():
    assert births(half(3.0, 4), lambda w: (w * 1000).float().mean()) == ()
