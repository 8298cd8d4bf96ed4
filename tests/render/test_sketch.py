"""What is to be drawn, before anything has a place or a colour."""

import pytest

from gradviz.graph import Verdict
from gradviz.render.sketch import Item, Sketch, SketchLine, Sort, look_of, short, spine, spine_first
from gradviz.render.style import LOOKS, LOSS, OP


def sketch(*pairs):
    keys = dict.fromkeys(key for pair in reversed(pairs) for key in reversed(pair))
    items = tuple(Item(key=key, sort=Sort.OPERATION) for key in keys)
    return Sketch(items, tuple(SketchLine(source=a, target=b, stroke="gradient") for a, b in pairs))


def pairs(lines):
    return {(line.source, line.target) for line in lines}


def test_the_longest_way_back_is_straight():
    content = sketch(("c", "b"), ("b", "loss"), ("short", "loss"))
    assert pairs(spine(content)) == {("c", "b"), ("b", "loss")}


def test_a_loop_has_an_end_and_a_deep_graph_no_recursion():
    assert spine(sketch(("a", "b"), ("b", "a")))
    deep = sketch(*((f"n{number + 1}", f"n{number}") for number in range(5000)))
    assert len(spine(deep)) == 5000


def test_the_straight_line_into_each_item_comes_first():
    content = sketch(("short", "loss"), ("c", "b"), ("b", "loss"))
    first = {line.target: line.source for line in reversed(spine_first(content).lines)}
    assert first["loss"] == "b"
    assert pairs(spine_first(content).lines) == pairs(content.lines)


@pytest.mark.parametrize(
    ("item", "look"),
    [
        (Item(key="a", sort=Sort.LOSS), LOSS),
        (Item(key="a", sort=Sort.OPERATION), OP),
        (Item(key="a", sort=Sort.TENSOR, verdict=Verdict.CUT), LOOKS[Verdict.CUT]),
    ],
)
def test_a_verdict_decides_how_an_item_looks_and_else_its_sort(item, look):
    assert look_of(item) is look


def test_a_long_name_loses_its_middle_and_keeps_its_ends():
    assert short("encoder.layers.0.weight") == "encoder.layers.0.weight"
    name = short("a" * 30 + "b" * 30, 11)
    assert (len(name), name[0], name[-1]) == (11, "a", "b")
    assert "\n" not in short("two\nlines")
