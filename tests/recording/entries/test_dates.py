"""What was computed before a tensor was given another value."""

import torch
from torch import nn

import gradviz
from gradviz.recording.entries.dates import Dates, is_older
from gradviz.recording.entries.records import Stamp, Step


def node(number, spot=None):
    """Return an autograd node by torch's number of it."""
    return Step("AddBackward0", Stamp(1, spot, (), number), (), False)


def test_a_node_is_before_what_comes_when_the_next_one_has_another_number():
    dates = Dates()
    torch.ones(1, requires_grad=True).exp()
    dates.gave(7)
    assert dates.is_before(node(dates.given[7] - 1), 9, 7)
    assert not dates.is_before(node(dates.given[7]), 5, 7)


def test_a_call_is_before_one_of_a_higher_number_unless_it_stands_for_several():
    dates = Dates()
    dates.gave(7)
    assert dates.is_before(None, 5, 7)
    assert not dates.is_before(None, 9, 7)
    dates.again.add(5)
    assert not dates.is_before(None, 5, 7)


def test_of_a_call_without_a_date_nothing_is_known_to_be_before():
    assert not Dates().is_before(None, 5, 7)


def test_a_node_is_older_where_it_was_made_before_the_trace_began():
    assert is_older(node(3).stamp, 4)
    assert not is_older(node(4).stamp, 4)
    assert not is_older(node(3).stamp, None)


def test_what_was_computed_before_the_trace_has_no_line():
    model = nn.Linear(2, 1)
    before = model(torch.ones(1, 2)).tanh()
    with gradviz.trace() as trace:
        loss = before.sum()
    places = {n.operation: n.place for n in trace.report(loss, model).graph.nodes}
    assert places["SumBackward0"] is not None
    assert places["TanhBackward0"] is None


def test_what_a_leaf_is_given_after_its_use_is_no_part_of_that_use():
    first, second = nn.Linear(2, 1), nn.Linear(2, 1)
    model = nn.ModuleList([first, second])
    with gradviz.trace() as trace:
        loss = second(torch.ones(1, 2)).sum()
        second.weight.data = first.weight.data.clone()
        later = second(torch.ones(1, 2)).sum()
    verdicts = [trace.report(of, model).parameters["0.weight"].verdict for of in (loss, later)]
    assert verdicts == ["unused", "cut"]
