"""What TorchScript severs, which Python never sees, is read from its graph and named at the line
that called it.
"""

import warnings

import pytest
import torch
from torch import Tensor, nn

import gradviz
from gradviz.graph import CutKind, UnusedReason
from gradviz.recording.unseen.scripted import MadeOf

with warnings.catch_warnings():
    warnings.simplefilter("ignore")

    @torch.jit.script
    def blended(x, weight, gain, times: int):
        with torch.no_grad():
            context = x.mean(0) * gain
        y = torch.tanh(x) * weight.detach()
        for _ in range(times):
            y = y + context
        return y, x * weight.argmax()


class Tower(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(3, 3), nn.Linear(3, 3)

    def forward(self, x):
        return self.a(x) + self.b(x).detach()


class Mixed(nn.Module):
    def __init__(self):
        super().__init__()
        self.x = nn.Parameter(torch.ones(2, 3))
        self.weight, self.gain = nn.Parameter(torch.arange(3.0)), nn.Parameter(torch.ones(3))

    def forward(self, times):
        y, picked = blended(self.x, weight=self.weight, gain=self.gain, times=times)
        return y.sum() + picked.sum()


def reported(step):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with gradviz.trace() as trace:
            loss, model = step()
            loss.backward()
        return trace.report(loss, model)


@pytest.mark.parametrize(
    "compiled", [torch.jit.script, lambda module: torch.jit.trace(module, torch.ones(2, 3))]
)
def test_a_detach_inside_a_scripted_or_traced_module_is_a_cut_at_its_line_and_that_of_the_call(
    compiled,
):
    def step():
        model = compiled(Tower())
        return model(torch.ones(2, 3)).sum(), model  # here

    report = reported(step)
    assert {name: str(one.verdict) for name, one in report.parameters.items()} == {
        "a.weight": "reached",
        "a.bias": "reached",
        "b.weight": "cut",
        "b.bias": "cut",
    }
    (cut,) = report.cuts
    assert (str(cut.kind), cut.operation) == ("detach", "detach() in TorchScript")
    assert cut.code == "return self.a(x) + self.b(x).detach()"
    assert cut.caller.code.endswith("# here")


def test_what_a_scripted_function_switches_off_detaches_or_chooses_is_told_apart():
    def step():
        model = Mixed()
        return model(2), model

    report = reported(step)
    assert {name: str(one.verdict) for name, one in report.parameters.items()} == {
        "x": "reached",
        "weight": "cut",
        "gain": "cut",
    }
    assert {str(cut.kind) for cut in report.parameters["weight"].cuts} == {
        "detach",
        "non_differentiable",
    }
    assert {str(cut.kind) for cut in report.parameters["gain"].cuts} == {"no_grad"}
    assert report.parameters["x"].partial


def test_a_scripted_function_that_severs_nothing_is_no_cut():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")

        @torch.jit.script
        def swish(x, beta):
            return x * torch.sigmoid(beta * x)

    def step():
        model = nn.Linear(3, 3)
        beta = nn.Parameter(torch.ones(()))
        return swish(model(torch.ones(2, 3)), beta).sum(), nn.ParameterDict(
            {"beta": beta, "weight": model.weight}
        )

    report = reported(step)
    assert not report.cuts
    assert not report.notes
    assert {str(one.verdict) for one in report.parameters.values()} == {"reached"}


def test_the_call_of_scripted_functions_is_what_it_was_after_a_trace():
    before = vars(torch.jit.ScriptFunction)["__call__"]
    reported(lambda: (Mixed()(1), Mixed()))
    assert vars(torch.jit.ScriptFunction)["__call__"] is before


def test_what_is_severed_comes_in_the_same_order_in_every_process():
    paths = [("", str(number), "weight") for number in range(9)]
    by = (CutKind.DETACH, "detach")
    assert list(MadeOf(set(paths)).severed(by).dead) == paths


class Factor(nn.Module):
    def __init__(self, times):
        super().__init__()
        self.first, self.spare = nn.Linear(3, 3), nn.Linear(3, 3)
        self.factor, self.times = nn.Parameter(torch.tensor(2.0)), times

    def forward(self, x):
        return self.first(x) * self.times(self)


def test_a_number_that_a_trace_made_a_constant_of_is_not_called_unused_for_certain():
    def step(times):
        model = Factor(times)
        run = torch.jit.trace(model, torch.ones(2, 3), check_trace=False)
        return run(torch.ones(2, 3)).sum(), model

    baked = reported(lambda: step(lambda model: (model.factor * 1.5).item()))
    assert baked.parameters["factor"].uncertain
    assert any("holds constants or writes into memory; whether" in note for note in baked.notes)
    whole = reported(lambda: step(lambda model: model.factor))
    assert str(whole.parameters["factor"].verdict) == "reached"
    assert not any(parameter.uncertain for parameter in whole.parameters.values())


def test_what_each_of_several_traced_models_called_at_one_line_may_hold_is_in_doubt():
    def step():
        model = nn.ModuleList(Factor(lambda own: (own.factor * 1.5).item()) for _ in range(2))
        runs = [torch.jit.trace(one, torch.ones(2, 3), check_trace=False) for one in model]
        return sum(run(torch.ones(2, 3)).sum() for run in runs), model

    parameters = reported(step).parameters
    assert parameters["0.factor"].uncertain
    assert parameters["1.factor"].uncertain


class Spare(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.spare = nn.Linear(3, 3), nn.Linear(3, 3)

    def forward(self, x):
        return self.first(x) * 2.5


def test_what_a_script_that_was_not_traced_does_not_read_is_unused_for_certain():
    def step():
        model = torch.jit.script(Spare())
        return model(torch.ones(2, 3)).sum(), model

    report = reported(step)
    assert str(report.parameters["spare.weight"].verdict) == "unused"
    assert not report.parameters["spare.weight"].uncertain


@pytest.mark.parametrize(("times", "expected"), [(True, "cut"), (False, "unused")])
def test_a_derivative_through_a_script_depends_on_the_factors_that_it_severs(times, expected):
    unit = torch.jit.CompilationUnit(f"""
def energy(x, w, c):
    return torch.tanh(x * w) {"*" if times else "+"} c.detach()
""")

    def step():
        model = nn.ParameterDict({name: torch.ones(3) for name in "wc"})
        x = torch.ones(3, requires_grad=True)
        energy = unit.energy(x, model["w"], model["c"]).sum()
        (slope,) = torch.autograd.grad(energy, x, create_graph=True)
        return slope.square().sum(), model

    assert str(reported(step).parameters["c"].verdict) == expected


def test_what_a_library_runs_in_a_scripted_block_is_told_by_the_block():
    class Gated(nn.Module):
        def __init__(self):
            super().__init__()
            self.gate, self.out = nn.Linear(3, 3), nn.Linear(3, 1)

        def forward(self, x):
            with torch.no_grad():  # the block
                gate = torch.sigmoid(self.gate(x))
            return self.out(x * gate)

    def step():
        model = torch.jit.script(Gated())
        return model(torch.ones(2, 3)).sum(), model

    (cut,) = reported(step).cuts
    assert cut.code.endswith("# the block")


class Kept(nn.Module):
    """Puts what it detaches into a dictionary, a list, a row and an attribute."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c, self.d, self.e = (nn.Linear(3, 3) for _ in range(5))
        self.register_buffer("state", torch.zeros(2, 3))

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        out: dict[str, Tensor] = {}
        out["live"] = self.a(x) + self.state
        out["dead"] = self.b(x).detach()
        rows: list[Tensor] = []
        rows.append(self.c(x).detach())
        out["list"] = torch.stack(rows)
        memory = torch.zeros(2, 3)
        memory[0] = self.d(x)[0].detach()
        out["row"] = memory
        self.state = self.e(x).detach()
        return out


@pytest.mark.parametrize(
    ("key", "cut"), [("live", "e"), ("dead", "b"), ("list", "c"), ("row", "d")]
)
def test_what_a_script_keeps_in_containers_memory_and_attributes_is_followed(key, cut):
    def step():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = torch.jit.script(Kept())
        x = torch.ones(2, 3, requires_grad=True)
        model(x)
        return (model(x)[key] * x).sum(), model

    verdicts = {name: str(one.verdict) for name, one in reported(step).parameters.items()}
    assert [name[0] for name, verdict in verdicts.items() if verdict == "cut"] == [cut, cut]
    assert verdicts["a.weight"] == ("reached" if key == "live" else "unused")


class Branched(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.c = nn.Linear(3, 2), nn.Linear(3, 2)

    def forward(self, x: Tensor, both: bool) -> Tensor:
        y = self.a(x)
        if both:
            y = y + self.c(x)
        return y


@pytest.mark.parametrize(
    ("both", "reason"), [(False, UnusedReason.NEVER_CALLED), (True, UnusedReason.DROPPED)]
)
def test_a_branch_of_a_script_that_did_not_run_is_not_said_to_have_used_its_layer(both, reason):
    def step():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = torch.jit.script(Branched())
        model(torch.ones(2, 3), both)
        return model(torch.ones(2, 3), False).sum(), model

    assert reported(step).parameters["c.weight"].unused.reason is reason


class Writing(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(3, 3), nn.Linear(3, 3)

    def forward(self, x, ended: bool):
        kept = torch.zeros(2, 3)
        row = kept[0]
        beside = self.first(x).detach()
        if ended:
            kept.copy_(beside)
        return self.last(x) * (row if ended else x)


def test_what_a_script_writes_into_memory_leaves_unused_uncertain():
    def step(written):
        model = torch.jit.script(Writing() if written else Spare())
        return (model(torch.ones(2, 3), True) if written else model(torch.ones(2, 3))).sum(), model

    assert reported(lambda: step(True)).parameters["first.weight"].uncertain
    assert not reported(lambda: step(False)).parameters["spare.weight"].uncertain
