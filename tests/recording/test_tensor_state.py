"""A view made without grad says that it requires grad, and is severed all the same."""

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

import gradviz
from gradviz.recording.tensor_state import accumulates, is_with_itself

X = torch.ones(2, 3)


def test_a_leaf_takes_gradient_and_a_view_of_it_made_without_grad_takes_none():
    leaf = nn.Parameter(torch.ones(2, 2))
    with torch.no_grad():
        view = leaf.t()
    assert (view.requires_grad, view.is_leaf) == (True, True)
    assert (accumulates(leaf), accumulates(view)) == (True, False)
    assert accumulates(torch.ones(4).detach()[:2].requires_grad_())


@torch.no_grad()
def decorated(below):
    return below.weight.t()


def transposed(below, above):
    with torch.no_grad():
        weight = below.weight.T
    return above(X) @ weight


def row(below, above):
    with torch.no_grad():
        first = below.weight[0]
    return above(X) * (first * 2)


def by_a_function(below, above):
    return above(X) @ decorated(below)


def unbound(below, above):
    with torch.no_grad():
        rows = below.weight.unbind(0)
    return above(X) * rows[1]


def computed(below, above):
    hidden = below(X)
    with torch.no_grad():
        flat = hidden.view(-1)
    return above(X).view(-1) * flat


def beside_a_live_route(below, above):
    with torch.no_grad():
        weight = below.weight.T
    return above(X) @ weight + below(X)


def view_that_is_recorded(below, above):
    return above(X) @ below.weight.T


CUT, PARTIAL, REACHED = ("cut", False), ("reached", True), ("reached", False)


@pytest.mark.parametrize(
    ("step", "verdict"),
    [
        (transposed, CUT),
        (row, CUT),
        (by_a_function, CUT),
        (unbound, CUT),
        (computed, CUT),
        (beside_a_live_route, PARTIAL),
        (view_that_is_recorded, REACHED),
    ],
)
def test_a_view_made_without_grad_is_cut_by_what_switched_it_off(step, verdict):
    torch.manual_seed(0)
    model = nn.ModuleDict({"below": nn.Linear(3, 3), "above": nn.Linear(3, 3)})
    with gradviz.trace() as trace:
        loss = step(model["below"], model["above"]).sum()
        loss.backward()
    report = trace.report(loss, model)
    weight = report.parameters["below.weight"]
    assert (str(weight.verdict), weight.partial) == verdict
    assert [cut.operation for cut in report.cuts] == (
        [] if verdict == REACHED else ["torch.no_grad()"]
    )
    assert not report.unregistered


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Parameter(torch.full((3, 3), 0.1))

    def forward(self, x):
        return x @ self.a.T


def test_a_view_inside_a_reentrant_checkpoint_stops_no_watching():
    model = nn.ModuleDict({"block": Block(), "head": nn.Linear(3, 1)})
    with gradviz.trace() as trace:
        loss = model["head"](checkpoint(model["block"], X, use_reentrant=True)).sum()
        loss.backward()
    report = trace.report(loss, model)
    assert str(report.parameters["block.a"].verdict) == "cut"
    assert report.cuts[0].operation == "checkpoint()"
    assert not report.notes


def test_a_tensor_is_compared_with_itself_where_both_sides_show_the_same_of_one_memory():
    x = torch.arange(6.0).reshape(2, 3)
    assert is_with_itself((x, x))
    assert is_with_itself((x, x.view(2, 3)))
    assert is_with_itself((x.expand(4, 2, 3), x.expand(4, 2, 3)))
    for other in (x.clone(), x[:1], x.flip(0), x.t(), x.view(torch.int32), 1.0):
        assert not is_with_itself((x, other))
    z = torch.complex(x, x)
    assert not is_with_itself((z, z.conj()))
    assert not is_with_itself((z.imag, z.conj().imag))  # shown with another sign


@pytest.mark.parametrize(("same", "verdict"), [(True, "unused"), (False, "cut")])
def test_a_comparison_with_itself_severs_nothing(same, verdict):
    model = nn.ModuleDict({"mean": nn.Linear(3, 3), "head": nn.Linear(3, 1)})
    with gradviz.trace() as trace:
        sample = model["mean"](X)
        point = sample if same else sample.detach().clone() + 1
        density = (point == sample.expand(2, 3)).float().sum()
        loss = model["head"](X).sum() + density
        loss.backward()
    report = trace.report(loss, model)
    assert str(report.parameters["mean.weight"].verdict) == verdict


def test_a_lazy_layer_gets_its_memory_and_is_watched_on():
    model = nn.Sequential(nn.LazyLinear(3), nn.Linear(3, 1))
    with gradviz.trace() as trace:
        loss = model(X).sum()
    report = trace.report(loss, model)
    assert {parameter.verdict for parameter in report.parameters.values()} == {"reached"}
    assert "stopped watching" not in str(report)
