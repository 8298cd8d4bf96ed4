"""Whose code a line is: the user's, another package's, or torch's own."""

import os
import sysconfig

from gradviz.recording.where import INSIDE, LIBRARY, USER, level


def test_a_console_script_is_no_code_of_the_users():
    assert level(os.path.join(sysconfig.get_path("scripts"), "train-it")) == LIBRARY
    assert level(os.path.join(sysconfig.get_path("purelib"), "trainer", "loop.py")) == LIBRARY
    assert level(os.path.join(sysconfig.get_path("stdlib"), "functools.py")) == INSIDE
    assert level(__file__) == USER
