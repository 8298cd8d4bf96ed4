"""What arrives and is nothing but rounding is said to be that."""

import torch
import torch.nn.functional as F
from torch import nn

import gradviz


def notes(step, model):
    with gradviz.trace() as trace:
        loss = step()
        loss.backward()
    return [note for note in trace.report(loss, model).notes if "rounding" in note]


def test_a_single_weight_divided_by_its_own_sum_gets_rounding():
    torch.manual_seed(0)
    model = nn.ModuleDict({"gate": nn.Linear(6, 4, bias=False), "body": nn.Linear(6, 1)})
    x = torch.randn(64, 6)

    def step():
        weight = model["gate"](x).softmax(-1).amax(-1, keepdim=True)
        return (weight / (weight.sum(-1, keepdim=True) + 1e-20) * model["body"](x)).square().mean()

    (note,) = notes(step, model)
    assert note.startswith(
        "What arrives at gate.weight may be no more than rounding: what comes to the value made at "
    )
    assert "on 2 routes" in note


def test_a_norm_of_a_scale_that_is_divided_out_gets_rounding():
    for seed in range(100):  # processors round otherwise: at most seeds exactly zero is left
        torch.manual_seed(seed)
        scale, body = nn.Parameter(torch.rand(()) + 1), nn.Linear(5, 5)
        x = torch.randn(8, 5)

        def step(body=body, scale=scale, x=x):
            return (body(x) * scale / scale.abs()).square().mean()

        if torch.autograd.grad(step(), scale)[0]:
            break

    (note,) = notes(step, {"scale": scale, "body": body})
    assert "What arrives at scale may be no more than rounding" in note


def test_two_terms_that_cancel_get_rounding():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 4), nn.Tanh())
    x, y = torch.randn(16, 4), torch.randn(16, 4)

    def step():
        h = model(x)
        return (h * y * 0.1234567 * 0.7654321).sum() - (h * (y * 0.1234567) * 0.7654321).sum()

    assert notes(step, model)


def test_weights_normalised_over_two_experts_get_gradient():
    torch.manual_seed(0)
    model = nn.ModuleDict({"gate": nn.Linear(6, 4, bias=False), "body": nn.Linear(6, 2)})
    x = torch.randn(64, 6)

    def step():
        weight = model["gate"](x).softmax(-1).topk(2, -1).values
        return (weight / weight.sum(-1, keepdim=True) * model["body"](x)).square().mean()

    assert notes(step, model) == []


def test_a_healthy_residual_net_says_nothing_of_rounding():
    torch.manual_seed(0)
    layers = nn.ModuleList(nn.Linear(8, 8) for _ in range(6))
    head = nn.Linear(8, 3)
    x = torch.randn(16, 8)

    def step():
        h = x
        for layer in layers:
            h = h + F.layer_norm(layer(h), (8,)).relu()
        return F.cross_entropy(head(h), torch.arange(16) % 3)

    assert notes(step, nn.ModuleDict({"layers": layers, "head": head})) == []


def test_infinity_is_not_called_rounding():
    weight = nn.Parameter(torch.tensor([100.0, 1.0]))
    assert not notes(lambda: (weight.exp() - weight - 1).sum(), {"weight": weight})
