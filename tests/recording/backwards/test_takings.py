"""What one backward brought becomes numbers: at once on the CPU, on an accelerator when asked."""

import gc
import math
import weakref

import pytest
import torch

from gradviz.recording.arithmetic.births import ON_DEVICE
from gradviz.recording.backwards.observer import Observer
from gradviz.recording.backwards.reasons import Reasons
from gradviz.recording.backwards.takings import Takings
from gradviz.recording.tape import Tape


@pytest.fixture
def takings(monkeypatch):
    monkeypatch.setattr(Takings, "_was_spoilt", False)
    return made()


def made():
    return Takings(Reasons(Tape()), values=False)


def on_its_way(size):
    """A size that nobody has waited for."""
    return torch.tensor(size)


def test_what_is_at_hand_is_a_number_as_soon_as_the_backward_is_over(takings):
    takings.rows.append((1, (2,), (3.0,), (4.0,), None))
    takings.met.append((2, 4.0))
    takings.settle()
    assert takings.rows == []
    assert (takings.flows[1].came, takings.flows[1].went) == (3.0, (4.0,))
    assert takings.arrivals == {2: [4.0]}


def test_no_memory_to_measure_in_outlives_the_backward():
    ended = Takings(Reasons(Tape()), values=True)
    meter = weakref.ref(ended.measure.__self__)
    ended.settle()
    assert meter() is None


def test_a_collection_walks_no_row_of_what_passed():
    loss = torch.ones(3, requires_grad=True).mul(2).exp().sum()
    observer, off = Observer(Tape()), []
    observer.begin([loss], None, off)
    loss.backward()
    rows = observer._running._takings.rows
    for _ in range(3):  # a tuple of tuples is left out after those in it
        gc.collect()
    assert len(rows) == 3
    assert not any(map(gc.is_tracked, rows))
    observer.end(None, None, outermost=True)


def test_what_is_on_its_way_is_read_when_somebody_asks(takings):
    takings.rows.append((1, (2,), (on_its_way(3.0),), (on_its_way(0.0),), None))
    takings.met.append((2, on_its_way(0.0)))
    assert takings.arrivals == {2: [0.0]}
    assert (takings.flows[1].came, takings.flows[1].went) == (3.0, (0.0,))


def test_a_loss_that_is_not_finite_there_is_said_and_the_next_backward_waits(takings):
    takings.losses.append((7, on_its_way(math.nan)))
    takings.met.append((2, on_its_way(1.0)))
    assert not takings.waits
    assert takings.arrivals == {2: [1.0]}
    ((_, born),) = takings._reasons.births({})
    assert (born.node, born.forward, born.why) == (7, True, ON_DEVICE[0])
    assert made().waits


def test_once_all_is_finite_again_nobody_waits(takings):
    takings.met.append((2, on_its_way(math.inf)))
    assert takings.arrivals == {2: [math.inf]}
    later = made()
    assert later.waits
    later.met.append((2, 1.0))
    assert later.arrivals == {2: [1.0]}
    assert not made().waits


def test_the_nodes_that_ran_are_known_with_the_views_behind_them(takings):
    takings.views[5] = (6, 0)
    takings.rows.append((1, (5,), (1.0,), (1.0,), None))
    assert takings.passed() == {1, 5}
    assert takings.flows.keys() == {1, 5}
    assert takings.passed() == {1, 5}
