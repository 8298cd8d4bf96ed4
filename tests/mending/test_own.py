"""Only files of the user's are changed."""

import json
import os

import click

import gradviz
from gradviz.mending.own import is_own


def test_a_file_of_a_package_of_python_or_of_gradviz_is_not_the_user_s():
    assert not is_own(click.__file__)
    assert not is_own(json.__file__)
    assert not is_own(gradviz.__file__)


def test_a_file_that_is_not_there_is_nobody_s(tmp_path):
    assert not is_own("")
    assert not is_own("<stdin>")
    assert not is_own(str(tmp_path / "gone.py"))


def test_a_file_in_a_folder_is_the_user_s_and_a_link_into_a_package_is_not(tmp_path):
    file = tmp_path / "step.py"
    file.write_text("")
    assert is_own(str(file))
    link = tmp_path / "link.py"
    os.symlink(click.__file__, link)
    assert not is_own(str(link))
