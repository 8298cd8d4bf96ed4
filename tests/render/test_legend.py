"""The legend has what occurs in a picture, and nothing else."""

from xml.etree.ElementTree import Element

from gradviz.graph import Verdict
from gradviz.render.legend import add_legend, entries_of
from gradviz.render.sketch import Item, Sketch, SketchLine, Sort


def content(*verdicts, strokes=(), **fields):
    items = tuple(
        Item(key=f"n{number}", sort=Sort.TENSOR, verdict=verdict, **fields)
        for number, verdict in enumerate(verdicts)
    )
    return Sketch(items, tuple(SketchLine(source="a", target="b", stroke=name) for name in strokes))


def meanings(sketch):
    return [entry.meaning.partition(":")[0] for entry in entries_of(sketch)]


def test_a_verdict_is_told_once_and_only_where_it_occurs():
    assert meanings(content(Verdict.CUT, Verdict.CUT, Verdict.REACHED)) == ["reached", "cut"]
    assert meanings(content()) == []


def test_lines_a_partial_box_and_changes_are_told_after_the_verdicts():
    sketch = content(Verdict.REACHED, strokes=("severed", "gradient"), partial=True, change="came")
    assert meanings(sketch) == [
        "reached",
        "partial",
        "new or changed",
        "gradient flows",
        "gradient stops",
    ]


def test_it_ends_below_where_it_begins_and_takes_no_room_where_it_is_empty():
    root = Element("svg")
    entries = entries_of(content(*Verdict, strokes=("gradient", "severed")))
    one, many = add_legend(root, entries[:1], 700, 10), add_legend(Element("svg"), entries, 200, 10)
    assert 10 < one < many
    assert add_legend(Element("svg"), [], 700, 10) == 10


def test_every_sample_is_drawn():
    root = Element("svg")
    entries = entries_of(content(*Verdict, strokes=("gradient",)))
    add_legend(root, entries, 700, 10)
    assert len(root[0]) == len(entries)
    assert all(len(sample) >= 2 for sample in root[0])
