"""What is said of parameters that are NaN or infinite."""

import math
from pathlib import Path

from gradviz.facts.evidence import Evidence, Look, Touch
from gradviz.facts.overflows import Overflow, Throw
from gradviz.graph import NotFinite, Parameter, Place
from gradviz.training.spoilt import of_spoilt, written_at

GENERAL = ("It is NaN.", "Look for it.")


def spoilt(**about):
    return [Evidence(name="w", numel=1, verdicts=(), finite=False, **about)]


def test_what_was_there_before_is_told_as_that():
    birth = NotFinite(
        operation="t",
        why="w, a parameter, holds NaN at 1 of 2 elements before the forward uses it",
        mend="Look at the checkpoint.",
        holder="w",
        written=Place("train.py", 3, "load()"),
    )
    means, mend = of_spoilt(spoilt(birth=birth), [], GENERAL)
    assert means == f"It is NaN. It was there before: {birth.why}."
    assert mend == "Look at the checkpoint."


def test_a_step_that_threw_a_parameter_away_is_told_with_its_rate():
    birth = NotFinite(operation="pow", why="the result is larger than 3e38", forward=True)
    throw = Throw(name="v", calls=2, ratio=1e9, lr=1e8)
    means, mend = of_spoilt(spoilt(birth=birth, thrown=throw), [], GENERAL)
    assert "The step after backward 2 had moved v by 1e+09 times its size" in means
    assert "a learning rate of 1e+08" in means
    assert mend.startswith("Lower that learning rate")


def test_a_birth_without_such_a_step_keeps_its_own_remedy():
    birth = NotFinite(operation="log", why="the logarithm of 0", mend="Clamp.", forward=True)
    assert of_spoilt(spoilt(birth=birth), [], GENERAL)[1] == "Clamp."


def test_a_step_whose_update_is_not_finite_is_told_with_its_rate():
    overflow = Overflow(kind="SGD", dtype="float32", lr=1e30)
    assert "Its learning rate is 1e+30." in of_spoilt(spoilt(overflow=overflow), [], GENERAL)[0]


def test_the_line_that_wrote_what_was_there_before_is_named_from_the_folder_that_it_is_in():
    why = f"w, a parameter, holds NaN; it was last written at {Path.cwd() / 'train.py'}:8"
    birth = NotFinite(operation="mul", why=why, holder="w")
    means, _ = of_spoilt(spoilt(birth=birth), [], GENERAL)
    assert means.endswith("holds NaN; it was last written at train.py:8.")


def test_a_line_that_spoils_a_gradient_is_told_where_it_arrived_finite_and_no_other_touched_it():
    line = Place("train.py", 9, "p.grad /= 0")

    def told(*, alone=True, arrived=0.5, **more):
        touch = Touch(operation="div_", scales=True, alone=alone, place=line)
        norm = Parameter(name="w", gradient_norm=arrived)
        seen = {"optimizer": "o", "finite": False, "touch": touch, "arrived": norm}
        return written_at(Evidence(name="w", looks=(Look(gradient=math.inf, **seen),), **more))

    assert told() == line
    assert told(alone=False) is None
    assert told(arrived=math.inf) is None
    assert told(overflow=Overflow(kind="SGD", dtype="float32")) is None


def test_what_was_born_there_or_before_is_told_as_that():
    birth = NotFinite(operation="sum", why="x", forward=True, unsure="before")
    assert (
        " It is in the result of sum, and was born there or before: x."
        in (of_spoilt(spoilt(birth=birth), [], GENERAL)[0])
    )


def test_an_eps_that_is_zero_in_the_type_of_the_parameter_is_told_with_what_mends_it():
    overflow = Overflow(kind="Adam", dtype="float16", eps=1e-8)
    means, mend = of_spoilt(spoilt(overflow=overflow), [], GENERAL)
    assert means.endswith(
        "The gradient is finite when Adam steps, and the update is not: the step makes the parameter"
        " NaN or infinite for good. Its eps of 1e-08 is 0 in float16."
    )
    assert mend == (
        "Keep the weights in float32 and compute in half precision with autocast, or give the"
        " optimizer an eps that the type holds, such as 1e-4."
    )
