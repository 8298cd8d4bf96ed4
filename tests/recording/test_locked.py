"""One thread writes at a time, and nobody waits for ever."""

import threading
from contextlib import ExitStack

import pytest

from gradviz.recording import locked
from gradviz.recording.locked import Locked, new_lock


class Context:
    entered = left = 0

    def __enter__(self):
        self.entered += 1

    def __exit__(self, *error):
        self.left += 1
        raise self.error if hasattr(self, "error") else SystemError("none") from None


def test_the_other_context_is_entered_and_left_and_the_lock_is_free_again():
    lock, stack = new_lock(), ExitStack()
    with Locked(lock, stack):
        assert lock._is_owned()
    assert not lock._is_owned()


def test_the_lock_is_free_again_where_leaving_the_other_raises():
    lock = new_lock()
    with pytest.raises(SystemError), Locked(lock, Context()):
        pass
    assert not lock._is_owned()


def test_a_lock_that_is_never_let_go_is_an_error_after_a_while(monkeypatch):
    monkeypatch.setattr(locked, "_PATIENCE", 0.01)
    lock, held, done = new_lock(), threading.Event(), threading.Event()

    def hold():
        with lock:
            held.set()
            done.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        held.wait(60)
        with pytest.raises(TimeoutError, match="did not finish"), Locked(lock, ExitStack()):
            pass
    finally:
        done.set()
        thread.join()


def test_a_thread_that_has_the_lock_may_enter_again():
    lock = new_lock()
    with Locked(lock, ExitStack()), Locked(lock, ExitStack()):
        assert lock._is_owned()
