"""The article's network, f1 -> f2 -> f3, and the ways to keep a part of it from training.

``step(mode, at)`` is an ordinary training step and knows nothing of gradviz. ``follow(mode, at)``
traces it through the public API, as any user would, and runs its backward to see which gradients
really arrive. The pages of the documentation and the pictures in outputs/ name lines of this file.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gradviz.facts.strategies import LAYERS
from gradviz.reports import Report
from gradviz.tracing.trace import trace as traced


class Net(nn.Module):
    """Three linear layers in a row, every weight and bias one; ``strategy`` runs them."""

    def __init__(self, strategy: "Strategy", at: str) -> None:
        super().__init__()
        self.f1 = nn.Linear(1, 2)
        self.f2 = nn.Linear(2, 3)
        self.f3 = nn.Linear(3, 2)
        self.strategy, self.at = strategy, at
        for parameter in self.parameters():
            nn.init.ones_(parameter)

    def forward(self, x: Tensor) -> Tensor:
        """Run the layers as the strategy has it."""
        return self.strategy(self, x, self.at)


def none(net: nn.Module, h: Tensor, at: str) -> Tensor:
    """Freeze nothing."""
    for layer in net.children():
        h = layer(h)
    return h


def requires_grad(net: nn.Module, h: Tensor, at: str) -> Tensor:
    """Freeze the parameters of one layer.

    Gradient still passes through it, to the layers before.
    """
    net.get_submodule(at).requires_grad_(False)
    for layer in net.children():
        h = layer(h)
    return h


def detach(net: nn.Module, h: Tensor, at: str) -> Tensor:
    """Take the output of one layer out of the graph, and with it everything before."""
    for name, layer in net.named_children():
        h = layer(h)
        if name == at:
            h.detach_()
    return h


def no_grad(net: nn.Module, h: Tensor, at: str) -> Tensor:
    """Run one layer, and everything before it, without recording a graph."""
    layers = list(net.children())
    split = LAYERS.index(at) + 1
    with torch.no_grad():
        for layer in layers[:split]:
            h = layer(h)
    for layer in layers[split:]:
        h = layer(h)
    return h


Strategy = Callable[[nn.Module, Tensor, str], Tensor]
STRATEGIES: Mapping[str, Strategy] = {
    "none": none,
    "requires-grad": requires_grad,
    "detach": detach,
    "no-grad": no_grad,
}


def step(mode: str = "none", at: str = "f2") -> tuple[Tensor, nn.Module]:
    """Run the article's step under one strategy, and return the loss and the net.

    Args:
        mode: A key of ``STRATEGIES``.
        at: The layer that is frozen or detached, of ``LAYERS``.
    """
    net = Net(STRATEGIES[mode], at)
    x = torch.tensor([[1.0]])
    y = net(x)
    loss = y.sum()
    return loss, net


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one strategy did. Read-only.

    Attributes:
        mode: The strategy.
        at: The layer it was applied to.
        report: What gradviz says.
        gradients: What backward() left in ``.grad``, flattened; None where it left nothing.
    """

    mode: str
    at: str
    report: Report
    gradients: Mapping[str, tuple[float, ...] | None]


def follow(mode: str, at: str = "f2") -> Outcome:
    """Trace one strategy with its backward; return its report and the gradients that this left."""
    with traced() as trace:
        loss, net = step(mode, at)
        if loss.requires_grad:  # with everything cut there is no backward to run
            loss.backward()  # type: ignore[no-untyped-call]
    report = trace.report(loss, net)
    gradients = {
        name: None if p.grad is None else tuple(p.grad.flatten().tolist())
        for name, p in net.named_parameters()
    }
    return Outcome(mode, at, report, gradients)


def comparison(outcome: Outcome, plain: Outcome) -> str:
    """Say in a sentence how the gradients of ``outcome`` compare with those of ``plain``, a run
    that freezes nothing.
    """
    same, none, other = [], [], []
    for layer in LAYERS:
        names = [name for name in plain.gradients if name.startswith(f"{layer}.")]
        if all(outcome.gradients[name] == plain.gradients[name] for name in names):
            same.append(layer)
        elif all(outcome.gradients[name] is None for name in names):
            none.append(layer)
        else:
            other.append(layer)
    clauses = []
    if same:
        verb = (
            "gets exactly the gradient it gets"
            if len(same) == 1
            else "get exactly the gradient they get"
        )
        clauses.append(f"{_listed(same)} {verb} without freezing")
    if other:
        clauses.append(f"{_listed(other)} {'gets' if len(other) == 1 else 'get'} another one")
    if none:
        clauses.append(f"{_listed(none)} {'gets' if len(none) == 1 else 'get'} none")
    return "; ".join(clauses) + "."


def _listed(words: list[str]) -> str:
    """Return ``"f1"``, ``"f1 and f2"``, ``"f1, f2 and f3"``."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
