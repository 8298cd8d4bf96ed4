"""The legend of a picture: what occurs in it, and nothing else."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from xml.etree.ElementTree import Element, SubElement

from gradviz.graph import Verdict
from gradviz.render.marks import draw_mark
from gradviz.render.sentences import OFTEN, WORDS, Word
from gradviz.render.sketch import Sketch
from gradviz.render.style import LOOKS, STROKES
from gradviz.render.svg_parts import (
    AROUND,
    CHAMFER,
    MARGIN,
    WIDEST_TEXT,
    Area,
    add_notch,
    add_outline,
    add_ring,
    add_text,
    brief,
)
from gradviz.render.text_width import width

LINES = {
    "gradient": "gradient flows",
    "zero": "the gradient is all zero",
    "severed": "gradient stops",
    "pruned": "cut off",
    "frozen": "frozen, value only",
    "value": "needs no gradient",
}
CHANGES = {"changed": "new or changed", "went": "gone"}
PARTIAL = f"partial: one route is alive, another is cut, {OFTEN}"
SMALL = 10.5  # size of the font
SWATCH = 24.0, 15.0
GAP, ROW = 18.0, 20.0


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """One entry of the legend. Read-only.

    Attributes:
        meaning: What its sample means.
        draw: Draws the sample into a group and an area.
        is_line: The sample is a line.
    """

    meaning: str
    draw: Callable[[Element, Area], None]
    is_line: bool = False

    @property
    def width(self) -> float:
        """How much room it needs."""
        return SWATCH[0] + 7 + width(self.meaning) * SMALL


def entries_of(content: Sketch, words: Mapping[Verdict, Word] = WORDS) -> list[LegendEntry]:
    """Return an entry for everything that occurs: verdicts, marks on boxes, lines.

    Args:
        content: What is drawn.
        words: What the verdicts are called, and mean.
    """
    verdicts = {item.verdict for item in content.items}
    strokes = {line.stroke for line in content.lines}
    changes = {
        "went" if item.change == "went" else "changed" for item in content.items if item.change
    }
    entries = [
        LegendEntry(": ".join(words[verdict]), _sample_of(verdict))
        for verdict in Verdict
        if verdict in verdicts
    ]
    if any(item.partial for item in content.items):
        entries.append(LegendEntry(PARTIAL, _partial_sample))
    entries += [
        LegendEntry(meaning, _change_sample(change))
        for change, meaning in CHANGES.items()
        if change in changes
    ]
    return entries + [
        LegendEntry(meaning, _line_sample(stroke), is_line=True)
        for stroke, meaning in LINES.items()
        if stroke in strokes
    ]


def add_legend(root: Element, entries: Sequence[LegendEntry], wide: float, y: float) -> float:
    """Draw the legend below ``y``, in as many rows as it needs, and return where it ends."""
    group = SubElement(root, "g", {"class": "legend"})
    room, x = min(wide, WIDEST_TEXT), MARGIN
    fits_one_row = sum(entry.width + GAP for entry in entries) - GAP <= room
    # Lines begin a row of their own, unless one row does
    first_line = None if fits_one_row else len([*takewhile(lambda e: not e.is_line, entries)])
    for position, entry in enumerate(entries):
        if x > MARGIN and (position == first_line or x + entry.width > MARGIN + room):
            x, y = MARGIN, y + ROW
        sample = SubElement(group, "g")
        across, high = SWATCH
        entry.draw(sample, Area(x, y, x + across, y + high))
        baseline = y + high / 2 + SMALL * 0.34
        add_text(sample, entry.meaning, x + across + 7, baseline, SMALL, "meaning")
        x += entry.width + GAP
    return y + ROW + 6 if entries else y


def _sample_of(verdict: Verdict) -> Callable[[Element, Area], None]:
    look = LOOKS[verdict]
    corner = CHAMFER / 2 if look.shape == "octagon" else 0.0

    def draw(sample: Element, area: Area) -> None:
        sample.set("class", f"node {verdict}")
        inside = area.grown(-2.5) if look.borders == 2 else area
        add_outline(sample, look, inside, corner, "shape")
        if look.borders == 2:
            add_outline(sample, look, area, corner, "outline")
        if look.mark:
            middle, baseline = (area.left + area.right) / 2, (area.top + area.bottom) / 2 + 3.7
            mark = add_text(sample, look.mark, middle, baseline, SMALL, "mark")
            mark.set("text-anchor", "middle")
            draw_mark(sample, mark)

    return draw


def _partial_sample(sample: Element, area: Area) -> None:
    look = LOOKS[Verdict.REACHED]
    sample.set("class", f"node {Verdict.REACHED}")
    add_outline(sample, look, area, 0.0, "shape")
    add_notch(sample, area)


def _change_sample(change: str) -> Callable[[Element, Area], None]:
    def draw(sample: Element, area: Area) -> None:
        sample.set("class", f"node {change}")
        add_ring(sample, area.grown(-AROUND))

    return draw


def _line_sample(name: str) -> Callable[[Element, Area], None]:
    stroke = STROKES[name]
    has_tip = stroke.arrow.endswith("normal")

    def draw(sample: Element, area: Area) -> None:
        sample.set("class", f"edge {name}")
        middle, tip = (area.top + area.bottom) / 2, area.right
        line = {
            "d": f"M{brief(area.left)},{brief(middle)}H{brief(tip - (7 if has_tip else 0))}",
            "fill": "none",
            "stroke": stroke.light,
            "stroke-width": brief(stroke.width),
        }
        dashes = {"stroke-dasharray": stroke.dashes} if stroke.dashes else {}
        SubElement(sample, "path", {**line, **dashes})
        if has_tip:
            points = (
                f"{brief(tip)},{brief(middle)} {brief(tip - 8)},{brief(middle - 3)}"
                f" {brief(tip - 8)},{brief(middle + 3)}"
            )
            fill = "none" if stroke.arrow == "onormal" else stroke.light
            SubElement(sample, "polygon", {"points": points, "fill": fill, "stroke": stroke.light})

    return draw
