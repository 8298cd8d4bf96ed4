"""What stands around a script is not seen in its tracebacks, and waits for the import of torch."""

import importlib
import os
import sys

import pytest

import gradviz
from gradviz.running.process import after_import, hide_from_tracebacks, strip
from gradviz.system.frames import FOLDER


def raised(function):
    try:
        function()
    except ValueError as error:
        return error
    raise AssertionError("nothing was raised")


def frames(error):
    files, entry = [], error.__traceback__
    while entry is not None:
        files.append(entry.tb_frame.f_code.co_filename)
        entry = entry.tb_next
    return files


def test_gradviz_s_own_lines_are_taken_out():
    own = os.path.join(FOLDER, "somewhere.py")
    names = {}
    exec(compile("def through(f):\n    f()\n", own, "exec"), names)

    def fails():
        raise ValueError("no")

    error = raised(lambda: names["through"](fails))
    assert own in frames(error)
    strip(error, set())
    assert own not in frames(error)
    assert len(frames(error)) == 3


def test_so_they_are_of_what_led_to_it_and_a_circle_has_an_end():
    own = os.path.join(FOLDER, "somewhere.py")
    names = {}
    exec(compile("def through(f):\n    f()\n", own, "exec"), names)

    def fails():
        raise ValueError("no")

    first, second = raised(fails), raised(lambda: names["through"](fails))
    first.__cause__, second.__cause__ = second, first
    strip(first, set())
    assert own not in frames(second)


def test_so_they_are_of_each_error_of_a_group():
    own = os.path.join(FOLDER, "somewhere.py")
    names = {}
    exec(compile("def through(f):\n    f()\n", own, "exec"), names)

    def fails():
        raise ValueError("no")

    inner = raised(lambda: names["through"](fails))
    strip(ExceptionGroup("several", [ExceptionGroup("some", [inner])]), set())
    assert own not in frames(inner)


def test_a_cause_that_was_never_raised_itself_has_no_frames_to_take_out():
    def fails():
        raise ValueError("no") from KeyError("never raised")

    error = raised(fails)
    strip(error, set())
    assert len(frames(error)) == 2
    assert error.__cause__.__traceback__ is None


@pytest.fixture
def module(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    finders = [*sys.meta_path]
    (tmp_path / "awaited_here.py").write_text("value = 1\n")
    yield "awaited_here"
    sys.modules.pop("awaited_here", None)
    sys.meta_path[:] = finders


def test_it_is_called_as_soon_as_a_module_is_imported_and_once(module):
    calls, finders = [], len(sys.meta_path)
    after_import(module, lambda: calls.append(sys.modules[module].value))
    assert calls == []
    importlib.util.find_spec(module)  # whoever only asks imports nothing
    assert calls == []
    importlib.import_module(module)
    assert calls == [1]
    assert len(sys.meta_path) == finders


def test_what_is_imported_already_is_not_waited_for():
    calls = []
    after_import("gradviz", lambda: calls.append(gradviz.__name__))
    assert calls == ["gradviz"]


def test_what_fails_is_warned_of_and_the_import_goes_on(module, capfd):
    def fails():
        raise ValueError("no")

    after_import(module, fails)
    assert importlib.import_module(module).value == 1
    assert "no" in capfd.readouterr().err


@pytest.mark.parametrize("own", [False, True], ids=["python's", "the script's"])
def test_a_script_asks_in_vain_who_shows_its_errors(own, monkeypatch):
    shown = []

    def show(kind, error, traceback):
        shown.append(error)

    monkeypatch.setattr(sys, "__excepthook__", sys.__excepthook__ if own else show)
    monkeypatch.setattr(sys, "excepthook", show)
    hide_from_tracebacks()
    assert (sys.excepthook is sys.__excepthook__) is not own
    error = ValueError("wrong")
    sys.excepthook(ValueError, error, None)
    assert shown == [error]
