"""What passed one node in a backward, by its size."""

import math

import pytest

from gradviz.recording.arithmetic.passage import Passage, either
from gradviz.recording.arithmetic.sizes import UNREAD


def test_what_arrived_by_several_results_counts_together():
    assert Passage((1,), (3.0, 4.0)).came == 5.0
    assert Passage((1,), (3.0,)).came == 3.0


def test_a_result_at_which_nothing_arrived_does_not_count():
    assert Passage((1,), (None, 2.0)).came == 2.0
    assert Passage((1,), (None, None)).came is None
    assert Passage((1,)).came is None


def test_of_two_sizes_one_that_cannot_be_read_makes_both_unreadable():
    assert either(UNREAD, 1.0) == UNREAD
    assert either(None, UNREAD) == UNREAD


@pytest.mark.parametrize("spoiled", [math.nan, math.inf])
def test_what_is_not_finite_stays_so_beside_what_is(spoiled):
    assert not math.isfinite(either(1.0, spoiled))


def test_a_node_that_is_passed_twice_has_both_sizes_and_the_last_measurement():
    first = Passage((7, None), (3.0,), (3.0, None), frozenset((0, 1)), {0: "mask", 1: "old"})
    second = Passage((7, None), (4.0,), (4.0, 2.0), frozenset((1,)), {1: "new"})
    both = first.and_also(second)
    assert (both.came, both.went) == (5.0, (5.0, 2.0))
    assert (both.incoming, both.outgoing) == ((4.0,), (4.0, 2.0))
    assert both.empty == {1}
    assert both.flat == {0: "mask", 1: "new"}
    assert both.leads == (7, None)


def test_a_second_passage_that_was_not_measured_keeps_what_the_first_measured():
    both = Passage((7,), (3.0,), (3.0,)).and_also(Passage((7,), (), (None,)))
    assert (both.incoming, both.outgoing) == ((3.0,), (None,))
    unmeasured = Passage((7,), (3.0,), (3.0,)).and_also(Passage((7,)))
    assert unmeasured.outgoing == (3.0,)
    assert unmeasured.came == 3.0


def test_a_node_whose_edges_are_numbered_otherwise_passed_the_same():
    twice = Passage((7,), (3.0,), (3.0,), frozenset((0,)), {0: "mask"}).and_also(
        Passage((7,), (4.0,), (4.0,), frozenset((0,)))
    )
    other = twice.leading((9,))
    assert other.leads == (9,)
    assert (other.came, other.went, other.empty, other.flat) == (5.0, (5.0,), {0}, {0: "mask"})
    assert (other.incoming, other.outgoing) == ((4.0,), (4.0,))
