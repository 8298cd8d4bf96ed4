"""The blocks of a model, told from the names of its parameters."""

import math

import pytest

from gradviz.series.blocks import block_names, blocks
from gradviz.series.data import Line, Series


def test_a_block_ends_at_the_first_number_that_has_a_sibling():
    names = ["wte.weight", "h.0.fc.weight", "h.0.fc.bias", "h.1.fc.weight"]
    assert list(block_names(names).values()) == ["wte", "h.0", "h.0", "h.1"]


def test_a_number_without_a_sibling_ends_no_block():
    assert block_names(["body.0.fc.1.weight", "body.0.fc.2.weight"]) == {
        "body.0.fc.1.weight": "body.0.fc.1",
        "body.0.fc.2.weight": "body.0.fc.2",
    }
    assert block_names(["body.0.fc.weight"]) == {"body.0.fc.weight": "body.0.fc"}


def test_a_parameter_of_the_model_itself_is_a_block_of_its_own():
    assert block_names(["scale"]) == {"scale": "scale"}


def together(*lines):
    """Return the block of some parameters ``h.0.<letter>``, beside another."""
    named = [
        Line(name=f"h.0.{letter}", **fields) for letter, fields in zip("abc", lines, strict=False)
    ]
    columns = {"norms": (None,), "ratios": (None,), "weights": (None,), "zeros": (None,)}
    series = Series(parameters=(*named, Line(name="h.1.a", **columns)))
    first, last = blocks(series)
    assert (first.name, last.name) == ("h.0", "h.1")
    return first


def line(numel=1, norm=None, ratio=None, weight=None, share=None):
    return {
        "numel": numel,
        "norms": (norm,),
        "ratios": (ratio,),
        "weights": (weight,),
        "zeros": (share,),
    }


def test_the_norms_of_a_block_are_those_of_its_parameters_together():
    block = together(line(2, 3.0, weight=6.0), line(5, 4.0, weight=8.0), line())
    assert (block.numel, block.norms, block.weights) == (8, (5.0,), (10.0,))
    assert together(line(), line()).norms == (None,)


@pytest.mark.parametrize("spoilt", [math.nan, math.inf])
def test_a_norm_that_is_not_finite_makes_the_blocks_so(spoilt):
    (norm,) = together(line(norm=spoilt), line(norm=1.0)).norms
    assert not math.isfinite(norm)


def test_the_update_of_a_block_is_relative_to_the_weights_that_were_looked_at():
    block = together(line(ratio=0.5, weight=6.0), line(ratio=0.5, weight=8.0), line(weight=99.0))
    assert block.ratios == (0.5,)
    assert together(line(ratio=0.5, weight=0.0)).ratios == (None,)


def test_the_share_of_zeros_counts_elements():
    assert together(line(1, share=1.0), line(3, share=0.0), line(9)).zeros == (0.25,)
    assert together(line(1)).zeros == (None,)
