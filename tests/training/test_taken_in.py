"""Which births of NaN or infinity came into parameters by a step."""

import math
from types import SimpleNamespace

from gradviz.graph import NotFinite
from gradviz.training.looking import Glance
from gradviz.training.moves import Moves, StepSight
from gradviz.training.taken_in import taken_in

LOG = NotFinite(operation="log", why="the logarithm of 0", parameters=("w",))
HELD = NotFinite(operation="t", why="w holds NaN", parameters=("w",), holder="w")


def left(births, steps, *, held=(1,)):
    """Return what is left of births, of a parameter with steps: after which call each was, what
    gradient it found, and whether it left the parameter finite.
    """
    moves = Moves()
    for calls, gradient, is_finite in steps:
        glance = Glance(key=1, gradient=gradient, finite=is_finite)
        moves.histories.setdefault(1, moves.of(1)).sights.append(
            StepSight(1, glance, None, None, calls=calls)
        )
    optimizers = SimpleNamespace(records={1: SimpleNamespace(held=held)})
    return [birth for _, birth in taken_in(births, {1: "w"}, moves, optimizers)]


def test_a_birth_whose_gradient_a_step_took_in_stays():
    assert left([(1, LOG), (2, HELD)], [(1, math.nan, False), (2, math.nan, False)]) == [LOG, HELD]
    assert left([(1, LOG)], [(1, math.nan, False)]) == [LOG]


def test_a_birth_goes_that_a_later_step_finds_and_leaves_the_parameter_finite_after():
    assert left([(1, LOG), (3, HELD)], [(2, 0.5, True), (3, math.nan, False)]) == [HELD]
    assert left([(1, LOG), (3, HELD)], [(1, math.nan, False), (2, 0.5, True)]) == [HELD]


def test_a_birth_goes_that_came_to_no_step_before_something_else_was_found():
    assert left([(1, LOG), (2, HELD)], []) == [HELD]
    assert left([(1, LOG), (2, HELD)], [(2, math.nan, False)]) == [HELD]


def test_a_birth_that_came_to_what_no_optimizer_holds_stays():
    assert left([(1, LOG), (2, HELD)], [], held=()) == [LOG, HELD]


def test_where_nothing_is_born_nothing_is_left():
    assert left([], [(1, 0.5, True)]) == []
