"""Boxes, rings and texts as elements of SVG."""

from xml.etree.ElementTree import Element

import pytest

from gradviz.graph import Verdict
from gradviz.render.style import LOOKS
from gradviz.render.svg_parts import (
    AROUND,
    Area,
    add_notch,
    add_outline,
    add_paragraph,
    add_ring,
    add_text,
    brief,
    extent,
    points_of,
)

AREA = Area(10, 20, 50, 40)


@pytest.mark.parametrize(
    ("value", "text"), [(1.0, "1"), (1.25, "1.25"), (1.256, "1.26"), (100.0, "100"), (-0.5, "-0.5")]
)
def test_a_number_has_at_most_two_decimals(value, text):
    assert brief(value) == text


def test_a_box_has_four_corners_and_an_octagon_eight():
    assert len(points_of(AREA, 0).split()) == 4
    assert len(points_of(AREA, 5).split()) == 8


def test_what_shapes_take_up_is_their_box():
    shape = Element("polygon", {"points": points_of(AREA, 5)})
    path = Element("path", {"d": "M60,10L5,30"})
    assert extent(shape) == AREA
    assert extent(shape, path) == Area(5, 10, 60, 40)


def test_an_area_grows_on_every_side():
    assert AREA.grown(2) == Area(8, 18, 52, 42)


def test_an_outline_is_not_filled_and_a_shape_is():
    group = Element("g")
    add_outline(group, LOOKS[Verdict.CUT], AREA, 5, "shape")
    add_outline(group, LOOKS[Verdict.CUT], AREA, 5, "outline")
    shape, outline = group
    assert shape.get("fill") == LOOKS[Verdict.CUT].light.fill
    assert outline.get("fill") == "none"


def test_a_ring_lies_around_and_a_notch_in_the_upper_right_corner():
    group = Element("g")
    add_ring(group, AREA)
    add_notch(group, AREA)
    ring, notch = group
    assert float(ring.get("x")) == AREA.left - AROUND
    assert extent(notch).right == AREA.right
    assert extent(notch).top == AREA.top


def test_a_text_of_plain_letters_is_held_to_its_width_and_others_are_not():
    group = Element("g")
    assert float(add_text(group, "weight", 0, 0, 10, "name").get("textLength")) > 0
    assert add_text(group, "é", 0, 0, 10, "name").get("textLength") is None
    assert add_text(group, "a", 0, 0, 10, "name").get("textLength") is None


def test_a_paragraph_is_broken_into_lines_and_says_where_it_ends():
    group = Element("svg")
    end = add_paragraph(group, "word " * 60, 200, 5, 10, "note")
    lines = [text.text for text in group[0]]
    assert len(lines) > 1
    assert " ".join(lines).split() == ["word"] * 60
    assert end > 5 + 10 * len(lines)
