"""What a trace and a report promise, on real torch."""

import gc
import sys
import textwrap
import weakref
from collections import Counter, deque

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import gradviz
import warm


def net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))


def verdicts(report: gradviz.Report) -> dict[str, str]:
    return {name: str(parameter.verdict) for name, parameter in report.parameters.items()}


X = torch.linspace(-1, 1, 6).reshape(2, 3)
REACHED = dict.fromkeys(("0.weight", "0.bias", "2.weight", "2.bias"), "reached")


def test_a_plain_step_reaches_everything_and_names_nothing():
    model = net()
    with gradviz.trace() as trace:
        loss = model(X).sum()
        loss.backward()
    report = trace.report(loss, model)
    assert verdicts(report) == REACHED
    assert (report.cuts, report.unregistered, report.notes) == ((), (), ())
    assert report.graph.classes == {"": "Sequential", "0": "Linear", "1": "ReLU", "2": "Linear"}


def test_a_backward_inside_the_trace_is_what_the_report_goes_by():
    model = net()
    with gradviz.trace() as trace:
        loss = model(X).sum()
        (loss / 4).backward()
    report = trace.report(loss, model)
    assert verdicts(report) == REACHED
    norm = report.parameters["2.bias"].gradient_norm
    assert norm == pytest.approx(float(model[2].bias.grad.norm()))
    assert report.notes == ()


def test_a_backward_onto_gradients_that_are_there_already_is_told_too():
    model = net()
    model(X).sum().backward()
    with gradviz.trace() as trace:
        loss = (model[2](torch.zeros(2, 4)) + 0 * model(X)).sum()
        loss.backward()
    assert verdicts(trace.report(loss, model)) == {
        "0.weight": "zero",
        "0.bias": "zero",
        "2.weight": "zero",
        "2.bias": "reached",
    }


def test_after_a_backward_outside_the_report_says_what_it_cannot_tell():
    model = net()
    with gradviz.trace() as trace:
        loss = model(X).square().sum()
    loss.backward()
    report = trace.report(loss, model)
    assert verdicts(report) == REACHED
    assert report.notes == (
        "Zero is not told from reached until backward() has run inside the trace.",
    )
    asked = trace.report(loss, model, backward=True)
    assert verdicts(asked) == REACHED
    assert any("backward() had freed the graph" in note for note in asked.notes)


def test_several_losses_have_each_their_own_reach():
    model = net()
    with gradviz.trace() as trace:
        losses = {"rec": model(X).sum(), "adv": model[2](torch.relu(model[0](X)).detach()).mean()}
    report = trace.report(losses, model)
    assert verdicts(report) == REACHED
    assert verdicts(report.losses["adv"]) == {
        "0.weight": "cut",
        "0.bias": "cut",
        "2.weight": "reached",
        "2.bias": "reached",
    }
    assert report.losses["rec"].cuts == ()


def test_without_a_trace_the_report_says_what_one_would_add():
    model = net()
    report = gradviz.report(model[2](torch.ones(2, 4)).sum(), model)
    assert verdicts(report)["0.weight"] == "unused"
    assert any("A trace" in note for note in report.notes)


def test_an_attribute_that_freezes_nothing_is_said_in_words():
    model = net()
    model[2].requires_grad = False
    with gradviz.trace() as trace:
        loss = model(X).sum()
    report = trace.report(loss, model)
    assert verdicts(report) == REACHED
    assert any(
        "2.requires_grad = False" in note and "freezes nothing" in note for note in report.notes
    )


def lines(report: gradviz.Report) -> dict[str, tuple[str, str]]:
    """The code that froze and that thawed each parameter, as far as it was seen."""
    return {
        name: tuple("" if place is None else place.code for place in (one.frozen_at, one.thawed_at))
        for name, one in report.parameters.items()
    }


def test_the_line_that_froze_a_parameter_is_known_however_it_was_frozen():
    with gradviz.trace() as trace:
        model = nn.ModuleDict({name: nn.Linear(1, 1, bias=False) for name in "abcd"})
        model["a"].requires_grad_(False)
        model["b"].weight.requires_grad_(False)
        model["c"].weight.requires_grad = False
        loss = sum(part(torch.ones(1)) for part in model.values()).sum()
    assert lines(trace.report(loss, model)) == {
        "a.weight": ('model["a"].requires_grad_(False)', ""),
        "b.weight": ('model["b"].weight.requires_grad_(False)', ""),
        "c.weight": ('model["c"].weight.requires_grad = False', ""),
        "d.weight": ("", ""),
    }


def test_of_several_lines_the_one_that_made_the_difference_is_told():
    with gradviz.trace() as trace:
        model = nn.ModuleDict({name: nn.Linear(1, 1, bias=False) for name in "abc"})
        model.requires_grad_(True)  # as they were
        model.requires_grad_(False)
        model["a"].requires_grad_(False)  # again
        for part in (model["b"], model["c"]):
            part.weight.requires_grad = True
        model["b"].requires_grad_(True)
        model["c"].requires_grad_(False)
        loss = sum(part(torch.ones(1)) for part in model.values()).sum()
    assert lines(trace.report(loss, model)) == {
        "a.weight": ("model.requires_grad_(False)", ""),
        "b.weight": ("", "part.weight.requires_grad = True"),
        "c.weight": ('model["c"].requires_grad_(False)', ""),
    }


def test_what_was_frozen_before_the_trace_has_no_line():
    model = nn.Linear(1, 1)
    model.weight.requires_grad_(False)
    with gradviz.trace() as trace:
        loss = model(torch.ones(1)).sum()
    assert lines(trace.report(loss, model)) == {"weight": ("", ""), "bias": ("", "")}


def test_a_tensor_that_is_gone_leaves_nothing_of_its_freezing():
    with gradviz.trace() as trace:
        for _ in range(100):
            torch.ones(1, requires_grad=True).requires_grad_(False)
        assert len(trace._tape.tensors.by_key) <= 1


def test_a_loss_that_was_made_a_leaf_by_hand_is_said_in_words():
    model = net()
    with gradviz.trace() as trace:
        loss = torch.tensor(model(X).sum().item(), requires_grad=True)
    report = trace.report(loss, model)
    assert set(verdicts(report).values()) == {"cut"}
    assert any("set by hand" in note for note in report.notes)


def test_an_optimizer_built_in_the_trace_is_known():
    model = net()
    with gradviz.trace() as trace:
        optimizer = torch.optim.SGD(model[0].parameters(), lr=0.1)
        loss = model(X).sum()
    optimized = {
        name: parameter.optimized
        for name, parameter in trace.report(loss, model).parameters.items()
    }
    assert optimized == {"0.weight": True, "0.bias": True, "2.weight": False, "2.bias": False}
    del optimizer


def test_without_an_optimizer_nothing_is_said_of_one():
    model = net()
    with gradviz.trace() as trace:
        loss = model(X).sum()
    assert {parameter.optimized for parameter in trace.report(loss, model).parameters.values()} == {
        None
    }


@pytest.mark.parametrize("make", [torch.optim.SGD, torch.optim.AdamW, torch.optim.RMSprop])
def test_steps_of_an_optimizer_between_two_losses_sever_nothing(make):
    model = net()
    optimizer = make(model.parameters(), lr=0.001, weight_decay=0.1)
    with gradviz.trace() as trace:
        for _ in range(2):
            optimizer.zero_grad()
            loss = F.mse_loss(model(X), torch.zeros(2, 2))
            loss.backward()
            optimizer.step()
        loss = F.mse_loss(model(X), torch.zeros(2, 2))
    report = trace.report(loss, model)
    assert verdicts(report) == REACHED
    assert not any(parameter.partial for parameter in report.parameters.values())


def test_a_parameter_keeps_all_its_names_where_it_is_tied():
    model = nn.ModuleDict({"a": nn.Linear(2, 2), "b": nn.Linear(2, 2)})
    model["b"].weight = model["a"].weight
    with gradviz.trace() as trace:
        loss = model["b"](model["a"](torch.ones(1, 2))).sum()
    report = trace.report(loss, model)
    assert report.parameters["a.weight"].names == ("a.weight", "b.weight")
    assert report.parameters["b.weight"] is report.parameters["a.weight"]
    assert list(report.parameters) == ["a.weight", "a.bias", "b.bias"]


def test_the_line_is_in_the_module_that_ran_it():
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.lin = nn.Linear(3, 3)

        def forward(self, x):
            return self.lin(x).detach()

    model = nn.Sequential(Block(), Block())
    with gradviz.trace() as trace:
        loss = model(X).sum()
    cuts = trace.report(loss, model).cuts
    assert [(cut.code, cut.parameters) for cut in cuts] == [
        ("return self.lin(x).detach()", tuple(dict(model.named_parameters())))
    ]
    only = nn.Sequential(nn.Linear(3, 3), Block())
    with gradviz.trace() as trace:
        loss = only(X).sum()
    (cut,) = trace.report(loss, only).cuts
    assert cut.scope == "1"


def test_two_reports_of_the_same_step_are_the_same_bytes():
    def told() -> str:
        model = net()
        with gradviz.trace() as trace:
            loss = model[2](model[0](X).detach()).sum()
        return trace.report(loss, model).to_json()

    assert told() == told()


def held_by(root: object) -> Counter[str]:
    """How much the containers of an object of gradviz's hold, by the way to them."""
    sizes: Counter[str] = Counter()
    pending, met = [(root, "")], set()
    while pending:
        thing, way = pending.pop()
        if id(thing) in met:
            continue
        met.add(id(thing))
        if isinstance(thing, (dict, list, tuple, set, frozenset, deque)):
            sizes[way] += len(thing)
            inner = thing.values() if isinstance(thing, dict) else thing
            pending += [(part, f"{way}[]") for part in inner]
        elif type(thing).__module__.startswith("gradviz"):
            names = {*getattr(thing, "__dict__", ())}
            names.update(*(getattr(kind, "__slots__", ()) for kind in type(thing).__mro__))
            pending += [(getattr(thing, name, None), f"{way}.{name}") for name in names]
    return sizes


@pytest.mark.parametrize("backward", [True, False])
def test_judging_writes_nothing_on_what_was_recorded(backward):
    model = net()
    with gradviz.trace() as trace:
        hidden = model[0](X)
        loss = (model[2](hidden.detach()) * hidden.mean().item()).sum()
        if backward:
            loss.backward()
        else:
            trace.report(loss, model)  # it reads what autograd keeps of the loss, once
        before = held_by(trace._tape)
        inside = trace.report(loss, model).to_json()
        assert held_by(trace._tape) == before
    closed = held_by(trace._tape)
    assert trace.report(loss, model).to_json() == inside
    assert held_by(trace._tape) == closed


def test_what_is_recorded_of_a_loop_without_gradient_does_not_grow_with_its_rounds():
    def recorded(rounds: int) -> Counter[str]:
        model, value = nn.Linear(3, 3), torch.ones(2, 3)
        with gradviz.trace() as trace, torch.no_grad():
            for _ in range(rounds):
                value = model(value).tanh()
        return held_by(trace._tape)

    assert recorded(60) == recorded(30)


def test_a_very_deep_chain_is_judged_and_let_go_of():
    """Python's look at its nodes makes torch free a deep graph recursively, so this is done in a
    process of its own.
    """
    script = """
        import gc, torch, gradviz
        weight = torch.nn.Linear(2, 2)
        with gradviz.trace() as trace:
            value = weight(torch.ones(1, 2))
            for number in range(100_000):
                value = value + 1.0
                if number == 50_000:
                    value = value.detach() + weight.bias
            loss = value.sum()
        report = trace.report(loss, weight)
        print({name: str(one.verdict) for name, one in report.parameters.items()})
        del loss, value, report, trace
        gc.collect()
    """
    done = warm.completed([sys.executable, "-c", textwrap.dedent(script)])
    assert (done.returncode, done.stdout.strip(), done.stderr) == (
        0,
        "{'weight': 'cut', 'bias': 'reached'}",
        "",
    )


def test_the_collector_is_as_it_was():
    model = net()
    gc.disable()
    try:
        gradviz.report(model(X).sum(), model)
        assert not gc.isenabled()
    finally:
        gc.enable()
    gradviz.report(model(X).sum(), model)
    assert gc.isenabled()


def test_what_a_call_hands_on_unchanged_gets_nothing_from_what_else_went_in():
    policy, value = nn.Linear(4, 2), nn.Linear(4, 1)
    with gradviz.trace() as trace:
        chosen = torch.distributions.Categorical(logits=policy(torch.ones(3, 4)))
        action = chosen.sample()  # of what log_prob takes in again, through broadcast_tensors
        advantage = (1 - value(torch.ones(3, 4))).detach()
        loss = (chosen.log_prob(action).unsqueeze(1) * advantage).mean()
    report = trace.report(loss, nn.ModuleDict({"policy": policy, "value": value}))
    assert report.parameters["policy.weight"].partial
    assert [cut.operation for cut in report.parameters["policy.weight"].cuts] == ["sample()"]
    assert not any(cut.also for cut in report.cuts)
    nodes = report.graph.nodes
    ways = {
        (nodes[edge.source].operation, nodes[edge.target].operation) for edge in report.graph.edges
    }
    assert ("unsqueeze", "broadcast_tensors()") in ways or (
        "unsqueeze",
        "broadcast_tensors",
    ) in ways
    # Which made the probabilities that the action was drawn by
    assert ("unsqueeze", "SubBackward0") not in ways


class Doubled(torch.autograd.Function):
    """Works by views of what it is given, and says of a second result that it has no gradient."""

    @staticmethod
    def forward(ctx, x, weight):
        ctx.save_for_backward(x, weight)
        whole = torch.zeros(2)
        for row in range(2):
            whole[row : row + 1].copy_((x[row : row + 1] @ weight[0:1].t()).sum(-1))
        positive = whole > 0
        ctx.mark_non_differentiable(positive)
        return 2 * whole, positive

    @staticmethod
    def backward(ctx, gradient, _):
        x, weight = ctx.saved_tensors
        return 2 * gradient[:, None] * weight, 2 * gradient[None] @ x


def test_views_that_a_custom_function_takes_of_its_inputs_sever_nothing():
    with gradviz.trace() as trace:
        model = nn.ModuleDict({"body": nn.Linear(3, 3), "head": nn.Linear(3, 1, bias=False)})
        out, _ = Doubled.apply(model["body"](X), model["head"].weight)
        loss = out.sum()
    report = trace.report(loss, model)
    assert set(verdicts(report).values()) == {"reached"}
    assert not any(parameter.partial for parameter in report.parameters.values())


def test_only_the_sum_of_a_loss_that_gradviz_took_is_said_to_be_taken():
    weight = nn.Parameter(torch.ones(3))
    with gradviz.trace() as trace:
        loss = weight * 2
        loss.backward(torch.tensor([1.0, 0.0, 1.0]))
    own = gradviz.report(weight * 2, {"w": weight}, backward=True)
    assert trace.report(loss, {"w": weight}).notes == (
        "The loss is not a scalar but (3,); backward() needs a gradient of that shape.",
    )
    assert "The loss is not a scalar but (3,); its sum was taken." in own.notes


def written_through_data(model):
    loss = torch.zeros(())
    loss.data.copy_(model(torch.ones(1, 3)).sum())
    return loss


def filled_afterwards(model):
    loss = written_through_data(model)
    loss.data.fill_(1.0)
    return loss


def read_from_a_copy(model):
    target = torch.zeros(1, 3, requires_grad=True)
    with torch.no_grad():
        target.lerp_(model.weight, 0.5)
    return target.sum()


@pytest.mark.parametrize(
    ("step", "verdict"),
    [(written_through_data, "cut"), (filled_afterwards, "unused"), (read_from_a_copy, "cut")],
)
def test_what_is_written_into_memory_is_known_after_the_trace_as_inside_it(step, verdict):
    model = nn.Linear(3, 1, bias=False)
    with gradviz.trace() as trace:
        loss = step(model)
        inside = trace.report(loss, model)
    after = trace.report(loss, model)
    assert inside.parameters["weight"].verdict == verdict
    assert after.to_json() == inside.to_json()
    written = weakref.ref(loss.untyped_storage())
    del loss, inside, after
    assert written() is None
