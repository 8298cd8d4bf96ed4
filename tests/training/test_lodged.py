"""What lies in the memory of a parameter that an optimizer steps."""

from dataclasses import replace

import pytest

from gradviz.facts.evidence import Evidence, Look, Stepper, Touch
from gradviz.facts.training import Fate
from gradviz.graph import Parameter, Place, Verdict
from gradviz.training.judging import judge
from gradviz.training.lodged import lodged

STEP = Place("train.py", 14, "optimizer.step()")
MADE = Place("train.py", 4, "optimizer = SGD(model.parameters())")
REACHED = Parameter(name="w", verdict=Verdict.REACHED)
CUT = Parameter(name="w", verdict=Verdict.CUT)
GOOD = Look(optimizer="optimizer", gradient=0.5, moved=4, compared=4, lr=0.1, place=STEP)
DROPS = Place("train.py", 9, "w.grad = None")


def in_memory(part=(), **whole):
    """Judge ``w``, which an optimizer steps, and ``p``, which lies in its memory; return what is
    made of the latter, and the alarms.
    """
    stepped = {"verdicts": (REACHED,), "looks": (GOOD,), "houses": True, **whole}
    own = {"verdicts": (replace(REACHED, name="p"),), "lies_in": ("w",), "laid_at": MADE}
    found = judge(
        [
            Evidence(name="w", numel=4, **stepped),
            Evidence(name="p", numel=4, drift=True, by_hand=True, **{**own, **dict(part)}),
        ],
        [Stepper(name="optimizer", kind="SGD", steps=1, held=("w",), made=STEP)],
        1,
    )
    return found.parameters[1], found.alarms


def test_what_another_moves_whose_memory_it_shares_is_told_with_the_line_and_its_own_gradient():
    found, (alarm,) = in_memory()
    assert (found.trains, found.mover, found.moved_with) == (True, "memory", "w")
    assert (alarm.line, alarm.parameters) == (MADE.line, ("p",))
    assert "Their own gradient arrives, and no optimizer uses it" in alarm.means


def test_a_copy_in_the_same_memory_that_is_to_get_no_gradient_is_no_alarm():
    found, alarms = in_memory({"verdicts": (replace(CUT, name="p"),)})
    assert (found.mover, found.moved_at, alarms) == ("memory", MADE, ())


@pytest.mark.parametrize(
    ("part", "whole"),
    [
        ({"feeds": ("w",)}, {}),
        ({}, {"verdicts": (Parameter(name="w", verdict=Verdict.UNUSED),)}),
        ({}, {"looks": (replace(GOOD, touch=Touch(operation="add_", scales=True)),)}),
    ],
    ids=["its gradient lies in the other's", "all gradient is that of parts", "it is added"],
)
def test_a_part_whose_gradient_is_stepped_trains_by_that(part, whole):
    found, alarms = in_memory(part, **whole)
    assert (found.mover, found.moved_at, alarms) == ("gradient", None, ())


def of_part(part, **whole):
    """Return what is made of ``p``, which lies in the memory of ``w``."""
    held = Fate(name="w", optimizer="optimizer", **whole)
    evidence = [Evidence(name="w"), Evidence(name="p", lies_in=("w",))]
    return lodged([held, part], evidence)[1]


def test_what_no_optimizer_holds_stays_for_the_reason_of_the_whole():
    part = Fate(name="p", trains=False, why="not_held", file="train.py", line=4, code="")
    kept = of_part(part, trains=False, why="cut", file="net.py", line=3)
    assert (kept.why, kept.file, kept.line, kept.optimizer) == ("cut", "net.py", 3, "optimizer")
    kept = of_part(part, trains=True)
    assert (kept.trains, kept.why, kept.line) == (None, None, None)
    kept = of_part(replace(part, why="frozen"), trains=False, why="cut")
    assert (kept.why, kept.line) == ("frozen", 4)


def test_what_its_own_optimizer_moves_without_gradient_is_moved_with_the_whole():
    part = Fate(name="p", trains=True, mover="no gradient", optimizer="other")
    assert of_part(part, trains=True, mover="gradient").moved_with == "w"
    assert of_part(part, trains=True, mover="hand") == part


@pytest.mark.parametrize(("unfed", "line"), [(True, DROPS.line), (False, None)])
def test_of_what_was_fed_by_a_part_the_line_is_told_that_dropped_its_gradient(unfed, line):
    whole = Fate(name="w", trains=False, why="cleared", unfed=unfed, optimizer="optimizer")
    evidence = [
        Evidence(name="w", houses=True),
        Evidence(name="p", lies_in=("w",), dropped_at=DROPS),
    ]
    part = Fate(name="p", trains=False, why="not_held")
    fates = lodged([whole, part], evidence)
    assert [fate.line for fate in fates] == [line, line]
