"""The marks as strokes."""

from xml.etree.ElementTree import Element, SubElement

import pytest

from gradviz.render.marks import GLYPHS, draw_mark
from gradviz.render.style import CHECK, SCISSORS


def drawn(content):
    """Return a group and the line of text in it, after its mark was drawn."""
    group = Element("g")
    text = SubElement(group, "text", {"x": "100", "y": "20", "font-size": "10"})
    text.text = content
    draw_mark(group, text)
    return group, text


@pytest.mark.parametrize(("mark", "name"), [(CHECK, "check"), (SCISSORS, "scissors")])
def test_a_mark_is_a_path_before_the_text_that_is_left(mark, name):
    group, text = drawn(f"{mark} reached")
    glyph, rest = group
    assert rest is text
    assert glyph.get("class") == f"glyph {name}"
    assert glyph.get("d") == GLYPHS[mark][1]
    assert text.text == "reached"


def test_the_rest_of_the_line_stays_where_it_was():
    _, text = drawn(f"{CHECK} reached")
    # Two columns of 6 fewer, of a line that is centred
    assert float(text.get("x")) == 106
    assert text.get("textLength") == "42"


def test_a_mark_alone_takes_the_place_of_its_text():
    group, _ = drawn(CHECK)
    (glyph,) = group
    assert glyph.get("transform") == "translate(96.10 20.00) scale(0.780)"


def test_a_mark_before_text_begins_where_the_line_did():
    group, _ = drawn(f"{CHECK} reached")
    assert group[0].get("transform") == "translate(73.00 20.00) scale(0.780)"


def test_text_beyond_ascii_is_not_stretched():
    _, text = drawn(f"{CHECK} \u00fc")
    assert text.get("textLength") is None


def test_text_without_a_mark_stays_as_it_is():
    group, text = drawn("reached")
    assert list(group) == [text]
    assert (text.text, text.get("x")) == ("reached", "100")
