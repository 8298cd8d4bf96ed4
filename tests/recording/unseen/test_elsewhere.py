"""What is handed out of sight, found by the objects that can be come to from it."""

import functools
import gc
import sys
import threading

import torch

from gradviz.recording.unseen.elsewhere import tensors_within, thread_that_may_compute

OUTSIDE = torch.ones(1)


def reads_a_global():
    return OUTSIDE + 1


def found(things):
    return {*map(id, tensors_within(things))}


def test_tensors_in_containers_and_objects_are_found():
    class Holder:
        pass

    holder = Holder()
    holder.inner = {"a": [torch.ones(1)]}
    assert found((holder, 3, "text")) == {id(holder.inner["a"][0])}


def test_a_function_is_searched_for_what_it_can_read_and_nothing_more():
    around, default, other = torch.ones(1), torch.ones(1), torch.ones(1)

    def closes(x=default):
        return around + x

    assert found(closes) == {id(around), id(default)}
    assert found(reads_a_global) == {id(OUTSIDE)}
    assert found(functools.partial(closes, other)) == {id(around), id(default), id(other)}


def test_what_goes_round_in_a_circle_is_looked_at_once():
    circle = [torch.ones(1)]
    circle.append(circle)
    assert found(circle) == {id(circle[0])}


def test_a_class_or_a_module_is_not_gone_into():
    class Holds:
        kept = torch.ones(1)

    assert found((Holds, torch)) == set()


def test_another_thread_that_runs_code_of_the_user_s_is_named():
    begun, done = threading.Event(), threading.Event()

    def wait():
        begun.set()
        done.wait(60)

    thread = threading.Thread(target=wait, name="aside")
    thread.start()
    try:
        begun.wait(60)
        assert thread_that_may_compute() != ""
    finally:
        done.set()
        thread.join()


def test_the_frames_of_threads_are_read_while_nothing_is_collected(monkeypatch):
    """On Python 3.11 the interpreter waits for ever otherwise."""
    collecting, waiting = [], threading.Event()
    read = sys._current_frames
    monkeypatch.setattr(
        sys, "_current_frames", lambda: (collecting.append(gc.isenabled()), read())[1]
    )
    thread = threading.Thread(target=waiting.wait)
    thread.start()
    thread_that_may_compute()
    waiting.set()
    thread.join()
    assert collecting == [False]
    assert gc.isenabled()
