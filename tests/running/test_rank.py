"""Which of several ranks this process is."""

import pytest

from gradviz.running import rank
from gradviz.running.rank import Rank


@pytest.fixture
def environment(monkeypatch):
    """Set the variables of a process, which is in no process group."""
    monkeypatch.setattr(rank, "_last", None)

    def set_to(**variables):
        for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE"):
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    set_to()
    return set_to


def test_without_others_a_process_has_no_rank(environment):
    assert rank.current() is None
    environment(RANK="0", WORLD_SIZE="1")
    assert rank.current() is None


def test_what_torchrun_sets_is_the_rank(environment):
    environment(RANK="2", LOCAL_RANK="0", WORLD_SIZE="4")
    assert rank.current() == Rank(2, 4)


def test_what_lightning_sets_is_the_rank(environment):
    environment(LOCAL_RANK="1", WORLD_SIZE="2")
    assert rank.current() == Rank(1, 2)


@pytest.mark.parametrize("odd", [{"RANK": "1"}, {"WORLD_SIZE": "2"}, {"RANK": "x"}])
def test_half_an_environment_says_nothing(environment, odd):
    environment(**odd)
    assert rank.current() is None


def test_the_rank_stays_known_when_the_group_is_gone(environment, monkeypatch):
    monkeypatch.setattr(rank, "_last", Rank(1, 2))
    assert rank.current() == Rank(1, 2)
