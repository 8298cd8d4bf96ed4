"""Rounding that parts leave where one operation cancels them is told from a small gradient."""

import copy
import re

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


def told(step, model):
    with gradviz.trace() as trace:
        loss = step(model)
        loss.backward()
    return [note for note in trace.report(loss, model).notes if "is rounding" in note]


def inputs(*sizes):
    return torch.randn(*sizes, generator=torch.Generator().manual_seed(0))


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.q, self.k, self.v = nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 8)

    def forward(self, x):
        return torch.softmax(self.q(x) @ self.k(x).mT / 3, -1) @ self.v(x)


class Shifted(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(8, 5)
        self.shift = nn.Parameter(torch.tensor(0.3))

    def forward(self, x):
        return self.body(x) + self.shift


class Gained(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(8, 5)
        self.gain = nn.Parameter(torch.tensor(1.3))

    def forward(self, x):
        return F.batch_norm(self.body(x) * self.gain, None, None, training=True, eps=1e-30)


def targets(x):
    return torch.arange(len(x)) % 5


# The model, a loss, and what gets rounding alone
CANCELS = {
    "a bias before batch norm": (
        lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten()),
        lambda model: model(inputs(8, 3, 5, 5)).pow(3).mean(),
        ["0.bias"],
    ),
    "a bias before group norm": (
        lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.GroupNorm(4, 4)),
        lambda model: model(inputs(8, 3, 5, 5)).pow(3).mean(),
        ["0.bias"],
    ),
    "the bias of keys": (
        lambda: nn.Sequential(Attention(), nn.Linear(8, 5)),
        lambda model: F.cross_entropy(model(inputs(6, 7, 8)).mean(1), targets(range(6))),
        ["0.k.bias"],
    ),
    "a shift of all logits": (
        Shifted,
        lambda model: F.cross_entropy(model(inputs(12, 8)), targets(range(12))),
        ["shift"],
    ),
    "the sum of a softmax": (
        lambda: nn.Linear(8, 5),
        lambda model: torch.softmax(model(inputs(12, 8)), -1).sum(),
        ["weight", "bias"],
    ),
    "a log softmax of equal values": (
        lambda: nn.Linear(8, 1),
        lambda model: -F.log_softmax(model(inputs(12, 8)).expand(12, 5), -1).mean(),
        ["weight", "bias"],
    ),
    "the mean of layer norm": (
        lambda: nn.Sequential(nn.Linear(8, 5), nn.LayerNorm(5, elementwise_affine=False)),
        lambda model: model(inputs(12, 8)).mean(),
        ["0.weight", "0.bias"],
    ),
    "the mean of batch norm": (
        lambda: nn.Sequential(nn.Linear(8, 5), nn.BatchNorm1d(5)),
        lambda model: model(inputs(12, 8)).mean(),
        ["0.weight", "0.bias", "1.weight"],
    ),
    "a gain before a norm": (
        Gained,
        lambda model: model(inputs(12, 8)).pow(3).mean(),
        ["gain", "body.bias"],
    ),
    "the variance of what is shifted": (
        Shifted,
        lambda model: model(inputs(12, 8)).var(),
        ["shift"],
    ),
}
HEALTHY = {
    "many sigmoids": (
        lambda: nn.Sequential(*(m for _ in range(20) for m in (nn.Linear(8, 8), nn.Sigmoid()))),
        lambda model: model(inputs(12, 8)).pow(2).mean(),
    ),
    "a sure classifier": (
        lambda: nn.Linear(8, 5),
        lambda model: F.cross_entropy(model(inputs(12, 8)) * 12, model(inputs(12, 8)).argmax(1)),
    ),
    "a norm in evaluation": (
        lambda: nn.Sequential(nn.Linear(8, 5), nn.BatchNorm1d(5)).eval(),
        lambda model: model(inputs(12, 8)).mean(),
    ),
    "a bias after the norm": (
        lambda: nn.Sequential(nn.BatchNorm1d(8), nn.Linear(8, 5)),
        lambda model: model(inputs(12, 8)).pow(3).mean(),
    ),
    "a small learning signal": (
        lambda: nn.Linear(8, 5),
        lambda model: (torch.softmax(model(inputs(12, 8)), -1) * inputs(12, 5)).sum() * 1e-9,
    ),
    "a term that is added with a small factor": (
        Shifted,
        lambda model: torch.add(inputs(12, 5), model(inputs(12, 8)), alpha=1e-7).square().sum(),
    ),
    "a hook that makes it small": (
        lambda: nn.Linear(8, 5),
        lambda model: hooked(model(inputs(12, 8))).square().sum(),
    ),
}


def hooked(out):
    out.grad_fn.register_hook(lambda went, came: tuple(g if g is None else g * 1e-8 for g in went))
    return out


@read
@pytest.mark.parametrize("name", CANCELS)
def test_what_an_operation_cancels_is_rounding(name):
    torch.manual_seed(0)
    make, step, names = CANCELS[name]
    model = make()
    exact = exact_gradient(step, model)
    text = " ".join(told(step, model))
    for name, parameter in model.named_parameters():
        assert (name in names) == (re.search(rf" {name},? ", text) is not None), text
        # The truth: in float64 what was computed is gone
        wide = float(exact[name].norm())
        assert (name in names) == (wide < 1e-3 * float(parameter.grad.norm()))


def exact_gradient(step, model):
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        wide = copy.deepcopy(model).double()
        step(_Wide(wide)).backward()
    finally:
        torch.set_default_dtype(before)
    return {name: parameter.grad for name, parameter in wide.named_parameters()}


class _Wide(nn.Module):
    """Gives a model in float64 what the model in float32 got."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return self.model(x.double())


@read
@pytest.mark.parametrize("name", HEALTHY)
def test_what_is_only_small_is_a_gradient(name):
    torch.manual_seed(0)
    make, step = HEALTHY[name]
    assert told(step, make()) == []


@read
def test_several_operations_of_a_kind_are_told_in_a_sentence():
    torch.manual_seed(0)
    layers = [m for _ in range(6) for m in (nn.Linear(8, 8), nn.BatchNorm1d(8), nn.ReLU())]
    model = nn.Sequential(*layers, nn.Linear(8, 5))
    (note,) = told(lambda model: F.cross_entropy(model(inputs(16, 8)), targets(range(16))), model)
    assert note.startswith("What arrives at 0.bias, 3.bias, 6.bias and 3 more is rounding")
    assert "and 5 other operations. Where a normalisation follows, which takes it out" in note


@read
def test_a_net_whose_result_is_taken_out_again_is_not_called_harmless():
    torch.manual_seed(0)
    model = nn.ModuleDict({"body": nn.Linear(8, 5), "value": nn.Linear(8, 1)})
    x = inputs(12, 8)
    (note,) = told(
        lambda model: F.cross_entropy(model["body"](x) + model["value"](x), targets(x)), model
    )
    assert note.startswith("What arrives at value.weight and value.bias is rounding")
    assert "harmless" not in note


class Crossed(nn.Module):
    def __init__(self, **how):
        super().__init__()
        self.q, self.k, self.v, self.how = nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 8), how

    def forward(self, x, others):
        own = (x, others, others)
        q, k, v = (
            part(of)[:, None] for part, of in zip((self.q, self.k, self.v), own, strict=True)
        )
        return F.scaled_dot_product_attention(q, k, v, **self.how).square().mean()


@read
@pytest.mark.parametrize(
    ("keys", "how", "names"),
    [
        (1, {}, ["q.weight", "q.bias", "k.weight", "k.bias"]),
        (5, {"attn_mask": torch.eye(5, dtype=torch.bool)}, ["q.weight", "k.bias"]),
        (2, {}, ["k.bias"]),
        (5, {"is_causal": True}, ["k.bias"]),
    ],
)
def test_an_attention_to_a_single_key_brings_its_query_and_key_rounding(keys, how, names):
    torch.manual_seed(0)
    model = Crossed(**how)
    with gradviz.trace() as trace:
        loss = model(inputs(3, 5, 8), inputs(3, keys, 8))
        loss.backward()
    report = trace.report(loss, model)
    found = [own.name for own in report.parameters.values() if own.rounding]
    told = any("of the gradient of scaled_dot_product_attention cancel" in n for n in report.notes)
    assert told == ("q.weight" in names)
    assert set(names) <= set(found)
    assert ("q.weight" in found) == ("q.weight" in names)


@read
@pytest.mark.parametrize("size", [1, 2])
def test_a_layer_norm_over_a_single_value_passes_rounding(size):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, size), nn.LayerNorm(size), nn.Linear(size, 2))
    nn.init.constant_(model[1].weight, 1.013)
    with gradviz.trace() as trace:
        loss = model(inputs(8, 5)).square().mean() + model[1](model[0](inputs(8, 5))).sum()
        loss.backward()
    report = trace.report(loss, model)
    found = [own.verdict == "zero" or own.rounding for own in report.parameters.values()]
    assert found[:2] == [size == 1] * 2


def rounded(model, step):
    """Return the parameters that nothing but rounding arrives at, or zeros."""
    with gradviz.trace() as trace:
        loss = step()
        loss.backward()
    parameters = trace.report(loss, model).parameters
    return {name for name, own in parameters.items() if own.rounding or own.verdict == "zero"}


def test_a_group_norm_over_one_value_brings_rounding_and_over_two_gradient():
    torch.manual_seed(0)
    x = torch.randn(5, 3)
    for groups, is_of_one in ((4, True), (2, False)):
        model = nn.Sequential(nn.Linear(3, 4), nn.GroupNorm(groups, 4), nn.Linear(4, 2))
        names = rounded(model, lambda model=model: model(x).square().mean())
        assert ({"0.weight", "0.bias"} <= names) is is_of_one


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_attention_to_a_single_key_brings_rounding_in_any_type(dtype):
    torch.manual_seed(0)
    for keys, is_single in ((1, True), (4, False)):
        model = nn.ModuleDict({name: nn.Linear(8, 8) for name in "qkv"}).to(dtype)
        x = torch.randn(2, 1, keys, 8, dtype=dtype)

        def step(model=model, x=x):
            made = (model[name](x) for name in "qkv")
            return F.scaled_dot_product_attention(*made).float().square().mean()

        names = rounded(model, step)
        assert ({"q.weight", "k.weight"} <= names) is is_single
        assert "v.weight" not in names
