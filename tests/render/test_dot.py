"""The DOT source of a scene, for an engine and for people."""

import pytest
from graphs import ARTICLE_MODES, detached

from gradviz.folding.boxes import View
from gradviz.render.dot import to_carry, to_lay_out
from gradviz.render.scene import scene


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
