"""A trace that no ``with`` ends is on between two calls, in its own thread alone."""

import threading

import torch

from gradviz.recording import torch_inside
from gradviz.running.thread_trace import ThreadTrace
from gradviz.training.watch import StepWatch


def made():
    return ThreadTrace(StepWatch(), values=False, gives_way=lambda: None, voice=said.append)


said = []


def test_it_begins_once_and_ends_once():
    trace, modes = made(), len(torch_inside.other_modes() or ())
    trace.begin()
    own = trace.own()
    trace.begin()
    assert trace.own() is own
    assert own is not None
    trace.end()
    trace.end()
    assert trace.own() is None
    assert len(torch_inside.other_modes() or ()) == modes
    assert said == []
    assert torch.ones(1).sum() == 1


def test_another_thread_is_not_traced():
    trace, seen = made(), []
    thread = threading.Thread(target=lambda: (trace.begin(), seen.append(trace.own())))
    thread.start()
    thread.join()
    assert seen == [None]
    assert trace.own() is None
