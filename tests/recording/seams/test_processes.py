"""What is handed to another process, or copied into one, may be used there."""

import multiprocessing.pool
import sys

import torch
from tapes import call, recorder
from traced import X, report_of, verdict

from gradviz.graph import Verdict
from gradviz.recording.seams.processes import forked, handed, seams


def test_what_starts_a_process_or_hands_it_something_is_watched():
    names = {(seam.owner.__name__, seam.name) for seam in seams()}
    assert ("BaseProcess", "start") in names
    assert ("Queue", "put") in names
    assert ("ProcessPoolExecutor", "submit") in names


def test_a_pool_of_threads_that_the_step_started_is_no_other_process():
    def step(net):
        with multiprocessing.pool.ThreadPool(1) as pool:
            (hidden,) = pool.map(net.first, [X])
        return net.last(hidden).sum()

    report = report_of(step)
    assert verdict(report) is Verdict.REACHED
    assert not report.notes


def test_a_value_that_goes_along_is_noted_and_may_come_back():
    watch = recorder()
    tensor = torch.ones(2)
    watch.tape.set_origin(tensor, watch.tape.call(call(watch.tape, 900)))
    handed(watch, "Queue.put", ({"deep": [tensor]},), sys._getframe())
    (number,) = watch.tape.exits
    assert watch.tape.calls[number].name == "Queue.put"
    assert watch.escapes.any


def test_what_is_of_no_interest_leaves_nothing():
    watch = recorder()
    handed(watch, "Queue.put", (torch.ones(2), 3), sys._getframe())
    assert not watch.tape.exits


def test_a_copy_of_the_process_has_everything():
    watch = recorder()
    forked(watch, sys._getframe())
    assert len(watch.tape.forks) == 1
    assert watch.escapes.any
