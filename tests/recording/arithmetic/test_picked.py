"""Why zeros go on below an index is read off the index; without it, it is said to be "usually"."""

import pytest
import torch
from torch import nn

import gradviz
from gradviz.graph import Verdict
from gradviz.recording import torch_inside

SIGNS = torch.tensor([[1.0], [-1.0]])
ROWS = torch.tensor([0, 1, 2])
read = pytest.mark.skipif(not torch_inside.READS_SAVED, reason="no value can be read in this torch")


def judged(step):
    weight = nn.Parameter(torch.arange(1.0, 7).reshape(3, 2))
    with gradviz.trace() as trace:
        loss = step(weight * 1)
        loss.backward()
    return trace.report(loss, nn.ParameterList([weight])).parameters["0"]


def in_place(x, mask):
    y = x * 1
    y[mask] = 1.0
    return y.sum()


TWICE = "some more than once, and what arrives at each adds up to zero"
ALL = "all 6 elements of it are overwritten"
ZEROS = {
    "the same row twice": (lambda x: (x[[0, 0]] * SIGNS).sum(), "index", TWICE),
    "the same column twice": (lambda x: (x[:, [1, 1]] * SIGNS.T).sum(), "index", "picks 3 of 6"),
    "gather": (lambda x: (x.gather(0, ROWS[:1].expand(2, 2)) * SIGNS).sum(), "gather", TWICE),
    "index_select": (
        lambda x: (x.index_select(-2, ROWS[:1].expand(2)) * SIGNS).sum(),
        "index_select",
        TWICE,
    ),
    "take": (lambda x: (x.take(ROWS[:1].expand(2)) * SIGNS[:, 0]).sum(), "take", "picks 1 of 6"),
    "written by rows": (lambda x: in_place(x, ROWS), "index_put", ALL),
    "scatter": (lambda x: x.scatter(0, ROWS[:, None].expand(3, 2), 1.0).sum(), "scatter", ALL),
    "index_copy": (lambda x: x.index_copy(0, ROWS, torch.ones(3, 2)).sum(), "index_copy", ALL),
    "index_fill": (lambda x: x.index_fill(0, ROWS, 1.0).sum(), "index_fill", ALL),
    "index_fill of a part": (
        lambda x: (x.index_fill(0, ROWS[:1], 1.0) * torch.tensor([[1.0], [0.0], [0.0]])).sum(),
        "index_fill",
        "2 of 6 elements of it are overwritten, and gradient comes in at no other",
    ),
    "written where no gradient comes": (
        lambda x: (
            torch.zeros(4, 2).index_add(0, ROWS, x) * torch.tensor([[0.0], [0.0], [0.0], [1.0]])
        ).sum(),
        "index_add",
        "gradient comes in at none of the 6 elements it is written to",
    ),
}


@read
@pytest.mark.parametrize("name", ZEROS)
def test_the_index_says_why(name):
    step, operation, why = ZEROS[name]
    parameter = judged(step)
    assert parameter.verdict is Verdict.ZERO
    assert parameter.zero.operation == operation
    assert why in parameter.zero.why
    assert "usually" not in parameter.zero.why


def test_where_the_index_cannot_be_read_it_stays_what_is_usual():
    def step(x):
        with torch.autograd.graph.saved_tensors_hooks(torch.clone, lambda value: value):
            picked = x[[0, 0]]
        return (picked * SIGNS).sum()

    assert judged(step).zero.why.startswith("usually")


@pytest.mark.parametrize(
    "step",
    [
        lambda x: x[[0, 0]].sum(),
        lambda x: in_place(x, x > 3),
        lambda x: x.index_fill(0, ROWS[:2], 1.0).sum(),
    ],
)
def test_what_is_left_of_it_trains(step):
    assert judged(step).verdict is Verdict.REACHED
