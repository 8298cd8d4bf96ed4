"""The bounds of a grid are read as plain numbers."""

import pytest
import torch
from traced import cut, through

from gradviz.causes import explain


@pytest.mark.parametrize("name", ["linspace", "logspace"])
def test_a_grid_between_learned_bounds_is_a_constant(name):
    found = cut(through(lambda hidden: getattr(torch, name)(0.0, hidden.mean(), 3)))
    assert found.operation == f"{name}()"
    assert "Stretch a constant grid" in explain(found).mend


@pytest.mark.parametrize("make", [lambda x: torch.arange(0, x), lambda x: torch.full((2,), x)])
def test_those_that_are_left_out_take_no_tensor(make):
    with pytest.raises(TypeError):
        make(torch.ones((), requires_grad=True) * 1)
