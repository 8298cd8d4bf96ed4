"""The reason of a zero is read off the numbers, or said to be usual."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import gradviz
from gradviz.recording import torch_inside

read = pytest.mark.skipif(
    not torch_inside.READS_SAVED,
    reason="this torch does not tell what hooks have packed, so nothing that nodes saved is read",
)

IGNORED = torch.tensor([-100, -100])


class Silent(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        return torch.zeros_like(gradient)


def table(weight):
    return F.embedding(torch.tensor([0, 0]), weight, padding_idx=0)


REASONS = {
    "dead relu": (
        lambda w: torch.relu(-w.abs()).sum(),
        "all 4 inputs are 0 or below, where it is flat (dead units)",
    ),
    "sigmoid": (
        lambda w: torch.sigmoid(w * 1e6).sum(),
        "it is saturated: all 4 results are exactly 0 or 1",
    ),
    "tanh": (
        lambda w: torch.tanh(w * 1e6).sum(),
        "it is saturated: all 4 results are exactly 1 or -1",
    ),
    "softmax of one": (
        lambda w: F.softmax(w.reshape(4, 1), 1).square().sum(),
        "a softmax over a single value is constant",
    ),
    "sharp softmax": (
        lambda w: (F.softmax(w.reshape(2, 2) * 1e6, 1) * torch.tensor([1.0, 2])).sum(),
        "it is saturated: every row is one-hot to the last bit",
    ),
    "cross entropy that is met": (
        lambda w: F.cross_entropy(w.reshape(2, 2) * 1e6, w.detach().reshape(2, 2).argmax(1)),
        "it is saturated: every row is one-hot to the last bit, and gradient comes to that"
        " element alone: its target is met",
    ),
    "gelu": (lambda w: F.gelu(w - 60).sum(), "all 4 inputs lie far below 0, where it is flat"),
    "silu": (lambda w: F.silu(w - 300).sum(), "all 4 inputs lie far below 0, where it is flat"),
    "mish": (lambda w: F.mish(w - 300).sum(), "all 4 inputs lie far below 0, where it is flat"),
    "softplus": (
        lambda w: F.softplus(w - 300).sum(),
        "all 4 inputs lie far below 0, where it is flat",
    ),
    "hardswish": (lambda w: F.hardswish(w - 9).sum(), "all 4 inputs lie where it is flat"),
    "logsigmoid": (
        lambda w: F.logsigmoid(w + 300).sum(),
        "all 4 inputs lie far above 0, where it is flat",
    ),
    "clamp": (lambda w: w.clamp(10, 20).sum(), "all 4 inputs lie outside the bounds"),
    "hardtanh": (lambda w: F.hardtanh(w + 9).sum(), "all 4 inputs lie outside the bounds"),
    "mul": (
        lambda w: (w * torch.zeros(4)).sum(),
        "the other factor is zero at all 4 elements, and takes no gradient",
    ),
    "mul by a weight of 0": (lambda w: (w * 0.0).sum(), "the other factor is zero"),
    "half of a factor": (
        lambda w: (w * torch.tensor([0.0, 0, 1, 1]) * torch.tensor([1.0, 1, 0, 0])).sum(),
        "the other factor is zero at 2 of 4 elements, and gradient comes in at no other",
    ),
    "mm": (
        lambda w: (w.reshape(2, 2) @ torch.zeros(2, 3)).sum(),
        "the other factor is zero at all 6 elements, and takes no gradient",
    ),
    "padding": (
        lambda w: table(w.reshape(2, 2)).sum(),
        "all 2 indices are padding_idx, which gets no gradient",
    ),
    "ignored": (
        lambda w: F.cross_entropy(w.reshape(2, 2), IGNORED, reduction="sum"),
        "all 2 targets are ignore_index, so that no element counts",
    ),
    "class weight": (
        lambda w: F.cross_entropy(
            w.reshape(2, 2),
            torch.zeros(2, dtype=torch.int64),
            weight=torch.tensor([0.0, 1]),
            reduction="sum",
        ),
        "the weight of every class among the targets is 0",
    ),
    "where": (
        lambda w: (
            torch.where(torch.ones(4, dtype=torch.bool), torch.ones(4), w).sum() + 0 * w[0].detach()
        ),
        "the condition holds at all 4 elements, and takes the other input",
    ),
    "outside of the image": (
        lambda w: F.grid_sample(w.reshape(1, 1, 2, 2), torch.full((1, 1, 1, 2), 9.0)).sum(),
        "every point that it samples lies outside of the image",
    ),
    "empty": (lambda w: w[4:].sum() + w.detach().sum(), None),
    "function": (
        lambda w: Silent.apply(w).sum(),
        "the backward of this torch.autograd.Function returns zeros",
    ),
    "round": (lambda w: w.round().sum(), "its derivative is zero everywhere"),
    "underflow": (
        lambda w: (w * 1e-30 * 1e-30).sum(),
        "underflow: the largest gradient is 1.0e-30, and float32 holds nothing below 1.4e-45",
    ),
    "underflow in float16": (
        lambda w: (w.half().float() * 1e-9).sum(),
        None,
    ),
    "max": (
        lambda w: torch.maximum(w, torch.full((4,), 9.0)).sum(),
        "the other input is larger at all 4 elements",
    ),
    "min": (
        lambda w: torch.minimum(torch.full((4,), -9.0), w).sum(),
        "the other input is smaller at all 4 elements",
    ),
    "max of one": (
        lambda w: torch.cat([w, torch.full((1,), 9.0)]).max(),
        "it passes gradient to the elements that it picks alone, and none of this input is picked"
        " where gradient comes in",
    ),
    "pooled": (
        lambda w: F.max_pool1d(torch.stack([w, w.detach() + 9], 1).reshape(1, 8), 2).sum(),
        "it passes gradient to the elements that it picks alone, and none of this input is picked"
        " where gradient comes in",
    ),
    "margin": (
        lambda w: F.multi_margin_loss(
            torch.stack([w + 99, w.detach()], 1), torch.zeros(4, dtype=torch.int64)
        ),
        "the margin is met at all 4 samples",
    ),
    "dead where gradient comes": (
        lambda w: ((w - torch.tensor([99.0, -99, -99, -99])).relu() * torch.eye(4)[0]).sum(),
        "gradient comes to 1 of 4 elements alone, and there all 1 inputs are 0 or below, where it"
        " is flat (dead units)",
    ),
    "even softmax": (
        lambda w: F.softmax(w.reshape(2, 2) * 0, 1).sum(),
        "the same gradient comes to all its values, which always add up to 1",
    ),
    "shrunk": (
        lambda w: F.softshrink(w * 0.1).sum(),
        "all 4 inputs lie between -0.5 and 0.5, where it is flat",
    ),
    "met": (
        lambda w: F.mse_loss(w, w.detach()),
        "all 4 predictions are their targets",
    ),
    "power of zero": (
        lambda w: (w * torch.zeros(4)).pow(2).sum(),
        "the other factor is zero: the base of the power is 0 at all 4 elements",
    ),
    "zeroth power": (lambda w: w.abs().pow(0).sum(), "its exponent is 0"),
    "masked": (
        lambda w: w.masked_fill(torch.ones(4, dtype=torch.bool), 1.0).sum(),
        "the mask covers all 4 elements",
    ),
}


def zero_of(step):
    weight = nn.Parameter(torch.tensor([0.5, -0.5, 1, 2]))
    with gradviz.trace() as trace:
        loss = step(weight)
        loss.backward()
    one = trace.report(loss, {"weight": weight}).parameters["weight"]
    assert one.verdict == "zero"
    assert one.zero.place.file == __file__
    return one.zero


@read
@pytest.mark.parametrize("name", [name for name, (_, why) in REASONS.items() if why])
def test_the_reason_is_read_off_the_numbers(name):
    step, why = REASONS[name]
    assert zero_of(step).why == why


def test_what_is_selected_empty_is_told_as_that():
    assert (
        "nothing" in zero_of(REASONS["empty"][0]).why
        or "selected" in zero_of(REASONS["empty"][0]).why
    )


@read
def test_a_gradient_that_is_lost_in_float16_is_told_as_underflow():
    assert "underflow" in zero_of(REASONS["underflow in float16"][0]).why


def test_units_that_are_dead_where_gradient_comes_are_not_called_all_dead():
    zero = zero_of(lambda w: (torch.relu(w) * torch.tensor([0.0, 1, 0, 0])).sum())
    assert zero.operation in ("relu", "zero_factor")
    assert not zero.why.startswith("all")


def test_what_is_packed_by_a_hook_is_not_read():
    with torch.autograd.graph.saved_tensors_hooks(lambda x: x, lambda x: x):
        assert zero_of(lambda w: torch.relu(-w.abs()).sum()).why.startswith("usually because")


def emptied(went, came):
    return tuple(None if part is None else torch.zeros_like(part) for part in went)


TIMES = {
    "linear": lambda weight, bias, x: F.linear(x, weight, bias),
    "addmm": lambda weight, bias, x: torch.addmm(bias, x, weight),
    "matmul": lambda weight, bias, x: x @ weight + bias.detach(),
    "mul": lambda weight, bias, x: x * weight,
}


@read
@pytest.mark.parametrize("hooked", [True, False])
@pytest.mark.parametrize("times", TIMES)
def test_zeros_that_its_numbers_do_not_give_are_a_hooks(times, hooked):
    model = nn.ParameterDict({"weight": torch.eye(3) + 1, "bias": torch.ones(3)})
    factor = torch.ones(3, 3) if hooked else torch.zeros(3, 3)
    with gradviz.trace() as trace:
        out = TIMES[times](model["weight"], model["bias"], factor)
        if hooked:
            out.grad_fn.register_hook(emptied)
        loss = (out * torch.tensor([1.0, 2, 3])).sum()
        loss.backward()
    zeros = trace.report(loss, model).parameters
    assert (zeros["weight"].zero.operation == "hook") is hooked
    assert ("register_hook(emptied)" in zeros["weight"].zero.place.code) is hooked
