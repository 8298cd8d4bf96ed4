"""A range between tensors is a constant one that is scaled, with the same points."""

import pytest
import torch
from edited import edited

from gradviz.mending.edits.ranges import scaled


@pytest.mark.parametrize(
    "text",
    [
        "y = torch.linspace(low, high, 5)\n",
        "y = torch.linspace(low, high - 1, steps=5)\n",
        "y = 2 * torch.linspace(start=low, end=high, steps=5)\n",
        "y = torch.logspace(low, high, 5)\n",
        "y = torch.logspace(low, high, 5, base=2)\n",
    ],
)
def test_the_points_are_the_same_and_the_ends_get_gradient(text):
    plain = {"torch": torch, "low": torch.tensor(0.5), "high": torch.tensor(2.0)}
    exec(text, plain)
    live = {
        name: torch.tensor(value, requires_grad=True)
        for name, value in (("low", 0.5), ("high", 2.0))
    }
    names = {"torch": torch, **live}
    exec(edited(scaled, text, kind="non_differentiable")[0], names)
    assert torch.allclose(names["y"], plain["y"])
    names["y"].sum().backward()
    assert all(float(value.grad) > 0 for value in live.values())


def test_a_range_whose_steps_are_not_said_is_left_alone():
    assert edited(scaled, "y = torch.linspace(low, high)\n", kind="non_differentiable") == []
