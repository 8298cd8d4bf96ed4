"""Who takes a part of a joined tensor out of the graph has nothing of the others."""

import pytest
import torch
from torch import nn
from two_parameters import judged

import gradviz


def taken_out_and_then_read(a, b):
    return b * torch.cat([a, b], 1).detach()[:, 3:]


def read_and_then_taken_out(a, b):
    return b * torch.cat([a * 2, b * 2], 1)[:, 3:].detach()


def halves(a, b):
    left, right = torch.stack([a, b], -1).detach().unbind(-1)
    return b * right + 0 * left.shape[0]


def without_gradient(a, b):
    both = torch.stack([a, b])
    with torch.no_grad():
        mine = both[1]
    return b * mine


def as_a_number(a, b):
    return b * torch.stack([a.sum(), b.sum()])[1].item()


def narrower_and_narrower(a, b):
    both = torch.cat([a, b, a], 1).detach()
    return b[:, 0] * both[:, 2:6][:, 1:][:, 0]


@pytest.mark.parametrize(
    "step",
    [
        taken_out_and_then_read,
        read_and_then_taken_out,
        halves,
        without_gradient,
        as_a_number,
        narrower_and_narrower,
    ],
)
def test_only_the_part_that_is_read_is_cut(step):
    assert judged(lambda a, b: step(a, b).sum()) == [("unused", False), ("reached", True)]


def all_of_it(a, b):
    return b * torch.cat([a, b], 1).detach().mean()


def across(a, b):
    return b[:, :2] * torch.cat([a, b], 1).detach()[:, 2:4]


def written_into_since(a, b):
    both = torch.cat([b, b], 1)
    both[:, 3:] = a
    return b * both[:, 3:].detach()


def another_line_takes_it_whole(a, b):
    both = torch.cat([a, b], 1)
    print(both.detach()[:, 3:].mean())
    return b * both.detach()[:, :3]


@pytest.mark.parametrize("step", [all_of_it, across, written_into_since])
def test_what_is_read_of_it_is_cut(step):
    assert judged(lambda a, b: step(a, b).sum())[0] == ("cut", False)


def test_a_line_that_only_shows_another_part_is_not_named():
    model = nn.ParameterDict({"a": torch.rand(4, 3), "b": torch.rand(4, 3)})
    with gradviz.trace() as trace:
        loss = another_line_takes_it_whole(model["a"], model["b"]).sum()
    report = trace.report(loss, model)
    assert [cut.code for cut in report.cuts] == ["return b * both.detach()[:, :3]"]
