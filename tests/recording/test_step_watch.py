"""What the recording calls is there in what watches optimizers."""

import pytest

from gradviz.recording.step_watch import GradientTouches, OptimizerWatch, ParameterOwners
from gradviz.training.owners import Owners
from gradviz.training.touches import Touches
from gradviz.training.watch import StepWatch


@pytest.mark.parametrize(
    ("asked", "stands_in"),
    [(GradientTouches, Touches), (ParameterOwners, Owners), (OptimizerWatch, StepWatch)],
)
def test_what_watches_optimizers_has_all_that_it_is_told_by(asked, stands_in):
    names = [name for name in vars(asked) if not name.startswith("_")]
    made = {**vars(stands_in), **dict.fromkeys(stands_in().__dict__)}
    assert names
    assert [name for name in names if name not in made] == []
