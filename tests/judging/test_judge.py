"""From a finished tape, losses and a model to findings."""

import copy
import pickle

import pytest
import torch
from tapes import call
from torch import nn
from torch.utils.checkpoint import checkpoint

import gradviz
from gradviz.graph import CutKind, UnusedReason, Verdict
from gradviz.judging.judge import judge
from gradviz.recording.tape import Tape


@pytest.fixture
def model():
    torch.manual_seed(0)
    return nn.ModuleDict({name: nn.Linear(2, 2, bias=False) for name in ("a", "b", "c")})


def judged(tape, losses, model, *, optimized=None, measure=False, **more):
    return judge(tape, losses, model, optimized, measure=measure, **more)


def verdicts(findings):
    return {name: parameter.verdict for name, parameter in findings.parameters.items()}


def x():
    return torch.ones(1, 2)


def test_an_empty_tape_tells_what_the_graph_of_the_loss_tells(model):
    model["c"].requires_grad_(False)
    loss = model["c"](model["a"](x())).sum()
    findings = judged(Tape(), {"loss": loss}, model)
    assert verdicts(findings) == {
        "a.weight": Verdict.REACHED,
        "b.weight": Verdict.UNUSED,
        "c.weight": Verdict.FROZEN,
    }
    assert findings.loss == "loss"
    assert findings.cuts == ()
    assert (findings.parameters["a.weight"].shape, findings.parameters["a.weight"].numel) == (
        (2, 2),
        4,
    )


def test_a_parameter_that_has_no_sizes_yet_is_reported_without_them(model):
    model["d"] = nn.LazyLinear(3)
    findings = judged(Tape(), {"loss": model["a"](x()).sum()}, model)
    assert findings.parameters["d.weight"].shape == ()
    assert findings.parameters["d.weight"].numel == 0


def test_of_a_loss_that_was_taken_out_of_the_graph_what_made_it_counts(model):
    tape, whole = Tape(), model["a"](x()).sum()
    call(tape, 900, kind=CutKind.DETACH).inputs = ((tape.live(whole), True),)
    loss = whole.detach()
    tape.set_origin(loss, 900)
    findings = judged(tape, {"loss": loss}, model)
    assert verdicts(findings)["a.weight"] is Verdict.CUT
    assert verdicts(findings)["b.weight"] is Verdict.UNUSED


def test_a_call_on_the_tape_that_severs_makes_what_is_behind_it_cut(model):
    tape = Tape()
    hidden = model["a"](x())
    cut = hidden.detach()
    number = tape.live(hidden)
    call(tape, 900, kind=CutKind.DETACH).inputs = ((number, True),)
    loss = model["b"](cut).sum()
    tape.set_origin(cut, 900)
    tape.stamp(loss.grad_fn.next_functions[0][0], None, (900,))
    findings = judged(tape, {"loss": loss}, model)
    assert verdicts(findings) == {
        "a.weight": Verdict.CUT,
        "b.weight": Verdict.REACHED,
        "c.weight": Verdict.UNUSED,
    }
    assert [(cut.kind, cut.parameters) for cut in findings.cuts] == [
        (CutKind.DETACH, ("a.weight",))
    ]


def test_zero_is_told_from_reached_where_a_backward_may_be_run(model):
    loss = (model["a"](x()) * 0).sum() + model["b"](x()).sum()
    assert verdicts(judged(Tape(), {"loss": loss}, model))["a.weight"] is Verdict.REACHED
    measured = verdicts(judged(Tape(), {"loss": loss}, model, measure=True))
    assert measured["a.weight"] is Verdict.ZERO
    assert measured["b.weight"] is Verdict.REACHED
    assert model["a"].weight.grad is None


def test_several_losses_together_reach_what_any_of_them_reaches(model):
    losses = {name: model[name](x()).sum() for name in ("a", "b")}
    findings = judged(Tape(), losses, model)
    assert findings.loss == "a + b"
    assert list(verdicts(findings).values()) == [Verdict.REACHED, Verdict.REACHED, Verdict.UNUSED]


def test_what_no_optimizer_holds_is_said_where_one_is_known(model):
    loss = model["a"](x()).sum()
    weights = [layer.weight for layer in model.values()]
    held = judged(Tape(), {"loss": loss}, model, optimized={id(weights[0])})
    assert [parameter.optimized for parameter in held.parameters.values()] == [True, False, False]
    unknown = judged(Tape(), {"loss": loss}, model)
    assert {parameter.optimized for parameter in unknown.parameters.values()} == {None}


def test_a_leaf_that_is_reached_outside_the_model_is_unregistered(model):
    stray, frozen = torch.ones(3, requires_grad=True), torch.ones(5)
    loss = model["a"](x()).sum() + (stray.sum() * frozen).sum()
    findings = judged(Tape(), {"loss": loss}, model)
    assert [leaf.shape for leaf in findings.unregistered] == [(3,)]


@pytest.mark.parametrize("kind", [torch.Tensor, nn.Parameter])
def test_of_an_unregistered_leaf_it_is_told_whether_it_is_a_parameter_and_where_it_goes_in(
    model, kind
):
    with gradviz.trace() as trace:
        stray = kind(torch.ones(2)).requires_grad_()
        loss = (model["a"](x()) * stray).sum()
    (leaf,) = trace.report(loss, model).unregistered
    assert leaf.is_parameter is (kind is nn.Parameter)
    assert leaf.place.code == 'loss = (model["a"](x()) * stray).sum()'


def test_what_an_inner_loop_brought_into_the_loss_by_a_step_is_cut(model):
    student = nn.Linear(2, 2, bias=False)
    optimizer = torch.optim.SGD(student.parameters(), 0.1)
    with gradviz.trace() as trace:
        (student(x()) * model["a"](x())).sum().backward()
        optimizer.step()
        loss = (student(x()) * model["b"](x())).sum()
    report = trace.report(loss, model)
    assert list(verdicts(report).values()) == [Verdict.CUT, Verdict.REACHED, Verdict.UNUSED]


def test_why_a_parameter_is_unused_is_said_where_all_that_made_the_loss_was_seen(model):
    before = model["b"](x())
    with gradviz.trace() as trace:
        model["c"](x())
        seen = model["a"](x()).sum()
        unseen = (before * 2).sum()
    assert trace.report(seen, model).parameters["c.weight"].unused is not None
    assert trace.report(unseen, model).parameters["c.weight"].unused is None


@pytest.mark.parametrize("begins", ["inside", "inside, and is detached", "outside"])
def test_a_loss_of_which_the_trace_saw_nothing_is_said_to_come_from_outside(model, begins):
    loss = model["a"](x()).sum()
    with gradviz.trace() as trace:
        if begins.startswith("inside"):
            loss = model["a"](x()).sum()
            loss = loss.detach() if begins.endswith("detached") else loss
        else:
            model["b"](x())
    notes = " ".join(trace.report(loss, model).notes)
    assert ("outside" in notes) is (begins == "outside")


def test_a_loss_that_is_a_plain_number_is_made_of_what_left_torch(model):
    tape = Tape()
    number = tape.live(model["a"](x()).sum())
    call(tape, 900, kind=CutKind.ITEM).inputs = ((number, True),)
    loss = 1.5
    findings = judged(tape, {"loss": loss}, model, numbers={id(loss): (900,)})
    assert verdicts(findings)["a.weight"] is Verdict.CUT
    assert [cut.kind for cut in findings.cuts] == [CutKind.ITEM]


def test_torch_is_named_without_what_it_was_built_for(model):
    findings = judged(Tape(), {"loss": model["a"](x()).sum()}, model)
    assert findings.torch == torch.__version__.partition("+")[0]


def test_what_is_to_be_said_besides_comes_first_and_once(model):
    loss = model["a"](x()).sum()
    findings = judged(Tape(), {"loss": loss}, model, notes=("so it is", "so it is"))
    assert findings.notes[0] == "so it is"
    assert findings.notes.count("so it is") == 1


def test_judging_leaves_the_mode_and_the_gradients_as_they_were(model):
    loss = model["a"](x()).sum()
    with torch.no_grad():
        judged(Tape(), {"loss": loss}, model, measure=True)
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()
    assert all(parameter.grad is None for parameter in model.parameters())


WAYS = {
    "to another type": nn.Module.double,
    "to shared memory": nn.Module.share_memory,
    "to another type and back": lambda model: model.half().float(),
    "by hand": lambda model: [
        setattr(parameter, "data", parameter.data * 2) for parameter in model.parameters()
    ],
}


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last, self.spare = nn.Linear(4, 3), nn.Linear(3, 1), nn.Linear(2, 2)
        self.scales = nn.ParameterList([nn.Parameter(torch.ones(3))])

    def forward(self, x):
        return self.last(self.first(x).detach() * self.scales[0])


def verdicts_carried(report):
    return {name: found.verdict for name, found in report.parameters.items()}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("backward", [True, False])
def test_what_became_of_the_gradient_stays_as_it_was(way, backward):
    model = Net()
    with gradviz.trace() as trace:
        loss = model(torch.randn(5, 4)).sum()
        if backward:
            loss.backward()
    before = trace.report(loss, model)
    WAYS[way](model)
    after = trace.report(loss, model)
    assert verdicts_carried(after) == verdicts_carried(before)
    assert [cut.line for cut in after.cuts] == [cut.line for cut in before.cuts]
    assert not after.unregistered
    assert verdicts_carried(after)["first.weight"] == "cut"
    assert verdicts_carried(after)["spare.weight"] == "unused"
    assert verdicts_carried(after)["scales.0"] == "reached"


def test_a_parameter_that_was_put_in_after_the_trace_is_another():
    model = Net()
    with gradviz.trace() as trace:
        loss = model(torch.randn(5, 4)).sum()
        loss.backward()
    model.last = copy.deepcopy(model.last)
    model.half()
    assert verdicts_carried(trace.report(loss, model))["last.weight"] == "unused"
    assert verdicts_carried(trace.report(loss, Net()))["last.weight"] == "unused"


def test_what_was_computed_before_the_trace_is_said_of_a_loss_that_it_went_into(model):
    def notes(step):
        old = model["a"](x())
        with gradviz.trace() as trace:
            loss = step(old)
        return " ".join(trace.report(loss, model).notes)

    def only_read(old):
        str(old.sum().item())
        return model["b"](x()).sum()

    assert "computed outside the trace" not in notes(only_read)
    for step in (
        lambda old: model["b"](old).sum(),
        lambda old: model["b"](x()).sum() * old.sum().item(),
        lambda old: (model["b"](x()) * old.detach()).sum(),
    ):
        assert "Part of this loss was computed outside the trace" in notes(step)


def test_a_backward_for_the_report_leaves_the_statistics_of_a_checkpoint_as_they_were():
    net = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    with gradviz.trace() as trace:
        loss = checkpoint(net, torch.randn(4, 2, requires_grad=True), use_reentrant=True).sum()
    before = net[1].running_mean.clone()
    trace.report(loss, net, backward=True)
    assert torch.equal(net[1].running_mean, before)


def test_what_did_not_run_is_told_by_the_line_that_calls_its_module():
    class Branched(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(2, 1), nn.Linear(2, 1)

        def forward(self, x, *, wide=False):
            if wide:
                return self.b(x)
            return self.a(x)

    net = Branched()
    with gradviz.trace() as trace:
        loss = net(x()).sum()
    unused = trace.report(loss, net).parameters["b.weight"].unused
    assert (unused.reason, unused.place.code) == (UnusedReason.NOT_RUN, "return self.b(x)")


@pytest.mark.parametrize("elsewhere", [False, True])
def test_that_a_value_left_torch_is_said_where_no_other_loss_trains_it(model, elsewhere):
    with gradviz.trace() as trace:
        other = model["a"](x())
        pickle.dumps(other.detach().numpy())
        if elsewhere:
            other.sum().backward()
        loss = model["b"](x()).sum()
        loss.backward()
    report = trace.report(loss, model)
    assert report.parameters["a.weight"].uncertain
    assert any("test_judge.py" in note for note in report.notes) is not elsewhere


def test_what_was_frozen_as_it_was_used_is_cut_by_the_line_that_froze_it(model):
    with gradviz.trace() as trace:
        model["a"].requires_grad_(False)
        hidden = model["a"](x())
        model["a"].requires_grad_(True)
        loss = model["b"](hidden).sum()
    (cut,) = trace.report(loss, model).cuts
    assert (cut.kind, cut.code) == (CutKind.FROZEN, 'model["a"].requires_grad_(False)')
