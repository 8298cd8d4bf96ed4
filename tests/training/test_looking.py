"""One step of an optimizer, looked at before and after it."""

import math

import pytest
import torch
from torch import nn

from gradviz.training.looking import StepLook


def glance(
    value, gradient, *, lr=0.1, step=None, dtype=torch.float32, kind=torch.optim.SGD, **more
):
    """Look at one step of a parameter with a value and a gradient."""
    parameter = nn.Parameter(torch.full((4,), value, dtype=dtype))
    parameter.grad = None if gradient is None else torch.full((4,), gradient, dtype=dtype)
    optimizer = kind([parameter], lr=lr, **more)
    look = StepLook(optimizer, [(parameter, optimizer.param_groups[0])])
    look.before()
    (step or optimizer.step)()
    look.after()
    (found,) = look.read()
    return found


def test_what_the_step_did_is_told_beside_the_gradient():
    found = glance(1.0, 0.5)
    assert found.gradient == found.norm == 1.0
    assert (found.moved, found.compared, found.lr) == (4, 4, 0.1)
    assert found.ratio == pytest.approx(0.05)
    assert found.change == pytest.approx(0.05)
    assert found.weight == pytest.approx(2.0)
    assert found.finite


def test_without_a_gradient_there_is_none_and_nothing_moves():
    found = glance(1.0, None)
    assert (found.gradient, found.moved, found.ratio) == (None, 0, None)


def test_an_update_that_the_type_cannot_hold_is_told_from_one_that_went_elsewhere():
    lost_in_rounding = glance(1.0, 1e-12)
    assert (lost_in_rounding.moved, lost_in_rounding.holds) == (0, 0.0)
    elsewhere = glance(1.0, 0.5, step=lambda: None)
    assert (elsewhere.moved, elsewhere.holds) == (0, 1.0)


def test_a_gradient_whose_square_overflows_has_a_size():
    assert glance(1.0, 1e30).gradient == pytest.approx(1e30)
    assert math.isnan(glance(1.0, math.nan).gradient)


def test_a_step_that_makes_a_finite_value_infinite_is_its_own_fault():
    found = glance(60000.0, -30000.0, lr=1.0, dtype=torch.float16)
    assert not found.finite
    assert (found.overflow.kind, found.overflow.dtype) == ("SGD", "float16")
    assert glance(1.0, math.inf).overflow is None


def test_an_eps_that_the_type_holds_as_zero_is_named():
    found = glance(1.0, 0.0, dtype=torch.float16, kind=torch.optim.Adam, foreach=False)
    assert found.overflow is None or found.overflow.eps == 1e-8


def test_weight_decay_is_known():
    assert glance(1.0, 0.5, weight_decay=0.1).decays
    assert not glance(1.0, 0.5).decays


def test_a_step_that_was_not_seen_to_its_end_says_nothing():
    parameter = nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([parameter], lr=0.1)
    look = StepLook(optimizer, [(parameter, optimizer.param_groups[0])])
    look.before()
    assert look.read() == []
