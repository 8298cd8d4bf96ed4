"""A process for each trial, forked where torch is imported already."""

import os
import sys
import time

import pytest

from gradviz.mending.nursery import _wait

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")


def forked(status: int | None) -> int:
    """Return a child that ends with a status, or goes on until it is killed."""
    child = os.fork()
    if child == 0:
        if status is None:
            time.sleep(600)
        os._exit(status or 0)
    return child


@pytest.mark.parametrize(("status", "answer"), [(0, "done"), (3, "died")])
def test_how_a_trial_ended_is_told(status, answer):
    assert _wait(forked(status), 60.0) == answer


def test_one_that_takes_too_long_is_not_waited_for():
    child = forked(None)
    assert _wait(child, 0.05) == "timeout"
    os.kill(child, 9)
    os.waitpid(child, 0)


def test_no_torch_is_imported_before_the_first_order():
    assert "gradviz.mending.nursery" in sys.modules
