"""The numbers of a run as a picture.

A heat map of blocks by calls, and a bar for each block in the last call.

It is fit to embed: a viewBox and no fixed size, a title and a description, a style sheet for light
and dark, no script, no outside font, and the same bytes for the same numbers. Light and dark steps
are told apart by lightness alone, so that colour-blind readers see the same; zero and not finite
have a mark beside their colour.
"""

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from gradviz.graph import Verdict
from gradviz.render.sentences import printable
from gradviz.render.series_of import span_of
from gradviz.render.series_scale import Scale, amount, numbers_of, spread, values
from gradviz.render.style import FONTS, INK, LOOKS
from gradviz.series.blocks import blocks
from gradviz.series.data import Line, Series
from gradviz.series.rounds import by_rounds

# Nine steps of one scale, from little to much: each darker than the one before on a light ground,
# and lighter on a dark one.
LIGHT = (
    "#eef3f8",
    "#d6e4ee",
    "#b9d2e3",
    "#98bdd6",
    "#74a5c8",
    "#518bb7",
    "#34709f",
    "#205480",
    "#10375a",
)
DARK = (
    "#10202f",
    "#16324a",
    "#1c4666",
    "#245c83",
    "#31749f",
    "#4a8fb8",
    "#6eabce",
    "#9ac8e1",
    "#cfe6f3",
)
STEPS = len(LIGHT)

_NAMES = 190  # width of the names
_CELLS = 620  # width of the cells
_BARS = 190
_GAP = 16
_ROW = 16
_FONT = 11
_MOST_COLUMNS = 124
_MOST_ROWS = 80
_TITLES = {"norms": "Gradient norm", "ratios": "Update relative to the weight"}


@dataclass(frozen=True, slots=True)
class _Panel:
    """A heat map of one kind of number."""

    column: str
    scale: Scale
    lines: tuple[Line, ...]


def render_series_svg(series: Series) -> str:
    """Return the picture of a series as SVG."""
    series = by_rounds(series)
    lines = _fewer(blocks(series))
    panels = [
        _Panel(column, scale, lines)
        for column in _TITLES
        if (scale := Scale.over(values(lines, column))) is not None
    ]
    places = spread(series.calls, _MOST_COLUMNS)
    body: list[str] = []
    y: float = 0
    for panel in panels:
        body += _drawn(panel, series, places, y)
        y += _height(panel) + 34
    if not panels:
        body.append(_text(0, 20, "No gradient was measured in the calls that were watched."))
        y = 40.0
    text = "\n".join(body)
    name = f"gradviz-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    title, description = _words(series, panels)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" id="{name}" viewBox="-12 -8'
        f' {_NAMES + _CELLS + _GAP + _BARS + 24} {y + 8:g}" role="img"'
        f' aria-labelledby="{name}-title {name}-desc">\n<title'
        f' id="{name}-title">{escape(title)}</title>\n<desc'
        f' id="{name}-desc">{escape(description)}</desc>\n<style>\n{_style(name)}</style>\n'
    )
    return f"{head}{text}\n</svg>\n"


def _fewer(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """Return the lines, without some blocks between others where they are more than anybody can
    read.
    """
    return tuple(lines[place] for place in spread(range(len(lines)), _MOST_ROWS))


def _height(panel: _Panel) -> float:
    return 46 + _ROW * len(panel.lines) + 18


def _drawn(panel: _Panel, series: Series, places: Sequence[int], y: float) -> Iterator[str]:
    """Yield one heat map with its title, its scale, the names, and the bars of the last call beside
    it.
    """
    top, wide = y + 46, _CELLS / max(len(places), 1)
    right = _NAMES + _CELLS + _GAP
    yield _text(0, y + 14, f"{_TITLES[panel.column]} of each block", "title")
    yield from _legend(panel.scale, y)
    yield _text(_NAMES, y + 38, "call", "quiet", end=True, shift=-8)
    yield _text(_NAMES, y + 38, f"{series.calls[0]:,}", "quiet")
    if len(places) > 1:
        yield _text(_NAMES + _CELLS, y + 38, f"{series.calls[-1]:,}", "quiet", end=True)
    yield _text(right, y + 38, f"call {series.calls[-1]:,}", "quiet")
    for row, line in enumerate(panel.lines):
        at = top + row * _ROW
        yield _text(_NAMES - 8, at + _ROW - 4, _short(line.name), "", end=True)
        yield from _cells(
            [numbers_of(line, panel.column)[place] for place in places], panel.scale, wide, at
        )
        yield from _bar(numbers_of(line, panel.column)[-1], panel.scale, right, at)


def _cells(numbers: Sequence[float | None], scale: Scale, wide: float, y: float) -> Iterator[str]:
    """Yield a row of cells; neighbours of one step are one rectangle."""
    looks = [_look(number, scale) for number in numbers]
    begin = 0
    for place in range(1, len(looks) + 1):
        if place < len(looks) and looks[place] == looks[begin]:
            continue
        x, width, look = _NAMES + begin * wide, (place - begin) * wide, looks[begin]
        if look:
            yield (
                f'<rect class="{look}" x="{x:.2f}" y="{y:g}" width="{width:.2f}"'
                f' height="{_ROW - 1}"/>'
            )
        if look in ("zero", "wild"):
            yield _text(
                x + width / 2,
                y + _ROW - 4,
                "0" if look == "zero" else "!",
                f"in-{look}",
                middle=True,
            )
        begin = place


def _look(number: float | None, scale: Scale) -> str:
    """Return the class of a cell; empty where there is no number."""
    if number is None:
        return ""
    if not math.isfinite(number):
        return "wild"
    return f"s{scale.step(number, STEPS)}" if number else "zero"


def _bar(number: float | None, scale: Scale, x: float, y: float) -> Iterator[str]:
    wide = _BARS - 58
    if number is not None and math.isfinite(number) and number > 0:
        share = min(1.0, max(0.02, (math.log10(number) - scale.low) / (scale.high - scale.low)))
        yield (
            f'<rect class="bar" x="{x:g}" y="{y + 3:g}" width="{share * wide:.2f}"'
            f' height="{_ROW - 7}"/>'
        )
    yield _text(x + wide + 54, y + _ROW - 4, amount(number), "quiet", end=True)


def _legend(scale: Scale, y: float) -> Iterator[str]:
    x = _NAMES + _CELLS - STEPS * 16 - 60
    yield _text(x - 6, y + 14, f"1e{scale.low:+d}", "quiet", end=True)
    for step in range(STEPS):
        yield f'<rect class="s{step}" x="{x + step * 16:g}" y="{y + 5:g}" width="16" height="10"/>'
    yield _text(x + STEPS * 16 + 6, y + 14, f"1e{scale.high:+d}", "quiet")


def _text(
    x: float,
    y: float,
    text: str,
    look: str = "",
    *,
    end: bool = False,
    middle: bool = False,
    shift: float = 0,
) -> str:
    looks = " ".join(filter(None, (look, "end" if end else "middle" if middle else "")))
    return (
        f'<text{f" class={chr(34)}{looks}{chr(34)}" if looks else ""} x="{x + shift:g}"'
        f' y="{y:g}">{escape(text)}</text>'
    )


def _short(name: str, most: int = 26) -> str:
    name = printable(name)
    return name if len(name) <= most else f"…{name[1 - most :]}"


def _words(series: Series, panels: Sequence[_Panel]) -> tuple[str, str]:
    """Return the title and the description, which say what the picture shows."""
    calls = f"backward {span_of(series)}"
    lines = [
        f"Heat map of {len(panel.lines)} blocks over {calls}: {_TITLES[panel.column].lower()}, log"
        " scale."
        for panel in panels
    ]
    for panel in panels[:1]:
        last = [
            (norm, line.name)
            for line in panel.lines
            if (norm := line.norms[-1]) is not None and math.isfinite(norm)
        ]
        if last:
            (least, low), (most, high) = min(last), max(last)
            lines.append(
                f"In the last call the norm is largest in {printable(high)} ({amount(most)}) and"
                f" smallest in {printable(low)}"
            )
            lines[-1] += f" ({amount(least)})."
    return (
        f"How much gradient each block gets over {calls}",
        " ".join(lines) or "No gradient was measured.",
    )


def _style(name: str) -> str:
    """Return the style sheet, for light grounds and then for dark ones."""

    def colours(scheme: int) -> str:
        steps = "".join(
            f"#{name} .s{step}{{fill:{colour}}}\n"
            for step, colour in enumerate((LIGHT, DARK)[scheme])
        )
        ground, ink = INK[scheme].fill, INK[scheme].stroke
        zero, wild = (
            (look.light, look.dark)[scheme] for look in (LOOKS[Verdict.ZERO], LOOKS[Verdict.CUT])
        )
        quiet = ("#57606a", "#9aa4af")[scheme]
        return (
            f"#{name}{{background:{ground}}}\n#{name} text{{fill:{ink}}}\n#{name}"
            f" .quiet{{fill:{quiet}}}\n#{name} .zero{{fill:{zero.fill}}}\n#{name}"
            f" .wild{{fill:{wild.fill}}}\n#{name}"
            f" .bar{{fill:{(LIGHT[6], DARK[6])[scheme]}}}\n{steps}"
        )

    fonts = (
        f"#{name} text{{font:{_FONT}px {FONTS}}}\n#{name} .title{{font-weight:bold}}\n#{name}"
        " .quiet{font-size:10px}\n"
    )
    anchors = f"#{name} .end{{text-anchor:end}}\n#{name} .middle{{text-anchor:middle}}\n"
    dark = f"@media (prefers-color-scheme:dark){{\n{colours(1)}\n}}\n"
    return f"{fonts}{anchors}{colours(0)}{dark}".replace("\n\n}", "\n}")
