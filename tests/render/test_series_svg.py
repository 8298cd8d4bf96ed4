"""The numbers of a run as text and as a picture."""

import itertools
import math
import xml.etree.ElementTree as ET

import pytest

from gradviz.facts.findings import Findings
from gradviz.render.json import read_findings, render_json
from gradviz.render.series_svg import DARK, LIGHT, render_series_svg
from gradviz.render.series_text import render_series
from gradviz.series.data import Line, Series, Turn

TURNS = (Turn(call=1, verdict="reached"),)


@pytest.fixture
def series() -> Series:
    lines = [
        Line(
            name="h.0.w",
            numel=4,
            norms=(1e-6, 0.0, None),
            ratios=(None,) * 3,
            weights=(None,) * 3,
            zeros=(0.5, 1.0, None),
            turns=TURNS,
        ),
        Line(
            name="h.1.w",
            numel=4,
            norms=(1e-3, math.nan, 0.1),
            ratios=(1e-3,) * 3,
            weights=(1.0,) * 3,
            zeros=(0.0,) * 3,
            turns=TURNS,
        ),
        Line(
            name="<h>&.w",
            numel=4,
            norms=(9.0,) * 3,
            ratios=(1e-2,) * 3,
            weights=(1.0,) * 3,
            zeros=(0.0,) * 3,
            turns=TURNS,
        ),
    ]
    return Series(
        calls=(100, 200, 300), watched=3, losses=(1.0, math.nan, None), parameters=tuple(lines)
    )


def test_the_sparkline_of_a_block_shows_zero_nan_and_what_was_not_measured(series: Series) -> None:
    title, first, second, third, *_ = render_series(series).splitlines()
    assert title == "Gradient by block, calls 100 to 300 (norm; ▁ is 1e-6, █ is 1e+1):"
    assert first == "  h.0   ▁0·  -"
    assert second.startswith("  h.1   ▄!▆  1.0e-01  update 1.0e-03")
    assert "███" in third


def test_the_picture_is_fit_to_embed(series: Series) -> None:
    svg = render_series_svg(series)
    root = ET.fromstring(svg)
    assert root.get("role") == "img"
    assert root.get("viewBox")
    assert root.get("width") is None
    labels = (root.get("aria-labelledby") or "").split()
    assert [element.tag.rpartition("}")[2] for element in root if element.get("id") in labels] == [
        "title",
        "desc",
    ]
    assert "prefers-color-scheme:dark" in svg
    assert "<script" not in svg
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")
    assert svg == render_series_svg(series)


def test_the_steps_of_the_scale_are_told_apart_by_lightness_alone() -> None:
    def lightness(colour: str) -> float:
        red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
        linear = [
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
            for part in (red, green, blue)
        ]
        return 116 * (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]) ** (1 / 3)

    for colours, sign in ((LIGHT, -1), (DARK, 1)):
        steps = [lightness(colour) for colour in colours]
        assert all(sign * (after - before) > 4 for before, after in itertools.pairwise(steps))


def test_a_series_comes_back_from_json_as_it_was(series: Series) -> None:
    report = Findings(series=series)
    assert repr(read_findings(render_json(report))) == repr(report)  # NaN is equal to nothing
