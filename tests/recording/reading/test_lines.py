"""Which call made a node, and which took a parameter in last."""

import pytest
import torch

from gradviz.recording.reading.lines import Lines
from gradviz.recording.reading.where import Spot


def spot(number):
    return Spot(lasti=number)


@pytest.fixture
def lines():
    """Three calls: of the nodes 5 and 6, of 7, and of 10 to 12."""
    lines = Lines()
    lines.made(5, 7, spot(1))
    lines.made(7, 8, spot(2))
    lines.made(10, 13, spot(3))
    return lines


def test_a_node_was_made_by_the_call_that_has_its_number(lines):
    makers = [lines.maker(number) for number in range(4, 14)]
    one, two, three = map(spot, (1, 2, 3))
    assert makers == [None, one, one, two, None, None, three, three, three, None]


def test_a_parameter_was_read_by_the_call_that_is_noted_next(lines):
    weight = torch.ones(1)
    assert lines.read_at(weight) is None
    lines.read(weight)
    assert lines.read_at(weight) is None
    lines.made(20, 21, spot(4))
    lines.made(21, 22, spot(5))
    assert lines.read_at(weight) == spot(4)


def test_a_call_that_made_no_node_passes_what_it_read_to_no_other(lines):
    weight = torch.ones(1)
    lines.begin()
    lines.read(weight)
    lines.begin()
    lines.made(20, 21, spot(4))
    assert lines.read_at(weight) is None


def test_the_last_that_read_a_parameter_counts_in_whatever_thread(lines):
    weight = torch.ones(1)
    lines.read(weight)
    lines.made(20, 21, spot(4))
    lines.made_aside(spot(9), [weight])
    assert lines.read_at(weight) == spot(9)
    lines.read(weight)
    lines.made(21, 22, spot(5))
    assert lines.read_at(weight) == spot(5)


def test_each_line_comes_with_how_many_backwards_had_ended_by_then():
    lines = Lines()
    lines.made(1, 2, spot(1))
    lines.backward_ended()
    lines.backward_ended()
    lines.made(2, 3, spot(2))
    lines.made_aside(spot(9), [])
    assert list(lines.spots()) == [(spot(1), 0), (spot(2), 2), (spot(9), 2)]


def test_only_the_newest_calls_are_kept_with_what_was_said_of_them(lines):
    old, new = torch.ones(1), torch.ones(1)
    lines = Lines()
    lines.read(old)
    for number in range(4):
        if number == 3:
            lines.read(new)
            lines.backward_ended()
        lines.made(number, number + 1, spot(number))
    lines.keep(2)
    assert len(lines) == 2
    assert [lines.maker(number) for number in (1, 2, 3)] == [None, spot(2), spot(3)]
    assert lines.read_at(old) is None
    assert lines.read_at(new) == spot(3)
    assert list(lines.spots()) == [(spot(2), 0), (spot(3), 1)]


def test_fewer_calls_than_are_to_be_kept_stay_as_they_are(lines):
    lines.keep(5)
    assert len(lines) == 3
    assert lines.maker(5) == spot(1)
