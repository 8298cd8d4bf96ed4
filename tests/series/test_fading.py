"""How gradient fades or grows from block to block."""

import math

from gradviz.series.data import Line
from gradviz.series.fading import fading


def lines(*norms, numel=1):
    """Return a line for each block, the first of the model first."""
    return [Line(name=f"h.{n}", norms=(norm,), numel=numel) for n, norm in enumerate(norms)]


def test_each_block_is_compared_with_the_one_after_it():
    fade = fading(lines(1.0, 2.0, 8.0, 4.0))
    assert fade.drop == (0.25, "h.2", "h.1")
    assert fade.growth == (2.0, "h.3", "h.2")
    assert fade.typical == 0.5


def test_blocks_of_different_size_are_compared_by_element():
    large = Line(name="h.0", norms=(2.0,), numel=4)
    assert fading([large, *lines(1.0, 1.0)]).typical == 1.0


def test_of_fewer_than_three_blocks_with_gradient_nothing_is_said():
    assert fading(lines(1.0, 2.0)) is None
    for nothing in (None, 0.0, math.nan, math.inf):
        assert fading(lines(1.0, nothing, 2.0)) is None
    assert fading([*lines(1.0, 2.0), *lines(1.0, numel=0)]) is None


def test_a_call_is_chosen_by_its_place():
    blocks = [Line(name=str(n), norms=(1.0, 2.0**n), numel=1) for n in range(3)]
    assert fading(blocks, 0).typical == 1.0
    assert fading(blocks).typical == 0.5


def test_a_block_far_from_its_siblings_is_named():
    assert fading(lines(1.0, 2.0, 1e-3, 1.5, 1.0)).apart == (1e-3 / 1.5, "h.2", "h.1", "h.3")
    assert fading(lines(1.0, 2.0, 1e3, 1.5, 1.0)).apart == (1e3 / 2.0, "h.2", "h.1", "h.3")


def test_blocks_that_fade_in_turn_are_not_apart():
    assert fading(lines(1e-15, 1e-10, 1e-5, 1.0)).apart is None
    assert fading(lines(1.0, 20.0, 0.1, 5.0)).apart is None
    head = Line(name="head", norms=(1e6,), numel=1)
    assert fading([*lines(1.0, 1.0), head, *lines(1.0, 1.0)]).apart is None


def test_where_float32_ends_is_told_from_the_last_block_to_the_first():
    assert fading(lines(1e-44, 1e-40, 1e-30, 1.0)).denormal == ("h.1", "h.0")
    assert fading(lines(1e-30, 1e-20, 1.0)).denormal == ()
