"""What a patch costs is told where it was measured, and a difference where it stands out."""

from gradviz.mending.cost import cost_of
from gradviz.mending.outcome import TrialOutcome


def test_a_script_is_run_once_and_has_no_cost():
    assert cost_of(TrialOutcome(times=(1.0,)), TrialOutcome(times=(1.0,)), script=True) is None


def test_a_step_that_was_not_timed_has_no_cost():
    assert cost_of(TrialOutcome(times=(1.0,)), TrialOutcome(), script=False) is None


def test_memory_is_told_in_units_that_read_well():
    before, after = (
        TrialOutcome(times=(1.0,), saved=512),
        TrialOutcome(times=(1.0,), saved=3 * 1024**2),
    )
    cost = cost_of(before, after, script=False)
    assert cost.sentence.endswith("kept for the backward: 512 B before, 3 MiB after")


def test_memory_that_was_not_counted_is_left_out():
    cost = cost_of(TrialOutcome(times=(1.0,)), TrialOutcome(times=(1.0,)), script=False)
    assert cost.sentence == "the time differs by less than the spread of the runs"
