"""The DOT source of a scene, for an engine and for people."""

import pytest
from graphs import ARTICLE_MODES, detached

from gradviz.folding.boxes import View
from gradviz.graph import Verdict
from gradviz.render.dot import (
    classes,
    edge_attributes,
    label,
    node_attributes,
    ringed,
    to_carry,
    to_lay_out,
)
from gradviz.render.scene import scene
from gradviz.render.sketch import Item, SketchLine, Sort
from gradviz.render.style import LOOKS, RING, STROKES


@pytest.mark.parametrize("view", [View(), View(depth=5)])
@pytest.mark.parametrize("mode", ARTICLE_MODES)
def test_both_have_the_items_and_lines_of_the_scene(mode, view):
    drawn = scene(ARTICLE_MODES[mode](), view)
    for dot in (to_lay_out(drawn), to_carry(drawn)):
        body = "".join(dot.body)
        assert all(f"{item.key} [" in body for item in drawn.sketch.items)
        assert sum("->" in line for line in body.splitlines()) == len(drawn.sketch.lines)


def test_an_engine_is_given_stand_ins_and_people_the_words():
    drawn = scene(detached(), View(depth=5))
    assert "detach_()" not in to_lay_out(drawn).source
    assert "detach_()" in to_carry(drawn).source


def test_people_get_the_headline_and_a_ground_and_an_engine_neither():
    drawn = scene(detached(), View())
    assert "parameters" in to_carry(drawn).source
    assert to_carry(drawn).graph_attr["bgcolor"] != "transparent"
    assert "parameters" not in to_lay_out(drawn).source
    assert to_lay_out(drawn).graph_attr["bgcolor"] == "transparent"


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
