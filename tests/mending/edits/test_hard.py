"""A hard choice keeps its numbers and gets the gradient of a soft one."""

import pytest
import torch
from edited import edited, site

from gradviz.mending.edits.hard import cast, choice, comparison, gate, step


def gradient(text, **values):
    """Run what an edit made; return the gradient that comes to ``x``, and what ``y`` is."""
    x = torch.tensor([0.3, -0.7, 1.6], requires_grad=True)
    names = {"torch": torch, "x": x, "t": torch.tensor(0.1), **values}
    exec(text, names)
    names["y"].sum().backward()
    return x.grad, names["y"].detach()


@pytest.mark.parametrize(
    ("proposer", "text"),
    [
        (comparison, "y = (x > t).float()\n"),
        (comparison, "y = 1.0 * (x <= t)\n"),
        (comparison, "y = torch.gt(x, t).float()\n"),
        (comparison, "y = x.lt(t).float()\n"),
        (step, "y = torch.round(x)\n"),
        (step, "y = (2 * x).sign()\n"),
        (cast, "y = x.long() * 1.0\n"),
        (cast, "y = x.to(torch.int32) * 1.0\n"),
    ],
)
def test_the_numbers_stay_and_gradient_comes(proposer, text):
    plain = {"torch": torch, "x": torch.tensor([0.3, -0.7, 1.6]), "t": torch.tensor(0.1)}
    exec(text, plain)
    made = edited(proposer, text, kind="non_differentiable")[0]
    grad, value = gradient(made)
    assert torch.equal(value, plain["y"].to(value.dtype))
    assert bool(grad.ne(0).all())


def test_a_larger_value_makes_a_comparison_with_more_than_larger_and_less_than_smaller():
    up, _ = gradient(edited(comparison, "y = (x > t).float()\n", kind="non_differentiable")[0])
    down, _ = gradient(edited(comparison, "y = (x < t).float()\n", kind="non_differentiable")[0])
    assert bool((up > 0).all())
    assert bool((down < 0).all())


@pytest.mark.parametrize(
    "text",
    [
        "y = a if torch.rand(()) < p else b\n",
        "y = a if not (p > 0.5).any() else b\n",
        "y = [v for v in vs if v > p]\n",
        "while p.sum() > 1:\n    p = p / 2\n",
        "y = (torch.rand(3) < torch.rand(3)).float()\n",
    ],
)
def test_a_condition_and_a_mere_draw_are_left_as_they_are(text):
    assert edited(comparison, text, kind="non_differentiable") == []


def test_a_draw_is_written_once_and_passes_gradient_to_what_it_is_held_against():
    text = "y = (torch.rand_like(x) < x.abs()).float()\n"
    plain = {"torch": torch, "x": torch.tensor([0.3, -0.7, 1.6])}
    torch.manual_seed(0)
    exec(text, plain)
    (made,) = edited(comparison, text, kind="non_differentiable")
    torch.manual_seed(0)
    grad, value = gradient(made)
    assert torch.equal(value, plain["y"])
    assert grad.tolist() == [1.0, -1.0, 1.0]


def test_a_look_up_by_a_choice_passes_gradient_to_the_scores():
    table = torch.eye(3)
    made = edited(choice, "k = x.argmax()\ny = table[k]\n", kind="non_differentiable")
    _, value = gradient(made[0], table=table)
    assert torch.equal(value, table[2])


def test_what_is_chosen_is_weighed_by_its_score():
    table = torch.tensor([1.0, 2.0, 4.0])
    made = edited(gate, "k = x.argmax()\ny = table[k]\n", kind="non_differentiable")
    grad, value = gradient(made[0], table=table)
    assert float(value) == 4.0
    assert grad.tolist() == [0.0, 0.0, 4.0]


def test_whatever_makes_up_a_gradient_says_so():
    place = site("y = torch.round(x) > t\n", 1, "non_differentiable")
    assert all(edit.soft for proposer in (comparison, step) for edit in proposer(place))


def test_what_an_expert_makes_of_the_rows_that_chose_it_is_weighed_by_their_score():
    text = "pick = score.argmax(-1)\nrows = pick == i\nout[rows] = f(x[rows])\n"
    weight = "score[rows, i].unsqueeze(-1)"
    after = text.replace("f(x[rows])", f"f(x[rows]) * (1 + ({weight} - {weight}.detach()))")
    assert after in edited(gate, text, 1, "non_differentiable")
