"""A place is told by the last part of its path, whichever system wrote it."""

import pytest

from gradviz.system.short_places import base_name, file_and_line


@pytest.mark.parametrize(
    ("file", "name"),
    [("/nets/train.py", "train.py"), ("C:\\nets\\train.py", "train.py"), ("<stdin>", "<stdin>")],
)
def test_a_file_is_told_by_its_last_part(file: str, name: str) -> None:
    assert base_name(file) == name


def test_a_line_stands_behind_its_file_and_nothing_where_no_file_is_known() -> None:
    assert file_and_line("nets/train.py", 12) == "train.py:12"
    assert file_and_line("", 12) == ""
