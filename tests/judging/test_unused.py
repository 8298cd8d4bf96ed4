"""Why a parameter is unused is said with its line, as far as it was seen."""

import copy
import runpy

import pytest
import torch
from torch import nn
from torch.nn.utils import prune

import gradviz
from gradviz.graph import UnusedReason
from gradviz.judging.unused import calls_of
from gradviz.reports import read_json

X = torch.ones(2, 3)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.q1, self.q2, self.aux, self.spare = (
            nn.Linear(3, 1),
            nn.Linear(3, 1),
            nn.Linear(3, 2),
            nn.Linear(3, 4),
        )
        self.rate = nn.Parameter(torch.ones(()))

    def forward(self, x):
        first, second = self.q1(x), self.q1(x)
        self.last = self.aux(x)
        return first + second


def reported(step):
    with gradviz.trace() as trace:
        loss, model = step()
    return trace.report(loss, model)


def why(report, name):
    return report.parameters[name].unused


def healthy():
    model = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 1))
    return model(X).sum(), model


def test_never_called_names_the_twin_that_was_called_in_its_place():
    def step():
        model = Net()
        return model(X).sum(), model

    report = reported(step)
    unused = why(report, "q2.weight")
    assert (unused.reason, unused.twin, unused.times) == (UnusedReason.NEVER_CALLED, "q1", 2)
    assert unused.place.code == "first, second = self.q1(x), self.q1(x)"
    assert why(report, "spare.weight").reason is UnusedReason.NEVER_CALLED
    assert why(report, "spare.weight").twin == ""


def test_what_was_computed_and_dropped_is_told_by_the_last_line_that_used_it():
    def step():
        model = Net()
        model.rate.exp()
        return model(X).sum(), model

    report = reported(step)
    assert (why(report, "aux.bias").reason, why(report, "aux.bias").place.code) == (
        UnusedReason.DROPPED,
        "self.last = self.aux(x)",
    )
    assert (why(report, "rate").reason, why(report, "rate").place.code) == (
        UnusedReason.DROPPED,
        "model.rate.exp()",
    )


@pytest.mark.parametrize(
    "kept",
    [
        lambda model: model.to(torch.float64),
        lambda model: model.load_state_dict(model.state_dict()),
        lambda model: copy.deepcopy(model),
        lambda model: nn.init.orthogonal_(model.spare.weight),
        lambda model: model.spare.weight.detach().clone(),
        lambda model: print(model.spare.weight),
    ],
    ids=["moved", "loaded", "copied", "initialised", "kept aside", "printed"],
)
def test_a_module_that_only_its_upkeep_read_was_never_called(kept):
    def step():
        model = Net()
        kept(model)
        return model(X.to(model.rate.dtype)).sum(), model

    assert why(reported(step), "spare.weight").reason is UnusedReason.NEVER_CALLED


def test_of_a_module_that_ran_before_the_trace_only_what_was_seen_is_said():
    model = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 1))
    kept = model[:2](X).detach()
    with gradviz.trace() as trace:
        loss = model[2](kept).sum()
        loss.backward()
    told = str(trace.report(loss, model))
    assert "no call of its module was seen" in told
    assert "never" not in told


class Peeking(Net):
    def forward(self, x):
        self.scale = self.spare.weight.detach().norm()
        return self.q1(x)


def test_what_a_forward_reads_without_a_gradient_is_told_by_its_line():
    def step():
        model = Peeking()
        return model(X).sum(), model

    unused = why(reported(step), "spare.weight")
    assert unused.reason is UnusedReason.DROPPED
    assert unused.place.code == "self.scale = self.spare.weight.detach().norm()"


def test_a_mask_of_pruning_is_told_by_the_line_that_pruned():
    def step():
        model = Net()
        prune.l1_unstructured(model.spare, "weight", 0.5)
        return model(X).sum(), model

    unused = why(reported(step), "spare.weight_orig")
    assert unused.reason is UnusedReason.DROPPED
    assert unused.place.code == 'prune.l1_unstructured(model.spare, "weight", 0.5)'


def test_what_no_call_took_in_is_said_to_be_read_by_none():
    def step():
        model = Net()
        return model(X).sum(), model

    assert why(reported(step), "rate").reason is UnusedReason.NEVER_READ


def test_a_copy_that_is_of_no_module_was_made_of_what_the_loss_uses():
    model = Net()
    copies = {}

    def step():
        copies["wide"] = model.q1.weight.detach().double().requires_grad_()
        copies["own"] = torch.zeros(2, requires_grad=True)
        return model(X).sum(), {"model": model, **copies}

    report = reported(step)
    assert why(report, "wide").reason is UnusedReason.MADE_OF_USED
    assert why(report, "wide").place.code.startswith('copies["wide"] =')
    assert why(report, "own").reason is UnusedReason.NEVER_READ


def test_nothing_is_said_of_what_was_not_seen():
    model = Net()
    hidden = model.aux(X)
    with gradviz.trace() as trace:
        loss = hidden.sum()
    assert all(one.unused is None for one in trace.report(loss, model).parameters.values())
    assert all(one.unused is None for one in reported(healthy).parameters.values())


def test_without_a_trace_it_is_not_reached_and_a_trace_would_tell_why():
    model = Net()
    report = gradviz.report(model(X).sum(), model)
    assert {why(report, name).reason for name in ("q2.weight", "aux.weight", "rate")} == {
        UnusedReason.UNKNOWN
    }
    assert "Not reached: no gradient comes back to them." in str(report)
    assert "cut or unused: a trace tells" in str(report)


def test_text_and_json_say_it():
    def step():
        model = Net()
        return model(X).sum(), model

    report = reported(step)
    text = " ".join(str(report).split())
    assert "q1, which is built like it, was called twice" in text
    assert "what came of it is no part of this loss; it was used last at" in text
    assert read_json(report.to_json()) == report


class Branching(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk, self.auxiliary = nn.Linear(3, 1), nn.Sequential(nn.Linear(3, 1))
        self.deep = False

    def forward(self, x):
        if self.deep:
            return self.trunk(x) + self.auxiliary(x)
        return self.trunk(x)


def test_a_branch_that_was_not_taken_is_told_by_its_line():
    def step():
        model = Branching()
        return model(X).sum(), model

    unused = why(reported(step), "auxiliary.0.weight")
    assert (unused.reason, unused.place.code) == (
        UnusedReason.NOT_RUN,
        "return self.trunk(x) + self.auxiliary(x)",
    )


def test_what_went_into_another_loss_is_told_by_its_backward():
    def step():
        model = Branching()
        model.auxiliary(X).sum().backward()
        loss = model(X).sum()
        loss.backward()
        return loss, model

    unused = why(reported(step), "auxiliary.0.weight")
    assert (unused.reason, unused.place.code) == (
        UnusedReason.OTHER_LOSS,
        "model.auxiliary(X).sum().backward()",
    )


def test_a_copy_that_ran_in_its_place_is_told_by_its_line():
    model = Branching()
    replica = copy.deepcopy(model.auxiliary)

    def step():
        return (model.trunk(X) + replica(X)).sum(), model

    unused = why(reported(step), "auxiliary.0.bias")
    assert (unused.reason, unused.place.code) == (
        UnusedReason.COPIED,
        "return (model.trunk(X) + replica(X)).sum(), model",
    )


def test_calls_of_several_steps_are_no_call_in_anothers_place():
    def step(calls):
        model = Net()
        for _ in range(3):
            loss = sum(model.q1(X).sum() for _ in range(calls))
            loss.backward()
        return loss, model

    assert why(reported(lambda: step(1)), "q2.weight").twin == ""
    twice = why(reported(lambda: step(2)), "q2.weight")
    assert (twice.twin, twice.times) == ("q1", 2)


class Trunk(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.late_head, self.idle = nn.Linear(3, 3), nn.Linear(3, 3), nn.Linear(3, 3)

    def forward(self, x):
        return self.stem(x)


def with_a_late_head(net, x, epoch):
    loss = net(x).pow(2).mean()
    if epoch > 5:
        loss = loss + net.late_head(x).mean()
    return loss


def test_the_line_of_a_plain_function_that_did_not_run_is_named():
    def step():
        net = Trunk()
        return with_a_late_head(net, X, 1), net

    unused = why(reported(step), "late_head.weight")
    assert unused.reason is UnusedReason.NOT_RUN
    assert unused.place.code == "loss = loss + net.late_head(x).mean()"


def test_a_module_that_no_line_calls_is_named_with_none():
    def step():
        net = Trunk()
        return with_a_late_head(net, X, 1), net

    unused = why(reported(step), "idle.weight")
    assert (unused.reason, unused.place) == (UnusedReason.NEVER_CALLED, None)


def test_the_line_that_makes_a_module_does_not_call_it(tmp_path):
    script = tmp_path / "train.py"
    script.write_text(
        "import torch\nfrom torch import nn\n\n\ndef setup():\n    return nn.Linear(3, 1)\n\n\n"
        "def loss_of(net):\n    return net(torch.ones(2, 3)).sum()\n"
    )
    functions = runpy.run_path(str(script))

    def step():
        net = functions["setup"]()
        # A model that no variable holds has the name of its class
        return functions["loss_of"](net), {"net": net, "Linear": nn.Linear(3, 1)}

    unused = why(reported(step), "Linear.weight")
    assert (unused.reason, unused.place) == (UnusedReason.NEVER_CALLED, None)


def test_a_line_that_ran_for_another_model_is_not_the_one_that_did_not_run():
    def step():
        net = Trunk()
        return with_a_late_head(Trunk(), X, 9) + net(X).mean(), net

    assert why(reported(step), "late_head.weight").reason is not UnusedReason.NOT_RUN


def test_two_gradients_that_are_asked_for_are_two_steps():
    def step():
        model = Net()
        for _ in range(2):
            loss = model.q1(X).sum()
            torch.autograd.grad(loss, [model.q1.weight])
        return loss, model

    assert why(reported(step), "q2.weight").twin == ""


class Base(nn.Module):
    def encode(self, x):
        return self.encoder(x)


class UsesNet(Base):
    def forward(this, x):  # noqa: N805  a name of its own is what is tested
        h = this.encode(x)
        if this.training:
            h = this.encoder(h)
        return this.head.weight @ h


def test_lines_of_the_class_and_of_its_bases_that_call_it_are_found():
    assert [place.code for place in calls_of(UsesNet, "encoder")] == [
        "h = this.encoder(h)",
        "return self.encoder(x)",
    ]


def test_a_module_that_is_only_read_is_not_called():
    assert calls_of(UsesNet, "head") == ()


def test_torch_s_own_classes_and_what_has_no_source_call_nothing():
    assert calls_of(nn.Sequential, "0") == ()
    assert calls_of(type("Made", (nn.Module,), {}), "x") == ()
