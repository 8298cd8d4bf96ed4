"""Healthy models raise nothing in their first steps; ``benchmarks/healthy.py`` runs a hundred."""

import importlib.util
import os
from pathlib import Path

import pytest

import warm

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "healthy.py"
spec = importlib.util.spec_from_file_location("healthy_models", BENCHMARK)
healthy = importlib.util.module_from_spec(spec)
spec.loader.exec_module(healthy)

EXPLODES = """
model = nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=1e3)
for _ in range(steps):
    loss = (1e6 * model(torch.randn(4, 8))).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""


def start(command, folder):
    return warm.server().run(command, folder, os.environ)


@pytest.mark.parametrize("name", ["LSTM", "GAN", "PINN"])
def test_the_first_steps_of_a_healthy_model_raise_nothing(name, tmp_path):
    assert healthy.raised(name, 10, tmp_path, every=5, start=start) == []


def test_what_explodes_is_raised(monkeypatch, tmp_path):
    monkeypatch.setitem(healthy.SCRIPTS, "explodes", EXPLODES)
    assert any(
        "exploding" in line
        for line in healthy.raised("explodes", 3, tmp_path, every=1, start=start)
    )
