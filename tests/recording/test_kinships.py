"""What lies in a parameter's memory since before the trace is that parameter's value."""

import copy

import pytest
import torch
from torch import nn
from torch.func import functional_call

import gradviz
from gradviz.graph import CutKind, Verdict

X = torch.linspace(-1, 1, 12).reshape(4, 3)


def report_of(take, use):
    """Return the report on a step that uses what was taken out of a model before it."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 2))
    taken = take(model)
    with gradviz.trace() as trace:
        loss = use(model, taken)
        if loss.requires_grad:
            loss.backward()
    return trace.report(loss, model)


def by(weight, model):
    return model[2](torch.tanh(X @ weight.reshape(3, 3).t())).square().mean()


@pytest.mark.parametrize(
    ("take", "use"),
    [
        (lambda model: model[0].weight.data, lambda model, w: by(w, model)),
        (lambda model: model[0].weight.detach().view(-1), lambda model, w: by(w * 1.5, model)),
        (lambda model: model.state_dict(), lambda model, w: by(w["0.weight"], model)),
        (
            lambda model: model[0].weight.detach().numpy(),
            lambda model, w: by(torch.from_numpy(w), model),
        ),
        (
            lambda model: model[0].weight.detach().numpy()[1:],
            lambda model, w: by(X[:3] * torch.tensor(w).sum(), model),
        ),
        (
            lambda model: torch.from_numpy(model[0].weight.detach().numpy()),
            lambda model, w: by(w.clone(), model),
        ),
        (
            lambda model: model[0].weight.data,
            lambda model, w: model[2](X).square().mean() * w[0, 0].item(),
        ),
    ],
)
def test_a_value_taken_before_the_trace_is_a_cut_at_the_line_that_reads_it(take, use):
    report = report_of(take, use)
    (cut,) = report.cuts
    assert report.parameters["0.weight"].verdict is Verdict.CUT
    assert (cut.kind, cut.operation, cut.parameters) == (
        CutKind.DATA,
        "shared memory",
        ("0.weight",),
    )
    assert cut.code.strip()
    assert report.parameters["0.bias"].verdict is Verdict.UNUSED
    assert report.parameters["2.weight"].verdict is Verdict.REACHED


@pytest.mark.parametrize("first", [lambda w: 0, lambda w: w.detach().sum()])
def test_a_leaf_made_of_a_parameter_before_the_trace_is_no_other_value(first):
    report = report_of(
        lambda model: model[0].weight.detach().requires_grad_(),
        lambda model, w: by(w, model) + 0 * first(w),
    )
    assert report.parameters["0.weight"].verdict is Verdict.CUT
    assert {cut.operation for cut in report.cuts} <= {"shared memory", "detach()"}
    assert report.unregistered


def test_leaves_that_share_memory_among_themselves_are_no_loop():
    data = torch.randn(4, 3, requires_grad=True)
    rows = data.detach()[:2].requires_grad_()
    model = nn.Linear(3, 1)
    with gradviz.trace() as trace:
        loss = (model(data).sum() + model(rows).sum()) * data.detach().sum()
        loss.backward()
    report = trace.report(loss, model)
    assert report.parameters["weight"].verdict is Verdict.REACHED
    assert len(report.unregistered) == 2
    assert "digraph" in report.to_dot()


def test_a_state_dict_that_the_model_runs_with_cuts_all_that_it_has():
    report = report_of(
        lambda model: model.state_dict(),
        lambda model, state: functional_call(model, state, X).square().mean(),
    )
    assert {parameter.verdict for parameter in report.parameters.values()} == {Verdict.CUT}


def test_a_penalty_of_a_flat_buffer_beside_the_model_is_partial():
    def flatten(model):
        flat = torch.cat([p.data.reshape(-1) for p in model.parameters()])
        start = 0
        for p in model.parameters():
            p.data = flat[start : start + p.numel()].view_as(p)
            start += p.numel()
        return flat

    def use(model, flat):
        assert flat.norm().item() > 0  # what goes nowhere tells nothing
        return model(X).square().mean() + flat[:9].square().sum()

    report = report_of(flatten, use)
    assert [name for name, p in report.parameters.items() if p.partial] == ["0.weight"]


@pytest.mark.parametrize(
    ("take", "use"),
    [
        (
            lambda model: copy.deepcopy(model).state_dict(),
            lambda model, average: (model(X) - average["2.bias"]).square().mean(),
        ),
        (
            lambda model: [p.detach().clone() for p in model.parameters()],
            lambda model, old: sum(
                (p - q).square().sum() for p, q in zip(model.parameters(), old, strict=True)
            ),
        ),
        (
            lambda model: torch.randn(8, 3),
            lambda model, data: (model(data[:4]) - model(data[4:])).square().mean(),
        ),
        (
            lambda model: model.state_dict(),
            lambda model, state: (model.load_state_dict(state), model(X).square().mean())[1],
        ),
        (lambda model: model.state_dict(), lambda model, _: model(X).square().mean()),
    ],
)
def test_what_has_memory_of_its_own_or_is_not_read_cuts_nothing(take, use):
    report = report_of(take, use)
    assert not report.cuts
    assert not any(parameter.partial for parameter in report.parameters.values())


def test_a_line_that_steps_through_memory_from_before_cuts_no_later_loss():
    def use(model, weights):
        loss = model(X).square().mean()
        gradients = torch.autograd.grad(loss, [*model.parameters()], retain_graph=True)
        for weight, gradient in zip(weights, gradients, strict=True):
            weight.sub_(0.01 * gradient)
        return loss

    report = report_of(lambda model: [p.data for p in model.parameters()], use)
    assert not report.cuts


def test_a_parameter_made_in_the_trace_and_frozen_is_in_nobodys_memory():
    with gradviz.trace() as trace:
        model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1))
        model[0].requires_grad_(False)
        loss = model(torch.ones(2, 3)).sum()
    nodes = trace.report(loss, model).graph.nodes
    assert {node.requires_grad for node in nodes if node.name.startswith("0.")} == {False}
    assert not any(node.pruned for node in nodes)
    with gradviz.trace() as trace:
        scale = nn.Parameter(torch.ones(3))
        loss = (scale * nn.Parameter(torch.ones(3))).sum()
    report = trace.report(loss, {"scale": scale})
    assert (report.parameters["scale"].verdict, report.cuts) == ("reached", ())


def test_views_that_torch_does_not_let_anybody_ask_are_not_asked():
    layer = nn.Linear(2, 2)
    whole = layer.weight * 1
    views = whole.unbind()
    whole.add_(1)
    with pytest.raises(RuntimeError, match="modified inplace"):
        _ = views[0].grad_fn
    numbers = layer.weight.data
    with gradviz.trace() as trace:
        loss = layer(torch.ones(1, 2)).sum() + numbers.sum()
    (cut,) = trace.report(loss, layer).cuts
    assert (cut.kind, cut.parameters) == (CutKind.DATA, ("weight",))


@pytest.mark.parametrize("make", [torch.Tensor, torch.FloatTensor])
def test_an_old_constructor_gives_the_memory_of_a_value_of_interest(make):
    layer, head = nn.Linear(2, 2), nn.Linear(2, 1)
    with gradviz.trace() as trace:
        hidden = layer(torch.ones(1, 2))
        loss = head(make(hidden.detach().clone()).requires_grad_()).sum()
    parameters = trace.report(loss, nn.Sequential(layer, head)).parameters
    assert (parameters["0.weight"].verdict, parameters["1.weight"].verdict) == ("cut", "reached")
    with gradviz.trace() as trace:
        values = make(layer(torch.ones(1, 2)).detach())
        values.zero_()
        loss = head(values).sum()
    assert trace.report(loss, layer).parameters["weight"].verdict == "unused"
