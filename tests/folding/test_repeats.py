"""What repeats on a level of a tree."""

import pytest

from gradviz.folding.repeats import PERIOD, name_of_run, parted, repeats
from gradviz.folding.tree import LONG, MOST, Entry, Group, GroupSort


def entries(word, *, is_module=True):
    """Return an entry for each letter; equal letters are built alike."""
    return [
        Entry(
            name=f"{letter}.{number}",
            path=(),
            members=(number,),
            is_module=is_module,
            signature=ord(letter),
        )
        for number, letter in enumerate(word)
    ]


@pytest.mark.parametrize(
    ("word", "stretches"),
    [
        ("abc", [(0, 3, 0)]),
        ("aa", [(0, 2, 1)]),
        ("abab", [(0, 4, 0)]),
        ("aaa", [(0, 3, 1)]),
        ("xaaay", [(0, 1, 0), (1, 4, 1), (4, 5, 0)]),
        ("ababab", [(0, 6, 2)]),
        ("abababa", [(0, 6, 2), (6, 7, 0)]),
        ("aaabbb", [(0, 3, 1), (3, 6, 1)]),
        ("", []),
    ],
)
def test_siblings_or_turns_of_them_are_a_stretch_with_its_period(word, stretches):
    assert list(repeats(entries(word))) == stretches


def test_what_saves_most_is_taken_first():
    assert list(repeats(entries("aabaabaab"))) == [(0, 9, 3)]


def test_operations_that_repeat_are_folded_only_where_there_are_many():
    assert list(repeats(entries("a" * LONG, is_module=False))) == [(0, LONG, 0)]
    assert list(repeats(entries("a" * (LONG + 1), is_module=False))) == [(0, LONG + 1, 1)]


def test_what_differs_is_told_apart_however_many_there_are():
    many = "".join(chr(1000 + number) for number in range(300))
    turns = many[0] + many[256]
    assert list(repeats(entries(many + 3 * turns)))[1:] == [(300, 306, 2)]
    assert list(repeats(entries(many + 6 * turns[0])))[1:] == [(300, 306, 1)]


def test_a_stretch_longer_than_the_limit_is_not_looked_for():
    one = "".join(chr(200 + number) for number in range(PERIOD + 1))
    assert list(repeats(entries(one * 3))) == [(0, 3 * len(one), 0)]


def test_a_run_is_named_by_its_first_and_last_module():
    def named(*names, period=1):
        run = [Entry(name=name, path=(), members=(), is_module=True, signature=0) for name in names]
        return name_of_run(run, period)

    assert named("h.0", "h.1", "h.2") == "h.0..2"
    assert named("h.2", "h.4", "h.6") == "h.2,4..6"
    assert named("h.0.mlp", "h.1.mlp", "h.2.mlp") == "h.0..2.mlp"
    assert named("cell", "head", "cell", "head", period=2) == "cell and head"
    assert named("a", "b", "c", "a", "b", "c", period=3) == "a and 2 more"


def test_a_run_without_modules_is_named_by_its_first_operation():
    run = entries("abab", is_module=False)
    assert name_of_run(run, 2) == "a.0 and 1 more"
    assert name_of_run(run[:1], 1) == "a.0"


def test_few_children_stay_as_they_are():
    children = list(range(MOST))
    assert parted(children, ()) is children


def test_many_children_are_parted_evenly():
    parts = parted(list(range(MOST + 1)), ("body",))
    assert [len(part.children) for part in parts] == [25, 24]
    assert [part.name for part in parts] == ["1..25", "26..49"]
    assert {(part.sort, part.path) for part in parts} == {(GroupSort.PART, ("body",))}


def test_parts_of_numbered_modules_are_named_by_their_numbers():
    children = [Group(GroupSort.MODULE, f"h.{number}", ()) for number in range(MOST + 1)]
    assert [part.name for part in parted(children, ())] == ["h.0..24", "h.25..48"]


def test_very_many_children_are_parts_of_parts():
    parts = parted(list(range(MOST * MOST + 1)), ())
    assert len(parts) <= MOST
    assert all(len(part.children) <= MOST for part in parts)
