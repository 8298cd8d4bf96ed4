"""A step that spoils a parameter is kept with what tells why."""

from gradviz.facts.overflows import Overflow, Throw


def test_what_is_not_known_of_a_step_that_spoils_is_none():
    assert (Overflow(kind="Adam", dtype="float16").eps, Throw(name="w", calls=1, ratio=2e3).lr) == (
        None,
        None,
    )
