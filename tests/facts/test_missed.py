"""Missed steps are ordered by how many they are."""

from gradviz.facts.missed import Missed


def test_more_missed_steps_are_more():
    assert max(Missed(3, 9), Missed(4, 9)) == Missed(4, 9)
