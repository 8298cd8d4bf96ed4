"""The line of a hook that writes into a gradient once that has come."""

from functools import partial

import pytest
import torch
from torch import nn

from gradviz.recording import torch_inside
from gradviz.training.leaf_hooks import write_of_hook


def drop(leaf):
    leaf.grad = None


def shrink(leaf):
    norm = leaf.grad.norm()
    leaf.grad.mul_(0.5 / norm)


def measure(leaf, sizes=()):
    torch.zeros(1).add_(leaf.grad.norm())


def leaf_with(*hooks):
    leaf = nn.Parameter(torch.ones(2))
    for hook in hooks:
        leaf.register_post_accumulate_grad_hook(hook)
    return leaf


@pytest.mark.skipif(torch_inside.hooks_after(leaf_with(drop)) == (), reason="torch does not tell")
@pytest.mark.parametrize(
    ("hook", "operation", "line"),
    [(drop, "grad", "leaf.grad = None"), (shrink, "mul_", "leaf.grad.mul_(0.5 / norm)")],
)
def test_an_assignment_and_a_method_in_place_are_found_with_their_line(hook, operation, line):
    for own in (hook, partial(hook)):
        name, spot = write_of_hook(leaf_with(own, measure))
        assert (name, spot.place.code) == (operation, line)


def test_a_hook_that_only_reads_or_steps_writes_nothing():
    optimizer = torch.optim.SGD([nn.Parameter(torch.ones(1))], 0.1)
    for hooks in ((), (measure,), (lambda leaf: optimizer.zero_grad(),), (print,)):
        assert write_of_hook(leaf_with(*hooks)) is None


def test_of_two_hooks_that_write_none_is_blamed():
    assert write_of_hook(leaf_with(drop, shrink)) is None
