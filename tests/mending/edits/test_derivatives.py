"""A derivative that goes into a loss is taken with a graph of its own."""

import pytest
from edited import edited

from gradviz.mending.edits.derivatives import create_graph


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "(g,) = torch.autograd.grad(y, x)\n",
            "(g,) = torch.autograd.grad(y, x, create_graph=True)\n",
        ),
        ("j = jacobian(f, x,)\n", "j = jacobian(f, x, create_graph=True)\n"),
        ("g = grad(y, x, create_graph=False)\n", "g = grad(y, x, create_graph=True)\n"),
    ],
)
def test_the_call_hands_over_create_graph(before, after):
    assert [text.replace(",,", ",") for text in edited(create_graph, before)] == [after]


def test_a_line_that_takes_none_is_left_alone():
    assert edited(create_graph, "y = f(x)\n") == []


def test_a_backward_inside_the_step_keeps_the_graph_of_what_it_leaves_in_grad():
    assert edited(create_graph, "inner.backward()\n", kind="grad_without_graph") == [
        "inner.backward(create_graph=True)\n"
    ]
