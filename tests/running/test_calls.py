"""A call and a step as they were seen are plain data."""

from dataclasses import FrozenInstanceError

import pytest
from calls_by_hand import call

from gradviz.running.calls import OptimizerStep


def test_a_call_is_read_only():
    with pytest.raises(FrozenInstanceError):
        call(a="reached").number = 2


def test_an_optimizer_holds_others_where_all_of_its_own_starve_and_some_belong_to_none():
    step = OptimizerStep(optimizer="o", kind="SGD", calls=(1,), held=("a",), starved=("a",))
    assert not step.holds_others
    found = OptimizerStep(
        optimizer="o", kind="SGD", calls=(1,), held=("a",), starved=("a",), extra={"": ("b",)}
    )
    assert found.holds_others
