"""What the backwards of one thread bring."""

import pytest
import torch

from gradviz.recording.backwards.observer import Observer
from gradviz.recording.tape import Tape


@pytest.fixture
def tape():
    return Tape()


@pytest.fixture
def weights():
    return [torch.ones(2, requires_grad=True) for _ in range(2)]


def run(observer, loss, inputs=None):
    """Run a backward as the seam of backward does: watch it, run it, end it."""
    off = []
    backward = observer.begin([loss], inputs, off)
    loss.backward(inputs=inputs)
    leaves = observer.end(backward, None, outermost=True)
    for action in reversed(off):
        action()
    return backward, leaves


def test_what_arrived_at_a_leaf_is_measured(tape, weights):
    first, second = weights
    backward, leaves = run(Observer(tape), (first * 3).sum() + (second * 0).sum())
    assert backward.observation.arrivals == {
        tape.leaf_number(first): pytest.approx([3 * 2**0.5]),
        tape.leaf_number(second): [0.0],
    }
    assert {id(leaf) for leaf in leaves} == {id(first), id(second)}
    assert tape.backwards == [backward]


def test_a_backward_knows_where_it_began_and_what_it_was_asked_for(tape, weights):
    first, second = weights
    loss = (first * second).sum()
    backward, _ = run(Observer(tape), loss, [first])
    assert backward.roots == (tape.live(loss),)
    assert backward.asked == {tape.leaf_number(first)}
    whole, _ = run(Observer(tape), (first * second).sum())
    assert whole.asked is None


def test_a_backward_inside_another_is_a_part_of_it(tape, weights):
    observer, off = Observer(tape), []
    outer = observer.begin([weights[0].sum()], None, off)
    inner = observer.begin([weights[1].sum()], None, off)
    assert inner.observation is outer.observation
    assert len([action for action in off if action.func is setattr]) == 1
    assert observer.end(inner, None, outermost=False) == []
    assert observer.is_running
    observer.end(outer, None, outermost=True)
    assert not observer.is_running
    assert tape.backwards == [inner, outer]
    for action in reversed(off):
        action()


def test_where_watching_is_broken_off_nothing_runs_any_more(tape, weights):
    observer, off = Observer(tape), []
    observer.begin([weights[0].sum()], None, off)
    for action in reversed(off):
        action()
    assert not observer.is_running
    assert observer.end(None, None, outermost=True) == []
    assert tape.backwards == []


def test_a_backward_that_raised_says_where(tape, weights):
    observer, off = Observer(tape), []
    loss = weights[0].exp().sum()
    loss.backward()
    backward = observer.begin([loss], None, off)
    with pytest.raises(RuntimeError, match="second time") as caught:
        loss.backward()
    observer.end(backward, caught.value, outermost=True)
    for action in reversed(off):
        action()
    assert backward.raised.error.startswith("RuntimeError")
    assert backward.raised.spot is None


def test_what_requires_no_grad_begins_nothing(tape, weights):
    observer, off = Observer(tape), []
    backward = observer.begin([torch.ones(1), weights[0].sum()], [torch.ones(1)], off)
    assert len(backward.roots) == 1
    assert backward.asked == frozenset()
    observer.end(backward, None, outermost=True)
    for action in reversed(off):
        action()
