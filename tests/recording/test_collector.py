import gc

import pytest

from gradviz.recording import collector
from gradviz.recording.elsewhere import thread_that_may_compute
from gradviz.recording.uninterrupted import Undo


@pytest.fixture(autouse=True)
def _collects():
    yield
    gc.enable()


@pytest.mark.parametrize("was_on", [True, False])
def test_the_collector_is_as_it_was_when_all_have_let_go(was_on):
    if not was_on:
        gc.disable()
    with Undo(collector.letting_go("one")):
        collector.hold("one")
        assert not gc.isenabled()
    assert gc.isenabled() is was_on


def test_the_last_of_several_lets_it_go():
    first, second = (Undo(collector.letting_go(name)) for name in ("first", "second"))
    collector.hold("first")
    collector.hold("second")
    first.close()
    assert not gc.isenabled()
    second.close()
    assert gc.isenabled()


def test_the_frames_of_threads_are_read_while_nothing_is_collected(monkeypatch):
    """On Python 3.11 the interpreter waits for ever otherwise."""
    import sys
    import threading

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
