"""What runs outside of every module, at the top of the tree."""

import pytest

from gradviz.folding.loose import gathered
from gradviz.folding.tree import LONG, Group, GroupSort, Thing
from gradviz.graph import Place


def ran(line, function="<module>", file="ppo.py"):
    """Return an operation that ran at a line."""
    return Thing((), "MulBackward0", "op", place=Place(file, line, "", function))


ACTOR = Group(GroupSort.MODULE, "actor", ("actor",), children=[0, 1])
LOSS = Thing((), "loss", "loss", stands_out=True)


def names(children, things):
    return [
        child.name if isinstance(child, Group) else things[child].name
        for child in gathered(children, things)
    ]


def test_what_runs_around_modules_is_a_group_called_by_its_lines():
    things = [*(ran(20 + number // 5) for number in range(LONG)), LOSS]
    children = [*range(10), ACTOR, *range(10, LONG), LONG]
    assert names(children, things) == ["ppo.py:20..21", "actor", "ppo.py:22..23", "loss"]
    assert [child.path for child in gathered(children, things)[:2]] == [(), ("actor",)]


@pytest.mark.parametrize(
    ("things", "name"),
    [
        ([ran(7, "ppo_loss"), ran(9, "ppo_loss")], "ppo_loss"),
        ([ran(7), ran(7)], "ppo.py:7"),
        ([ran(7), ran(9, "ppo_loss")], "ppo.py:7..9"),
        ([ran(7), ran(9, file="loss.py")], "operations"),
        ([Thing((), "x", "op")], "operations"),
    ],
)
def test_a_stretch_is_called_by_its_function_or_else_by_its_lines(things, name):
    things = (things * (LONG + 1))[: LONG + 1]
    assert names([*range(LONG + 1), ACTOR], things) == [name, "actor"]


def test_few_operations_and_those_of_a_net_without_modules_stay_as_they_are():
    things = [ran(number) for number in range(LONG + 5)]
    few = [0, 1, ACTOR, 2]
    assert gathered(few, things) == few
    assert gathered(range(LONG + 5), things) == [*range(LONG + 5)]


def test_two_operations_between_modules_are_no_stretch():
    things = [ran(number) for number in range(LONG + 2)]
    children = [0, 1, ACTOR, *range(2, LONG + 2)]
    assert names(children, things) == ["MulBackward0", "MulBackward0", "actor", "ppo.py:2..21"]
