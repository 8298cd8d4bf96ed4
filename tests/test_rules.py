"""What the documentation says of each rule of a debugger's catalogue is what gradviz says."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import gradviz
from gradviz.facts.training import THRESHOLDS

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "rules.md"


def trained(
    model: nn.Module, loss_of: Callable[[], Tensor], *, lr: float = 0.1, steps: int = 3
) -> tuple[gradviz.Report, set[str], dict[str, str | None]]:
    """Return the report of some steps, the reasons of its alarms, and why parameters stay."""
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    with gradviz.trace(values=True) as trace:
        for _ in range(steps):
            optimizer.zero_grad()
            loss = loss_of()
            loss.backward()
            optimizer.step()
    report = trace.report(loss, model)
    assert report.training is not None
    whys = {fate.name: fate.why for fate in report.training.parameters}
    return report, {alarm.why for alarm in report.training.alarms}, whys


def net(activation: nn.Module, bias: float = 0.0) -> nn.Sequential:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 4), activation, nn.Linear(4, 1))
    nn.init.constant_(model[0].bias, bias)
    return model


def of_squares(model: nn.Module) -> Callable[[], Tensor]:
    x = torch.linspace(-1, 1, 32).reshape(8, 4)
    return lambda: model(x).square().mean()


def pair(scale: float) -> tuple[nn.Module, Callable[[], Tensor]]:
    """Return two layers, and a loss in which one counts for much less than the other."""
    model = nn.ModuleList([nn.Linear(4, 1, bias=False) for _ in range(2)])
    return model, lambda: scale * model[0](torch.ones(4)).sum() + model[1](torch.ones(4)).sum()


def vanishing_gradient() -> None:
    _, alarms, whys = trained(*pair(1e-9), lr=0.01)
    assert alarms == {"vanishing"}
    assert whys["0.weight"] == "too_small"
    _, alarms, whys = trained(*pair(1e-3), lr=0.01)
    assert not alarms
    assert set(whys.values()) == {None}


def exploding_tensor() -> None:
    model = nn.Linear(4, 1)
    _, alarms, _ = trained(model, lambda: (model(torch.ones(2, 4)) * 1e6).sum(), lr=1.0)
    assert alarms == {"exploding"}
    model = nn.Linear(4, 1)
    report, alarms, whys = trained(
        model, lambda: (model(torch.zeros(2, 4)) * 0).sqrt().sum(), steps=1
    )
    assert alarms == {"not_finite"}
    assert set(whys.values()) == {"not_finite"}
    assert [birth.operation for birth in report.births] == ["sqrt"]
    assert report.births[0].place is not None


def dead_relu() -> None:
    model = net(nn.ReLU(), bias=-100)
    report, _, _ = trained(model, of_squares(model))
    zero = report.parameters["0.weight"].zero
    assert zero is not None
    assert "all 32 inputs are 0 or below" in zero.why
    model = net(nn.ReLU())
    nn.init.constant_(model[0].bias[:2].detach(), -100)
    report, alarms, whys = trained(model, of_squares(model))
    assert not alarms
    assert set(whys.values()) == {None}
    relu = next(node for node in report.graph.nodes if node.operation == "ReluBackward0")
    assert relu.outgoing[0] is not None
    assert 0.5 <= relu.outgoing[0].zeros < 1


def saturated_activation() -> None:
    model = net(nn.Sigmoid(), bias=200)
    report, _, _ = trained(model, of_squares(model))
    zero = report.parameters["0.weight"].zero
    assert zero is not None
    assert "saturated: all 32 results" in zero.why
    model = net(nn.Sigmoid(), bias=8)
    report, alarms, whys = trained(model, of_squares(model))
    assert not alarms
    assert set(whys.values()) == {None}
    norms = [report.parameters[name].gradient_norm or 0 for name in ("0.weight", "2.weight")]
    assert norms[0] < 0.1 * norms[1]


def poor_initialisation() -> None:
    model = net(nn.Tanh())
    for parameter in model.parameters():
        nn.init.zeros_(parameter)
    target = of_squares(lambda x: model(x) - 1)  # type: ignore[arg-type]
    report, _, _ = trained(model, target)
    zero = report.parameters["0.weight"].zero
    assert zero is not None
    assert zero.why == "the other factor is zero"
    model = net(nn.Tanh())
    nn.init.constant_(model[0].weight, 0.5)  # symmetric: nothing is said of the values themselves
    assert not trained(model, of_squares(model))[1]


def update_ratio_too_small() -> None:
    model = nn.Linear(4, 1)
    _, alarms, whys = trained(model, of_squares(model), lr=1e-12)
    assert alarms == {"too_small"}
    assert set(whys.values()) == {"too_small"}
    model = nn.Linear(4, 1)
    report, alarms, _ = trained(model, of_squares(model), lr=1e-5)
    assert not alarms
    assert report.training is not None
    assert all(0 < (fate.update_ratio or 0) < 1e-3 for fate in report.training.parameters)


def update_ratio_too_large() -> None:
    model = nn.Linear(4, 1)
    _, alarms, _ = trained(model, lambda: (model(torch.ones(2, 4)) * 1e6).sum(), lr=1.0)
    assert alarms == {"exploding"}
    gain = nn.Linear(4, 1)
    nn.init.constant_(gain.bias, 1e-6)
    _, alarms, _ = trained(gain, lambda: (gain(torch.ones(2, 4)) - 1).square().sum())
    assert not alarms


def all_zero() -> None:
    model = net(nn.Identity())
    report, _, whys = trained(model, lambda: model(torch.ones(2, 4)).round().sum())
    zero = report.parameters["0.weight"].zero
    assert zero is not None
    assert zero.operation == "round"
    assert zero.place is not None
    assert whys["0.weight"] == "zero"
    model = net(nn.Identity())
    nn.init.zeros_(model[2].bias)
    assert not trained(model, of_squares(model))[1]


def unchanged_tensor() -> None:
    model = net(nn.Tanh())
    model[2].requires_grad_(False)
    report, _, whys = trained(model, of_squares(model))
    assert report.training is not None
    trains = {fate.name: fate.trains for fate in report.training.parameters}
    assert trains == {"0.weight": True, "0.bias": True, "2.weight": False, "2.bias": False}
    assert whys["2.weight"] == "frozen"


def loss_not_decreasing() -> None:
    model = nn.Linear(4, 1)
    _, alarms, whys = trained(model, lambda: -of_squares(model)(), lr=0.01)
    assert not alarms
    assert set(whys.values()) == {None}


RULES = {
    function.__name__.replace("_", " ").replace("relu", "ReLU"): function
    for function in (
        vanishing_gradient,
        exploding_tensor,
        dead_relu,
        saturated_activation,
        poor_initialisation,
        update_ratio_too_small,
        update_ratio_too_large,
        all_zero,
        unchanged_tensor,
        loss_not_decreasing,
    )
}


@pytest.mark.parametrize("rule", RULES)
def test_gradviz_says_what_the_table_says(rule: str) -> None:
    RULES[rule]()


def test_each_row_of_the_table_is_tried() -> None:
    rows = re.findall(r"^\| ([a-zA-Z ]+) \| [A-Z]", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == list(RULES)


@pytest.mark.parametrize("name", ["vanishing", "exploding", "overshoot"])
def test_the_page_gives_the_thresholds_that_hold(name: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert float(re.search(rf"^\| `{name}` \| ([0-9e.-]+) \|", page, re.M)[1]) == getattr(
        THRESHOLDS, name
    )
    assert float(re.search(rf"^{name} = (\S+)$", page, re.M)[1]) == getattr(THRESHOLDS, name)
