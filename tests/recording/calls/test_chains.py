"""What is taken of a joined value, and computed with before it is severed, has nothing of the rest."""

import pytest
import torch
from two_parameters import judged


def the_largest_of_one_half(a, b):
    both = torch.cat([a, b])
    return both[:4].sum() + torch.nn.functional.one_hot(both[4:].argmax(1), 3).sum()


def probabilities_of_one_of_two(a, b):
    first, second = torch.stack([a, b]).unbind()
    return first.sum() + (a * second.softmax(-1).detach()).sum()


def one_half_after_a_product_in_place(a, b):
    both = torch.cat([a, b], 1)
    both.mul_(2)
    return both[:, :3].sum() + both[:, 3:].detach().sum()


def a_number_of_one_half(a, b):
    both = torch.cat([a, b])[4:]
    return a.sum() * both.mean().item()


@pytest.mark.parametrize(
    "step",
    [
        a_number_of_one_half,
        the_largest_of_one_half,
        probabilities_of_one_of_two,
        one_half_after_a_product_in_place,
    ],
)
def test_the_other_part_is_not_cut(step):
    assert judged(step)[0] == ("reached", False)


def both_halves(a, b):
    both = torch.cat([a, b], 1)
    return a.sum() + both.relu().detach().sum()


def a_softmax_over_both(a, b):
    both = torch.stack([a, b]).softmax(0)
    return both[0].sum() + both[1].detach().sum()


def a_stretch_across_the_joint(a, b):
    both = torch.cat([a, b], 1)
    return a.sum() + both[:, 2:].tanh().detach().sum()


@pytest.mark.parametrize("step", [both_halves, a_softmax_over_both, a_stretch_across_the_joint])
def test_what_has_something_of_both_is_cut_from_both(step):
    assert judged(step)[0] == ("reached", True)
