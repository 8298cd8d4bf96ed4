"""From where on gradient vanishes or explodes, as pyproject.toml says it for a run."""

import pytest

from gradviz.expecting.checking import read_settings, thresholds
from gradviz.facts.training import THRESHOLDS

VANISHES = """
    import torch
    from torch import nn

    torch.manual_seed(0)
    model = nn.ModuleDict({{name: nn.Linear(4, 1, bias=False) for name in ("far", "near")}})
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for _ in range(3):
        optimizer.zero_grad()
        loss = model["near"](torch.ones(4)).sum() + {scale} * model["far"](torch.ones(4)).sum()
        loss.backward()
        optimizer.step()
"""
LEAPS = """
    import torch
    from torch import nn

    torch.manual_seed(0)
    model = nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr={rate})
    for _ in range(3):
        optimizer.zero_grad()
        loss = (model(torch.ones(2, 4)) * {scale}).sum()
        loss.backward()
        optimizer.step()
"""


def alarms(scripts, script: str, table: str = "", **numbers: float) -> list[str]:
    """Run a script and return the alarms."""
    scripts.write("train.py", script.format(**numbers))
    scripts.write("pyproject.toml", f"[tool.gradviz.thresholds]\n{table}\n")
    ran = scripts.run("train.py")
    assert ran.code == 0, ran.err
    return [line for line in ran.err.splitlines() if ": ALARM" in line]


def test_a_gradient_lost_beside_the_others_vanishes(scripts) -> None:
    (alarm,) = alarms(scripts, VANISHES, scale=1e-9)
    assert "vanished" in alarm
    assert "far" in alarm


def test_a_threshold_of_the_project_says_what_vanishes(scripts) -> None:
    (alarm,) = alarms(scripts, VANISHES, "vanishing = 1e-12", scale=1e-9)
    assert "vanished" not in alarm


def test_a_small_gradient_that_still_moves_its_parameter_is_no_alarm(scripts) -> None:
    assert not alarms(scripts, VANISHES, "vanishing = 0.5", scale=1e-3)


def test_a_step_a_thousand_times_its_parameter_s_size_explodes(scripts) -> None:
    (alarm,) = alarms(scripts, LEAPS, scale=1e6, rate=1.0)
    assert "explodes" in alarm


@pytest.mark.parametrize("table", ["exploding = 1e9", "overshoot = 1e12"])
def test_a_threshold_of_the_project_says_what_explodes(scripts, table: str) -> None:
    assert not alarms(scripts, LEAPS, table, scale=1e6, rate=1.0)


def test_a_large_gradient_with_a_small_rate_is_no_alarm(scripts) -> None:
    assert not alarms(scripts, LEAPS, scale=1e6, rate=1e-9)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("vanishing = 'low'", "vanishing in {where} is 'low', not a number above 0"),
        ("vanishing = 2", "vanishing in {where} is 2, not a share below 1 of the largest gradient"),
        ("exploding = -1.0", "exploding in {where} is -1.0, not a number above 0"),
        ("overshoot = true", "overshoot in {where} is True, not a number above 0"),
        ("overshoot = inf", "overshoot in {where} is inf, not a number above 0"),
        ("explode = 3", "unknown key in {where}: 'explode' (choose from vanishing, exploding,"),
    ],
)
def test_a_threshold_that_makes_no_sense_is_said_in_a_line(scripts, table, message) -> None:
    scripts.write("train.py", "print('ran')")
    scripts.write("pyproject.toml", f"[tool.gradviz.thresholds]\n{table}\n")
    ran = scripts.run("train.py")
    where = f"[tool.gradviz.thresholds] in {scripts.folder / 'pyproject.toml'}"
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"gradviz: {message.format(where=where)}")
    assert ran.err.count("\n") == 1


def test_without_a_table_the_usual_thresholds_hold(tmp_path) -> None:
    assert thresholds(read_settings(tmp_path)) == THRESHOLDS
