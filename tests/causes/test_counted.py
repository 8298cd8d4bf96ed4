"""Each way to count values is explained as a count."""

import pytest
import torch
from traced import Net, X, cut, through

import gradviz
from gradviz.causes import RAISED, explain
from gradviz.causes.counted import CAUSES

COUNTS = {
    "histc()": lambda hidden: torch.histc(hidden, 4),
    "count_nonzero()": lambda hidden: torch.count_nonzero(hidden),
}


@pytest.mark.parametrize("operation", COUNTS)
def test_a_count_is_written_and_explained_as_one(operation):
    found = cut(through(lambda hidden: COUNTS[operation](hidden)))
    assert found.operation == operation
    assert "Count softly" in explain(found).mend


RAISES = {
    "histogram()": lambda hidden: torch.histogram(hidden, 4)[0],
    "histogramdd()": lambda hidden: torch.histogramdd(hidden, [2, 2, 2])[0],
    "bincount()": lambda hidden: torch.bincount(torch.arange(12), weights=hidden.flatten()),
    "unique()": lambda hidden: torch.unique(hidden),
}


@pytest.mark.parametrize("operation", RAISES)
def test_a_count_whose_backward_raises_is_the_place_where_it_does(operation):
    def step(net):
        loss = net.last(X * RAISES[operation](net.first(X)).mean()).sum()
        with pytest.raises((RuntimeError, NotImplementedError)):
            loss.backward()
        raised.append(loss)
        return loss.detach()

    raised = []
    torch.manual_seed(0)
    net = Net()
    with gradviz.trace() as trace:
        step(net)
    found = cut(trace.report(raised[0], net))
    assert found.operation.startswith(RAISED)


def test_every_count_is_tried():
    assert {*COUNTS, *RAISES} == set(CAUSES[0].operations)
