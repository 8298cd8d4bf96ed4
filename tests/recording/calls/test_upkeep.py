"""What a constructor makes of its own parameters is no step; of those of others it may be."""

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations
from torch.optim.swa_utils import AveragedModel

import gradviz
from gradviz.graph import CutKind, Verdict

X = torch.linspace(-1, 1, 12).reshape(3, 4)


class Two(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.early = nn.Linear(4, 4)
        self.late = nn.Linear(4, 4)


class Rewrapped(nn.Module):
    def __init__(self, other: nn.Linear) -> None:
        super().__init__()
        self.weight = nn.Parameter(other.weight.detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.weight


class Written(nn.Module):
    def __init__(self, other: nn.Linear) -> None:
        super().__init__()
        self.inner = nn.Linear(4, 4)
        with torch.no_grad():
            self.inner.weight.copy_(other.weight)

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x)  # type: ignore[no-any-return]


class Buffered(nn.Module):
    def __init__(this, other: nn.Linear) -> None:  # noqa: N805 - the name of the object is free
        super().__init__()
        this.register_buffer("weight", other.weight.detach().norm(dim=1))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight


class Target(nn.Module):
    def __init__(this) -> None:  # noqa: N805 - as above
        super().__init__()
        this.online = nn.Linear(4, 4)
        this.target = copy.deepcopy(this.online)

    def forward(self, x: Tensor) -> Tensor:
        return (self.online(x) - self.target(x).detach()).square().mean()  # type: ignore[no-any-return]


def report_of(make, use=lambda model, made: model.late(made(X))):  # type: ignore[no-untyped-def]
    """Return the report on a step that makes a module of the model's first layer."""
    torch.manual_seed(0)
    model = Two()
    with gradviz.trace() as trace:
        loss = use(model, make(model.early)).square().mean()
        loss.backward()
    return trace.report(loss, model)


class Copied(nn.Module):
    def __init__(self, other: nn.Linear) -> None:
        super().__init__()
        self.inner = copy.deepcopy(other)

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x)  # type: ignore[no-any-return]


@pytest.mark.parametrize("make", [AveragedModel, Copied, Rewrapped, Written, Buffered])
def test_what_a_constructor_copies_of_another_is_a_copy(make):
    found = report_of(make).parameters["early.weight"]
    assert found.verdict is Verdict.CUT
    assert not found.uncertain


class Around(nn.Module):
    def __init__(self, other: nn.Linear, kind: type[nn.Module]) -> None:
        super().__init__()
        self.other, self.made = other, kind(other)

    def forward(self, x: Tensor) -> Tensor:
        return self.made(x)  # type: ignore[no-any-return]


@pytest.mark.parametrize("kind", [Rewrapped, Written, Buffered])
def test_what_the_model_itself_is_made_of_may_be_in_the_loss(kind):
    torch.manual_seed(0)
    with gradviz.trace() as trace:
        layer = nn.Linear(4, 4)
        model = Around(layer, kind)
        loss = model(X).square().mean()
    report = trace.report(loss, model)
    found = report.parameters["other.weight"]
    assert (found.verdict, found.uncertain) == (Verdict.UNUSED, True)
    assert "whether" in str(report)


@pytest.mark.parametrize("make", [Rewrapped, Written, Buffered])
def test_a_copy_beside_the_layer_itself_is_cut_in_part(make):
    def use(model: Two, made: nn.Module) -> Tensor:
        with torch.no_grad():
            target = made(X)
        return model.late(model.early(X)) - target

    found = report_of(make, use).parameters["early.weight"]
    assert (found.verdict, found.partial) == (Verdict.REACHED, True)
    without = report_of(make, lambda model, made: model.late(model.early(X)))
    assert not without.parameters["early.weight"].partial


def test_an_averaged_model_is_a_copy_of_its_source():
    found = report_of(AveragedModel).parameters["early.bias"]
    assert [(cut.kind, cut.code) for cut in found.cuts] == [
        (CutKind.DEEPCOPY, "loss = use(model, make(model.early)).square().mean()")
    ]


def test_what_such_a_module_is_not_used_for_is_unused():
    report = report_of(AveragedModel, lambda model, made: model.late(X))
    assert report.parameters["early.weight"].verdict is Verdict.UNUSED


def test_a_copy_that_is_drawn_anew_is_no_longer_a_copy():
    def drawn(layer: nn.Linear) -> nn.Linear:
        made = copy.deepcopy(layer)
        made.reset_parameters()
        return made

    report = report_of(drawn)
    assert report.parameters["early.weight"].verdict is Verdict.UNUSED
    assert report.parameters["late.weight"].verdict is Verdict.REACHED


def test_a_copy_that_was_used_before_it_is_drawn_anew_is_one():
    def use(model: Two, made: nn.Linear) -> Tensor:
        used = made(X)
        with torch.no_grad():
            made.weight = nn.Parameter(torch.ones(4, 4))
            nn.init.zeros_(made.bias)
        return model.late(used)  # type: ignore[no-any-return]

    report = report_of(copy.deepcopy, use)
    assert report.parameters["early.weight"].verdict is Verdict.CUT
    assert report.parameters["early.bias"].verdict is Verdict.CUT


def test_a_target_that_a_constructor_copies_of_its_own_layer_severs_nothing():
    with gradviz.trace() as trace:
        model = Target()
        loss = model(X)
        loss.backward()
    report = trace.report(loss, model)
    assert not any(parameter.partial for parameter in report.parameters.values())


def test_what_a_constructor_of_torch_begins_with_severs_nothing():
    with gradviz.trace() as trace:
        model = parametrizations.spectral_norm(nn.Linear(4, 4)).eval()
        loss = model(X).square().mean()
        loss.backward()
    report = trace.report(loss, model)
    assert {parameter.verdict for parameter in report.parameters.values()} == {Verdict.REACHED}
    assert not any(parameter.partial for parameter in report.parameters.values())


class Tried(nn.Module):
    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        with torch.no_grad():
            self.first = net(X)
        self.head = nn.Linear(self.first.shape[1], 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(x)  # type: ignore[no-any-return]


def test_what_a_constructor_tries_only_for_its_size_is_no_part_of_the_loss():
    report = report_of(Tried, lambda model, made: made(model.late(X)))
    early = report.parameters["early.weight"]
    assert early.verdict is Verdict.UNUSED
    assert not early.uncertain


def test_what_a_constructor_keeps_of_a_first_forward_is_cut_where_it_goes_into_the_loss():
    report = report_of(Tried, lambda model, made: made(made.first) + model.late(X))
    found = report.parameters["early.weight"]
    assert [cut.kind for cut in found.cuts] == [CutKind.NO_GRAD]
    assert not report.parameters["late.weight"].cuts


class TriedItself(nn.Module):
    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.own = nn.Linear(4, 4)
        with torch.no_grad():
            self.first = self.own(X.abs())

    def forward(self, x: Tensor) -> Tensor:
        return self.own(x)  # type: ignore[no-any-return]


@pytest.mark.parametrize("keeps", [True, False])
def test_what_a_constructor_tries_of_its_own_is_a_forward_too(keeps):
    with gradviz.trace() as trace:
        model = TriedItself(nn.Identity())
        loss = (model(X) - (model.first if keeps else 0)).square().mean()
        loss.backward()
    report = trace.report(loss, model)
    bias = report.parameters["own.bias"]
    assert bias.verdict is Verdict.REACHED
    assert bias.partial is keeps
    assert {cut.kind for cut in report.cuts} == ({CutKind.NO_GRAD} if keeps else set())
