"""Where NaN or infinity is born is named.

The operation, the line, whether forward or backward, and the reason, read off the numbers.
"""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint

import gradviz
from gradviz.recording import torch_inside
from gradviz.render.json import read_findings, render_json

read = pytest.mark.skipif(
    not torch_inside.READS_SAVED,
    reason="this torch does not tell what hooks have packed, so nothing that nodes saved is read",
)


def vector(*values, dtype=torch.float32):
    return nn.Parameter(torch.tensor(values, dtype=dtype))


SPOILT = torch.tensor([1.0, torch.nan])
HALF_ROW = torch.tensor([[False] * 3, [True] * 3])


class Root(torch.autograd.Function):
    @staticmethod
    def forward(ctx, values):
        result = values.sqrt()
        ctx.save_for_backward(result)
        return result

    @staticmethod
    def backward(ctx, gradient):
        return gradient / (2 * ctx.saved_tensors[0])


class Logarithm(torch.autograd.Function):
    @staticmethod
    def forward(ctx, values):
        ctx.save_for_backward(values)
        return values.log()

    @staticmethod
    def backward(ctx, gradient):
        return gradient / ctx.saved_tensors[0]


NETS = {
    "sqrt at 0": (
        vector(0.0, 1),
        lambda w: (w * 1).sqrt().sum(),
        "sqrt",
        False,
        "the derivative of sqrt at 0 is infinite, at 1 of 2",
    ),
    "sqrt below 0": (
        vector(-1.0, 1),
        lambda w: (w * 1).sqrt().sum(),
        "sqrt",
        True,
        "the square root of a negative value, at 1 of 2",
    ),
    "rsqrt of 0": (
        vector(0.0, 1),
        lambda w: (w * 1).rsqrt().sum(),
        "rsqrt",
        True,
        "1 / sqrt of 0, at 1 of 2",
    ),
    "log of 0": (
        vector(0.0, 1),
        lambda w: ((w * 1).log() * torch.tensor([0.0, 1])).sum(),
        "log",
        True,
        "the logarithm of 0, at 1 of 2",
    ),
    "log below 0": (
        vector(-1.0, 1),
        lambda w: (w * 1).log().sum(),
        "log",
        True,
        "the logarithm of a negative value",
    ),
    "log1p of -1": (
        vector(-1.0, 1),
        lambda w: (w * 1).log1p().sum(),
        "log1_p",
        True,
        "log1p of -1",
    ),
    "0 / 0": (
        vector(0.0, 1),
        lambda w: ((w * 1) / (w * 2)).sum(),
        "div",
        True,
        "a division by 0, at 1 of 2",
    ),
    "1 / 0 left out by where": (
        vector(0.0, 1),
        lambda w: torch.where(w > 0, 1 / (w * 1), w * 1).sum(),
        "reciprocal",
        True,
        "a division by 0, at 1 of 2",
    ),
    "exp left out by where": (
        vector(0.0, 100),
        lambda w: torch.where(w > 20, w * 1, (w * 1).exp().log1p()).sum(),
        "exp",
        True,
        "the result is larger than 3.4e+38, the largest number of float32, at 1 of 2",
    ),
    "inf - inf": (
        vector(100.0, 1),
        lambda w: (w * 1).exp().sum() - (w * 1).exp().sum(),
        "exp",
        True,
        "the result is larger than",
    ),
    "a power below 1 of 0": (
        vector(0.0, 1),
        lambda w: ((w * 1) ** 0.5).sum(),
        "pow",
        False,
        "the derivative of 0 to a power below 1",
    ),
    "a fraction of a negative": (
        vector(-1.0, 1),
        lambda w: ((w * 1) ** 0.5).sum(),
        "pow",
        True,
        "a negative value to a power that",
    ),
    "a negative power of 0": (
        vector(0.0, 1),
        lambda w: ((w * 1) ** -2).sum(),
        "pow",
        True,
        "0 to a negative power",
    ),
    "acos at 1": (
        vector(1.0, 0.5),
        lambda w: (w * 1).acos().sum(),
        "acos",
        False,
        "its derivative at 1 and -1 is infinite, at 1 of 2",
    ),
    "asin beyond 1": (
        vector(2.0, 0.5),
        lambda w: (w * 1).asin().sum(),
        "asin",
        True,
        "it is not defined beyond 1 and -1, at 1 of 2",
    ),
    "atanh at 1": (
        vector(1.0, 0.5),
        lambda w: (w * 1).atanh()[1:].sum(),
        "atanh",
        True,
        "its result at 1 and -1 is infinite, at 1 of 2",
    ),
    "svd": (
        nn.Parameter(torch.eye(3)),
        lambda w: torch.linalg.svd(w * 1)[0].sum(),
        "linalg_svd",
        False,
        "two singular values are equal",
    ),
    "eigh": (
        nn.Parameter(torch.eye(3)),
        lambda w: torch.linalg.eigh(w * 1)[1].sum(),
        "linalg_eigh",
        False,
        "two eigenvalues are equal",
    ),
    "float16 in backward": (
        vector(1.0, dtype=torch.float16),
        lambda w: ((w * 1) * 0.5).float().sum() * 1e6,
        "to_copy",
        False,
        "the gradient is larger than 65504, the largest number of float16",
    ),
    "a product in backward of float16": (
        nn.Parameter(torch.full((2, 2), 1e-3, dtype=torch.float16)),
        lambda w: ((w @ torch.full((2, 2), 300.0, dtype=torch.float16)).float() * 200).sum(),
        "mm",
        False,
        "the gradient is larger than 65504, the largest number of float16, at 4 of 4 elements; the"
        " largest gradient that comes to it is 200, and it is multiplied by up to 300",
    ),
    "what its own forward makes": (
        vector(0.0, 2),
        lambda w: Logarithm.apply(w * 1).square().mean(),
        "logarithm",
        True,
        "its own forward() makes it of finite values, at 1 of 2 elements",
    ),
    "an infinite target": (
        vector(1.0, 2),
        lambda w: (w - torch.tensor([torch.inf, 0])).pow(2).mean(),
        "sub",
        True,
        "what is added to it, or taken from it, is infinite or next to it, at 1 of 2 elements",
    ),
    "NaN in the data": (
        vector(1.0, 2),
        lambda w: (w * SPOILT).sum(),
        "mul",
        True,
        "what goes in holds NaN at 1 of 2 elements already",
    ),
    "acosh at 1": (
        vector(1.0, 2),
        lambda w: (w * 1).acosh().sum(),
        "acosh",
        False,
        "its derivative at 1 is infinite, at 1 of 2",
    ),
    "acosh below 1": (
        vector(0.5, 2),
        lambda w: (w * 1).acosh().sum(),
        "acosh",
        True,
        "it is not defined below 1, at 1 of 2",
    ),
    "std of one value": (
        vector(2.0),
        lambda w: (w * 1).std(),
        "std",
        True,
        "the standard deviation of a single value",
    ),
    "logsumexp of a row that is masked fully": (
        vector(0.0, 1),
        lambda w: torch.logsumexp(
            (w * 1).masked_fill(torch.ones(2, dtype=torch.bool), -torch.inf), 0
        ),
        "logsumexp",
        True,
        "a row holds nothing but -inf",
    ),
    "logit of 0": (
        vector(0.0, 0.5),
        lambda w: (w * 1).logit().sum(),
        "logit",
        True,
        "its result is infinite, at 1 of 2",
    ),
    "erfinv of 1": (
        vector(1.0, 0.5),
        lambda w: (w * 1).erfinv().sum(),
        "erfinv",
        True,
        "its result is infinite, at 1 of 2",
    ),
    "lgamma of 0": (
        vector(0.0, 0.5),
        lambda w: (w * 1).lgamma().sum(),
        "lgamma",
        True,
        "its result is infinite, at 1 of 2",
    ),
    "sinh of 100": (
        vector(100.0, 1),
        lambda w: (w * 1).sinh().sum(),
        "sinh",
        True,
        "its result is infinite, at 1 of 2",
    ),
    "x log x at 0": (
        vector(0.0, 0.5),
        lambda w: torch.xlogy(w * 1, w * 1).sum(),
        "xlogy",
        False,
        "the logarithm of 0, at 1 of 2",
    ),
    "hypot of (0, 0)": (
        vector(0.0, 1),
        lambda w: (w * 1).hypot(torch.zeros(2)).sum(),
        "hypot",
        False,
        "the length of (0, 0) has no",
    ),
    "the mean of nothing": (
        vector(0.0, 1),
        lambda w: (w * 1)[w > 5].mean(),
        "mean",
        True,
        "the mean of no elements is 0 / 0",
    ),
    "no label that counts": (
        nn.Parameter(torch.ones(2, 3)),
        lambda w: F.cross_entropy(w * 1, torch.tensor([-100, -100])),
        "nll_loss",
        True,
        "no target counts, and the mean of none is 0 / 0",
    ),
    "layer norm of equal values": (
        nn.Parameter(torch.ones(1, 2)),
        lambda w: F.layer_norm(w * 1, (2,), eps=0.0).sum(),
        "native_layer_norm",
        True,
        "the deviation of equal values is 0, and eps as well",
    ),
    "a square too large for half": (
        vector(300.0, 1.0, dtype=torch.float16),
        lambda w: (w * 1).square().mean(),
        "pow",
        True,
        "the result is larger than 65504, the largest number of float16, at 1 of 2",
    ),
    "a product too large for half": (
        vector(300.0, 1.0, dtype=torch.float16),
        lambda w: ((w * 1) * (w * 2)).mean(),
        "mul",
        True,
        "the result is larger than 65504, the largest number of float16, at 1 of 2",
    ),
    "a linear layer too large for half": (
        nn.Parameter(torch.full((2, 64), 50.0, dtype=torch.float16)),
        lambda w: F.linear(torch.full((3, 64), 50.0, dtype=torch.float16), w).softmax(-1)[0, 0],
        "mm",
        True,
        "the result is larger than 65504, the largest number of float16, at 6 of 6",
    ),
    "a matrix product too large, told by what it goes into": (
        nn.Parameter(torch.full((64, 64), 50.0, dtype=torch.float16)),
        lambda w: (((w * 1) @ (w * 1)).float() - 1).square().mean(),
        "mm",
        True,
        "the result is larger than 65504, the largest number of float16",
    ),
    "infinity in the data": (
        nn.Parameter(torch.ones(2, 2)),
        lambda w: F.linear(torch.tensor([[torch.inf, 1.0]]), w).tanh().sum() * torch.inf,
        "mm",
        True,
        "what goes in holds infinity at 1 of 2 elements already",
    ),
    "infinity in a parameter": (
        vector(1.0, torch.inf),
        lambda w: F.gelu(w * 1).sum(),
        "mul",
        True,
        "weight, a parameter, holds",
    ),
    "a learned exponent of a negative base": (
        vector(2.0, 2.0),
        lambda w: torch.pow(torch.tensor([-1.0, 2.0]), w * 1).sum(),
        "pow",
        False,
        "the derivative by the exponent is the logarithm of the base, which is negative, at 1",
    ),
    "slogdet of a singular matrix": (
        nn.Parameter(torch.zeros(2, 2)),
        lambda w: torch.linalg.slogdet(w * 1).logabsdet * 0,
        "linalg_slogdet",
        True,
        "the matrix is singular: the logarithm of its determinant is -inf",
    ),
    "a backward of one's own": (
        vector(0.0, 1.0),
        lambda w: Root.apply(w * 1).sum(),
        "root",
        False,
        "its own backward() makes it of a finite gradient",
    ),
    "minus infinity in a weight that is multiplied by 0": (
        vector(1.0, -torch.inf),
        lambda w: (torch.log_softmax(w * 1, 0) * torch.tensor([1.0, 0.0])).sum(),
        "mul",
        True,
        "weight, a parameter, holds infinity at 1 of 2 elements",
    ),
    "NaN in a parameter": (
        vector(1.0, torch.nan),
        lambda w: (w * 1).sqrt().sum(),
        "mul",
        True,
        "weight, a parameter, holds",
    ),
}


def reported(weight, step):
    weight.grad = None
    with gradviz.trace() as trace:
        loss = step(weight)
        loss.backward()
    return trace.report(loss, {"weight": weight})


@read
@pytest.mark.parametrize("name", NETS)
def test_the_operation_and_the_reason_are_named(name):
    weight, step, operation, forward, why = NETS[name]
    report = reported(weight, step)
    first = report.births[0]
    assert (first.operation, first.forward) == (operation, forward)
    assert first.why.startswith(why)
    assert first.place.file == __file__
    assert first.mend
    assert any(first.why in note for note in report.notes)
    assert read_findings(render_json(report)).births == report.births


@pytest.mark.parametrize("on", ["a result", "a parameter"])
def test_a_hook_that_makes_nan_is_named_with_its_line(on):
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    with gradviz.trace() as trace:
        hidden = model[0](torch.ones(3, 2))
        hooked = hidden if on == "a result" else model[0].weight
        hooked.register_hook(lambda gradient: gradient / 0)
        loss = model[1](hidden).sum()
        loss.backward()
    report = trace.report(loss, model)
    (birth,) = report.births
    assert birth.operation == "register_hook()"
    assert birth.place.code == "hooked.register_hook(lambda gradient: gradient / 0)"
    assert birth.parameters == (("0.bias", "0.weight") if on == "a result" else ("0.weight",))
    assert any("is born in register_hook() at" in note for note in report.notes)


def test_a_hook_that_hands_on_what_is_nan_already_is_not_accused():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    with gradviz.trace() as trace:
        hidden = model[0](torch.ones(3, 2))
        hidden.register_hook(lambda gradient: gradient * 2)
        loss = (model[1](hidden) * 0).sqrt().sum()
        loss.backward()
    assert "register_hook()" not in {birth.operation for birth in trace.report(loss, model).births}


@read
def test_a_mask_of_minus_infinity_that_is_a_parameter_is_not_taken_for_the_beginning():
    mask = vector(0.0, -torch.inf)
    first = reported(mask, lambda m: F.softmax(m + 1, -1).sum() * torch.tensor(torch.nan)).births[0]
    assert first.operation == "mul"
    assert first.why.startswith("what goes in holds NaN at 1 of 1 elements already")


@read
def test_a_weight_of_minus_infinity_is_named_where_nothing_else_explains_it():
    weight = vector(0.5, -torch.inf)
    first = reported(weight, lambda w: F.linear(torch.ones(3, 2), w.unsqueeze(0)).square().mean())
    assert first.births[0].why.startswith("weight, a parameter, holds infinity at 1 of 2 elements")


@read
def test_where_no_value_shows_the_beginning_no_operation_is_accused():
    weight = vector(300.0, 1.0, dtype=torch.float16)
    first = reported(weight, lambda w: ((w * 1).roll(1) * 300).sum().float()).births[0]
    assert (
        first.why == "the loss is not finite, and no value that can be read shows where that began"
    )


@pytest.mark.parametrize(
    "step",
    [
        lambda w: torch.where(w > 0, (w * 1).exp(), w * 2).sum(),
        lambda w: (w * 1).clamp(min=1e-6).sqrt().sum(),
        lambda w: (
            F.softmax(
                (w * torch.ones(2, 2)).masked_fill(torch.eye(2, dtype=torch.bool), -torch.inf), -1
            )
            .square()
            .sum()
        ),
        lambda w: F.normalize(w * 1, dim=0).sum(),
    ],
)
def test_of_a_healthy_step_nothing_is_born(step):
    assert reported(vector(0.0, 1), step).births == ()


@read
def test_a_row_of_attention_that_is_masked_fully_is_told_though_the_loss_is_finite():
    torch.manual_seed(0)
    attention = nn.MultiheadAttention(4, 1, batch_first=True)
    x, pad = torch.randn(2, 3, 4), HALF_ROW
    with gradviz.trace() as trace:
        out, _ = attention(x, x, x, key_padding_mask=pad)
        loss = out[~pad].square().mean()
        loss.backward()
    (born,) = trace.report(loss, attention).births
    assert (born.operation, born.forward, born.place.code) == (
        "softmax",
        True,
        "out, _ = attention(x, x, x, key_padding_mask=pad)",
    )
    assert born.why.startswith("3 of 6 rows hold nothing but -inf")
    assert {"in_proj_weight", "in_proj_bias"} <= set(born.parameters)


def test_what_hooks_have_packed_is_not_read_for_it():
    ran = []
    weight = vector(0.0, 1)
    with (
        gradviz.trace() as trace,
        torch.autograd.graph.saved_tensors_hooks(lambda x: x, lambda x: (ran.append(1), x)[1]),
    ):
        loss = (weight * 1).sqrt().sum()
        loss.backward()
    unpacked = len(ran)
    ran.clear()
    with torch.autograd.graph.saved_tensors_hooks(lambda x: x, lambda x: (ran.append(1), x)[1]):
        (weight * 1).sqrt().sum().backward()
    assert unpacked == len(ran)
    (born,) = trace.report(loss, {"weight": weight}).births
    assert born.why.startswith("usually because of")


def test_a_birth_inside_a_checkpoint_changes_nothing():
    def run():
        weight = vector(0.0, 1)
        loss = checkpoint(lambda w: (w * 1).sqrt().sum(), weight, use_reentrant=False)
        loss.backward()
        return loss, weight

    _, plain = run()
    with gradviz.trace() as trace:
        loss, weight = run()
    assert weight.grad.tolist() == plain.grad.tolist()
    assert trace.report(loss, {"weight": weight}).births


@read
def test_a_sum_of_what_was_not_read_is_not_said_to_be_the_birth():
    by = torch.tensor([0.0, 1.0])
    report = reported(vector(1.0, 0.5), lambda w: (w.fmod(by) * 2).sum())
    (loss,) = report.births
    assert (loss.operation, loss.unsure) == ("sum", "before")
    (note,) = [note for note in report.notes if note.startswith("NaN or infinity is in the result")]
    assert ", and was born there or before: " in note


@read
def test_a_root_of_what_was_not_read_may_have_been_given_nan():
    (first,) = reported(
        vector(2.0, 3.0), lambda w: w.fmod(torch.tensor([0.0, 1.0])).sqrt().sum()
    ).births
    assert (first.operation, first.unsure) == ("sqrt", "there")
    assert first.why.startswith("perhaps the square root of a negative value")


@read
def test_a_root_of_what_is_known_to_be_finite_is_the_birth():
    (first,) = reported(vector(2.0, 3.0), lambda w: (w * -1).unsqueeze(0).sqrt().sum()).births
    assert (first.operation, first.unsure) == ("sqrt", "")


@read
def test_a_sum_that_overflows_is_the_birth():
    (first,) = reported(vector(3e38, 2e38), lambda w: (w * 1).sum()).births
    assert (first.operation, first.unsure) == ("sum", "")


def penalty(function):
    """Return a loss on the slope of a function that is made of a weight and of what goes in."""

    def step(weight):
        points = torch.zeros(3, 2, requires_grad=True)
        values = function(points.square().sum(1)) * weight
        (slope,) = torch.autograd.grad(values.sum(), points, create_graph=True)
        return slope.square().mean()

    return step


@read
@pytest.mark.parametrize(
    ("function", "operation"),
    [
        (torch.sqrt, "sqrt"),
        (lambda x: x**0.5, "pow"),
        (lambda x: torch.acos(x + 1), "acos"),
    ],
)
def test_a_birth_in_the_backward_of_autograd_grad_is_told_of_the_operation_there(
    function, operation
):
    births = reported(vector(1.0), penalty(function)).births
    assert [(birth.operation, birth.forward) for birth in births] == [(operation, False)]
    assert "infinite" in births[0].why


@read
def test_a_slope_that_stays_finite_gives_no_birth_and_a_division_by_hand_keeps_its_name():
    assert reported(vector(1.0), penalty(lambda x: x.clamp(min=1e-6).sqrt())).births == ()

    def by_hand(weight):
        points = torch.ones(3, 2, requires_grad=True)
        (slope,) = torch.autograd.grad((points * weight).sum(), points, create_graph=True)
        return (slope / (2 * (points * 0).sqrt())).sum()

    assert reported(vector(1.0), by_hand).births[0].operation == "div"


@read
def test_a_birth_inside_a_reentrant_checkpoint_is_told_once_with_the_line_that_runs_it_again():
    def run(weight):
        points = torch.zeros(2, requires_grad=True)
        values = checkpoint(lambda x: (x * weight).sqrt().sum(), points, use_reentrant=True)
        return values * 2

    (birth,) = reported(vector(1.0, 2.0), run).births
    assert (birth.operation, birth.forward) == ("sqrt", False)
    assert birth.place.code.startswith("values = checkpoint(")


@read
def test_a_row_of_products_that_is_masked_fully_is_sure_also_where_one_factor_is_repeated():
    def attend(weight):
        scores = (weight.view(1, 2, 1) * 1).expand(3, 2, 1) @ torch.ones(3, 1, 2)
        mask = torch.tensor([[True, True], [False, True]])
        return scores.masked_fill(mask, -torch.inf).softmax(-1).sum()

    first = reported(vector(1.0, 2.0), attend).births[0]
    assert (first.operation, first.unsure) == ("softmax", "")
