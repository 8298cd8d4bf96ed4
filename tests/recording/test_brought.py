"""A backward of the step, and what it brought."""

import pytest
import torch

from gradviz.recording.backwards.observe import Observation
from gradviz.recording.brought import Backward
from gradviz.recording.tape import Tape


def test_a_backward_that_was_not_watched_takes_note_of_nothing() -> None:
    backward = Backward((1,), None, None)
    backward.take(1, torch.ones(2))
    assert backward.observation is None
    assert backward.raised is None


def test_what_a_backward_is_told_of_a_leaf_arrives_in_its_observation() -> None:
    backward = Backward((1,), Observation(Tape(), []), frozenset({7}))
    backward.take(7, torch.tensor([3.0, 4.0]))
    observation = backward.observation
    assert observation is not None
    observation.settle()
    assert observation.arrivals == {7: [pytest.approx(5.0)]}
