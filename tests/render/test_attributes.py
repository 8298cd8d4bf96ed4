"""What Graphviz is told of how an item looks."""

import pytest

from gradviz.graph import Verdict
from gradviz.render.attributes import classes, edge_attributes, label, node_attributes, ringed
from gradviz.render.sketch import Item, SketchLine, Sort
from gradviz.render.style import LOOKS, RING, STROKES


def tensor(verdict, **fields):
    return Item(key="n1", sort=Sort.TENSOR, verdict=verdict, lines=("w",), **fields)


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_has_its_colours(verdict):
    told = node_attributes(tensor(verdict))
    assert told["fillcolor"] == LOOKS[verdict].light.fill
    assert told["color"] == LOOKS[verdict].light.stroke
    assert told["class"] == verdict


def test_what_is_pruned_fades_and_is_dashed():
    told = node_attributes(tensor(Verdict.CUT, pruned=True))
    assert "dashed" in told["style"]
    assert told["fillcolor"] != LOOKS[Verdict.CUT].light.fill
    assert told["class"] == "cut pruned"


def test_what_is_new_has_a_ring():
    assert ringed(tensor(Verdict.CUT)) == {}
    assert ringed(tensor(Verdict.CUT, change="came"))["color"] == RING[0].stroke
    assert classes(tensor(Verdict.CUT, change="came")) == "cut came"


@pytest.mark.parametrize("stroke", STROKES)
def test_every_line_has_its_colour_and_points_back(stroke):
    told = edge_attributes(SketchLine(source="a", target="b", stroke=stroke))
    assert (told["class"], told["color"]) == (stroke, STROKES[stroke].light)
    assert told["dir"] == "back"


def test_a_label_shows_what_graphviz_would_read():
    assert label(["a\\nb", "&lt;"]) == "a\\\\nb\\n&amp;lt;"
    assert label(["<b>"]).startswith("\\<") or label(["<b>"]) == "<b>"
