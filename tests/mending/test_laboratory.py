"""Trials are ordered, and each source is run once."""

import pytest

from gradviz.mending.laboratory import Laboratory
from gradviz.mending.order import Order

STEP = b"""\
import torch

def step():
    model = torch.nn.Linear(2, 1)
    return model(torch.ones(2)).sum(), model
"""


@pytest.fixture
def laboratory(tmp_path, nursery):
    file = tmp_path / "steps.py"
    file.write_bytes(STEP)
    order = Order(step=f"{file}:step", folder=str(tmp_path))
    with Laboratory(order, 120.0, nursery) as laboratory:
        yield laboratory


def test_what_was_run_is_not_run_again_unless_asked(laboratory):
    first = laboratory.run({})
    assert first.failure is None
    assert laboratory.run({}) is first
    assert laboratory.trials == 1
    assert laboratory.run({}, again=True).bits == first.bits
    assert laboratory.trials == 2


def test_a_source_stands_in_the_place_of_the_file_s_own_which_keeps_its_bytes(laboratory):
    file = laboratory.order.step.rpartition(":")[0]
    broken = laboratory.run({file: STEP.replace(b"torch.ones(2)", b"torch.ones(3)")})
    assert broken.failure is not None
    assert broken.failure.kind == "RuntimeError"
    with open(file, "rb") as stream:
        assert stream.read() == STEP


def test_a_trial_that_takes_its_process_along_is_told_and_the_next_one_runs(laboratory):
    file = laboratory.order.step.rpartition(":")[0]
    gone = laboratory.run(
        {file: STEP.replace(b"import torch", b"import os, torch; os._exit(3)", 1)}
    )
    assert (gone.failure.kind, gone.failure.message) == ("died", "its process ended early")
    assert laboratory.run({}).failure is None
