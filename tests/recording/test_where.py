"""Whose code a line is: the user's, another package's, or torch's own."""

import os
import sysconfig
import types

from gradviz.recording.where import INSIDE, LIBRARY, USER, file_of, level


def test_a_console_script_is_no_code_of_the_users():
    assert level(os.path.join(sysconfig.get_path("scripts"), "train-it")) == LIBRARY
    assert level(os.path.join(sysconfig.get_path("purelib"), "trainer", "loop.py")) == LIBRARY
    assert level(os.path.join(sysconfig.get_path("stdlib"), "functools.py")) == INSIDE
    assert level(__file__) == USER


class Guarded(types.ModuleType):
    def __getattr__(self, name):
        raise KeyError(name)


class NoModule:
    __slots__ = ()

    def __getattr__(self, name):
        raise KeyError(name)


def test_the_file_of_whatever_stands_for_a_module_is_told_without_running_its_code():
    module = Guarded("guarded")
    assert file_of(module) == file_of(NoModule()) == file_of(None) == "<frozen "
    module.__file__ = __file__
    assert file_of(module) == __file__
    module.__file__ = None
    assert file_of(module) == "<frozen "
