"""How things look: what every reader has to be able to tell apart."""

import re
from itertools import combinations

import pytest

from gradviz.graph import Verdict
from gradviz.render.style import INK, LOOKS, LOSS, OP, STROKES, style_sheet

SCHEMES = ("light", "dark")


def luminance(colour):
    """Return the relative luminance of ``#rrggbb``, as WCAG 2 has it."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first, second):
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_measured_as_the_guideline_does():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("look", [*LOOKS.values(), OP, LOSS], ids=[*LOOKS, "op", "loss"])
def test_text_on_a_fill_and_a_stroke_on_the_ground_can_be_read(look, scheme):
    ground = INK[SCHEMES.index(scheme)]
    paint = getattr(look, scheme)
    assert contrast(paint.fill, ground.stroke) >= 9
    assert contrast(paint.stroke, ground.fill) >= 4.8


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", STROKES)
def test_an_edge_on_the_ground_can_be_seen(name, scheme):
    ground = INK[SCHEMES.index(scheme)]
    assert contrast(getattr(STROKES[name], scheme), ground.fill) >= 4.8


def test_verdicts_can_be_told_apart_without_colour():
    without = {
        verdict: (look.shape, look.border, look.dashes, look.borders, look.mark)
        for verdict, look in LOOKS.items()
    }
    assert without.keys() == set(Verdict)
    assert all(without[one] != without[other] for one, other in combinations(without, 2))


def test_edges_can_be_told_apart_without_colour_but_for_what_passes_no_gradient():
    told = {(stroke.border, stroke.dashes, stroke.arrow) for stroke in STROKES.values()}
    assert len(told) == len(STROKES) - 1
    frozen, value = STROKES["frozen"], STROKES["value"]
    assert frozen.dashes == value.dashes
    assert frozen.light != value.light


@pytest.mark.parametrize(("framed", "ringed"), [(False, False), (True, True)])
def test_every_rule_begins_at_the_root(framed, ringed):
    sheet = style_sheet("#p1", framed=framed, ringed=ringed)
    rules = [line for line in sheet.splitlines() if "{" in line and not line.startswith("@media")]
    for rule in rules:
        for selector in rule.partition("{")[0].split(","):
            assert selector.startswith("#p1"), rule


def test_the_brackets_close():
    sheet = style_sheet("#p1", framed=True, ringed=True)
    assert sheet.count("{") == sheet.count("}")


def test_every_verdict_has_a_colour_in_the_light_and_in_the_dark():
    light, _, dark = style_sheet("#p1", framed=False, ringed=False).partition("@media")
    for verdict in Verdict:
        rule = re.compile(rf"#p1 \.node\.{verdict} \.shape\{{fill:(#\w+)")
        assert rule.search(light)[1] != rule.search(dark)[1]


def test_frames_and_rings_have_rules_only_where_there_are_some():
    plain = style_sheet("#p1", framed=False, ringed=False)
    assert ".frame" not in plain
    assert ".ring" not in plain
