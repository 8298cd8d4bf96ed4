"""The folder in which ranks leave what they saw lies where anybody may have made it before."""

import os

import pytest

from gradviz.running import ranks
from gradviz.running.settings import Settings

NOBODY = 12345


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """The settings of rank 1 of 2, whose folder is shared/ in an empty one."""
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    return Settings(folder=str(tmp_path / "shared"))


def files(folder):
    return sorted(path.name for path in folder.iterdir())


def test_what_a_rank_leaves_is_for_its_user_alone(settings, tmp_path):
    ranks.begin(3, settings)
    assert files(tmp_path / "shared") == ["3-1.json"]
    assert (tmp_path / "shared").stat().st_mode & 0o077 == 0


def test_nothing_is_left_in_a_folder_that_others_may_write(settings, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "shared").symlink_to(tmp_path / "elsewhere")
    ranks.begin(3, settings)
    assert files(tmp_path / "elsewhere") == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
def test_nothing_is_left_in_or_read_from_the_folder_of_another_user(settings, tmp_path):
    folder = tmp_path / "shared"
    ranks.begin(3, settings)
    os.chown(folder, NOBODY, NOBODY)
    ranks.begin(4, settings)
    assert files(folder) == ["3-1.json"]
    assert ranks.merge_notes(settings) == []
    assert files(folder) == ["3-1.json"]


def test_a_pipe_in_the_place_of_a_file_is_replaced_and_waits_for_nobody(settings, tmp_path):
    (tmp_path / "shared").mkdir(mode=0o700)
    os.mkfifo(tmp_path / "shared" / "3-1.json")
    ranks.begin(3, settings)
    assert (tmp_path / "shared" / "3-1.json").is_file()
