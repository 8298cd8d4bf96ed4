"""Inside torch.func.

What is severed there is a cut with its line, and what no derivative depends on is unused. Held
against autograd.
"""

import pytest
import torch
from torch import nn
from torch.func import (
    functional_call,
    grad,
    grad_and_value,
    hessian,
    jacfwd,
    jacrev,
    jvp,
    vjp,
    vmap,
)

import gradviz


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(3, 4), nn.Linear(4, 3)
        self.gate, self.shift = nn.Linear(3, 3), nn.Linear(3, 3)
        self.temperature = nn.Parameter(torch.tensor(1.3))


class Gated(Net):
    def forward(self, x):
        with torch.no_grad():
            gate = torch.sigmoid(self.gate(x))
        return self.b(torch.tanh(self.a(x))) * gate


class Shifted(Net):
    """The scale is a factor, and what is added at the end is part of no derivative."""

    def forward(self, x):
        return self.b(torch.tanh(self.a(x))) * self.temperature.detach() + self.shift(x).detach()


class Bent(Net):
    """What is added before the tanh is part of its derivative."""

    def forward(self, x):
        return self.b(torch.tanh(self.a(x) + self.shift.weight.detach().sum())) * self.temperature


def inputs(count=4):
    return torch.randn(count, 3, generator=torch.Generator().manual_seed(3))


def detached(model):
    return {name: parameter.detach() for name, parameter in model.named_parameters()}


def per_sample(model):
    loss = grad(lambda parameters, x: functional_call(model, parameters, (x,)).square().sum())
    grads = vmap(loss, in_dims=(None, 0))(detached(model), inputs())
    return sum(each.square().sum() for each in grads.values()) + model.temperature**2


def inner_step(model):
    parameters = dict(model.named_parameters())
    grads = grad(lambda own: functional_call(model, own, (inputs(),)).square().mean())(parameters)
    adapted = {name: parameters[name] - 0.1 * each for name, each in grads.items()}
    return functional_call(model, adapted, (inputs(),)).square().mean()


def penalty(model):
    x = inputs().requires_grad_()
    return torch.autograd.grad(model(x).sum(), x, create_graph=True)[0].square().mean()


PROGRAMS = {
    "vmap": lambda model: vmap(model)(inputs()).square().mean(),
    "jacrev": lambda model: vmap(jacrev(model))(inputs()).square().mean(),
    "jacfwd": lambda model: vmap(jacfwd(model))(inputs()).square().mean(),
    "grad": lambda model: vmap(grad(lambda x: model(x).sum()))(inputs()).square().mean(),
    "vjp": lambda model: vjp(model, inputs())[1](torch.ones(4, 3))[0].square().mean(),
    "tangent of jvp": lambda model: jvp(model, (inputs(),), (torch.ones(4, 3),))[1].square().mean(),
    "value of jvp": lambda model: jvp(model, (inputs(),), (torch.ones(4, 3),))[0].square().mean(),
    "hessian": (
        lambda model: hessian(lambda x: model(x).square().sum())(inputs(1)[0]).square().mean()
    ),
    "grad_and_value": lambda model: sum(
        each.square().mean() for each in grad_and_value(lambda x: model(x).square().sum())(inputs())
    ),
    "detached parameters": lambda model: (
        vmap(grad(lambda x: functional_call(model, detached(model), (x,)).sum()))(inputs())
        .square()
        .mean()
        + model.temperature**2
    ),
    "gradients of each sample": per_sample,
    "an inner step": inner_step,
    "autograd.grad": penalty,
}


def built(kind):
    torch.manual_seed(0)
    return kind()


def truth(kind, program):
    """The verdict of each parameter.

    By its gradient, and where none arrives by whether the loss moves with it.
    """
    model = built(kind)
    loss = program(model)
    names, parameters = zip(*model.named_parameters(), strict=True)
    gradients = (
        torch.autograd.grad(loss, parameters, allow_unused=True)
        if loss.requires_grad
        else [None] * len(names)
    )
    verdicts = {}
    for name, gradient in zip(names, gradients, strict=True):
        if gradient is not None:
            verdicts[name] = "reached" if bool((gradient != 0).any()) else "zero"
            continue
        other = built(kind)
        with torch.no_grad():
            changed = dict(other.named_parameters())[name]
            changed.add_(torch.randn(changed.shape, generator=torch.Generator().manual_seed(5)))
        verdicts[name] = "unused" if torch.equal(program(other), loss) else "cut"
    return verdicts


@pytest.mark.parametrize("kind", [Gated, Shifted, Bent])
@pytest.mark.parametrize("name", PROGRAMS)
def test_verdicts_inside_a_transform_are_those_of_autograd(kind, name):
    model = built(kind)
    with gradviz.trace() as trace:
        loss = PROGRAMS[name](model)
        if loss.requires_grad:
            loss.backward()
    report = trace.report(loss, model)
    assert {name: str(one.verdict) for name, one in report.parameters.items()} == truth(
        kind, PROGRAMS[name]
    )


def test_a_cut_inside_a_transform_has_its_line():
    model = built(Gated)
    with gradviz.trace() as trace:
        loss = vmap(jacrev(model))(inputs()).square().mean()
    report = trace.report(loss, model)
    (cut,) = report.cuts
    assert cut.code == "gate = torch.sigmoid(self.gate(x))"
    assert cut.block.code == "with torch.no_grad():"
    assert cut.parameters == ("gate.weight", "gate.bias")


def test_the_numbers_of_a_transform_are_those_without_a_trace():
    for kind in (Gated, Shifted, Bent):
        for program in PROGRAMS.values():
            plain = program(built(kind))
            with gradviz.trace():
                traced = program(built(kind))
            assert torch.equal(plain, traced)


class Doubled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, value):
        return value * 2

    @staticmethod
    def backward(ctx, gradient):
        return gradient * 2


@pytest.mark.parametrize("derive", [grad, jacrev, jacfwd])
def test_a_custom_function_behind_a_value_around_a_derivative_severs_nothing(derive):
    model = nn.ParameterDict({"a": torch.tensor(0.7), "b": torch.tensor(0.3)})
    with gradviz.trace() as trace:
        scale = Doubled.apply(model["a"]) * 1.5
        loss = derive(lambda at: at.pow(2) * scale)(torch.tensor(0.5)) * model["b"]
        loss.backward()
    report = trace.report(loss, model)
    assert [(str(item.verdict), item.partial) for item in report.parameters.values()] == [
        ("reached", False),
        ("reached", False),
    ]
    assert not report.cuts
