"""What another process is handed may be used there, so what it is made of is not called unused."""

import sys

import torch
from tapes import call, recorder

from gradviz.recording.rules.handed import forked, handed


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
