"""A file is written whole or not at all."""

import os
import stat
from pathlib import Path

import pytest

from gradviz.system.atomic import replace


def test_a_new_file_and_one_that_is_there_are_written_and_nothing_is_left_beside(tmp_path):
    file = tmp_path / "report.json"
    for data in (b"first", b"second, longer"):
        replace(file, data)
        assert file.read_bytes() == data
    assert os.listdir(tmp_path) == ["report.json"]


def test_permissions_of_a_file_that_is_there_stay(tmp_path):
    file = tmp_path / "report.json"
    file.write_bytes(b"")
    file.chmod(0o640)
    replace(file, b"data")
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_a_new_file_has_the_permissions_of_the_process_whose_umask_is_never_set(
    tmp_path, monkeypatch
):
    before = os.umask(0o077)
    try:
        monkeypatch.setattr(os, "umask", lambda mask: pytest.fail("the umask was set"))
        replace(tmp_path / "report.json", b"data")
    finally:
        monkeypatch.undo()
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "report.json").stat().st_mode) == 0o600


def test_where_it_cannot_be_written_what_was_there_stays(tmp_path, monkeypatch):
    file = tmp_path / "report.json"
    file.write_bytes(b"before")

    def fails(*args):
        raise OSError("full")

    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(OSError, match="full"):
        replace(file, b"after")
    assert file.read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["report.json"]


def test_what_is_no_plain_file_stays_what_it_is():
    path = os.devnull
    replace(Path(path), b"data")
    assert not stat.S_ISREG(os.stat(path).st_mode)


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        replace(tmp_path / "gone" / "report.json", b"data")
