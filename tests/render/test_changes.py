"""Pictures of a difference.

What is marked in them, small and folded, and that nothing else changes.
"""

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from graphs import whole_sketch

from gradviz.article import follow
from gradviz.comparing.diff import compare
from gradviz.facts.parameters import Parameters
from gradviz.folding.boxes import View
from gradviz.graph import Parameter, Verdict
from gradviz.render.changes import changes
from gradviz.render.svg import drawing, render_svg
from gradviz.reports import Report


@pytest.fixture(scope="module")
def none():
    return follow("none").report


@pytest.fixture(scope="module")
def detached():
    return follow("detach").report


def marked(before, after, view=None):
    picture = render_svg(
        after,
        view or View(),
        engine="embedded",
        changes=changes(compare(before, after), before, after),
    )
    ElementTree.fromstring(picture)
    return picture


def ringed(picture):
    """The titles of the nodes that have a ring, and what is written last in each."""
    nodes = ElementTree.fromstring(picture).iter("{http://www.w3.org/2000/svg}g")
    found = {}
    for node in nodes:
        parts = {child.tag.rpartition("}")[2]: child for child in node}
        if "rect" in parts and "title" in parts:
            texts = [child.text for child in node if child.tag.endswith("text")]
            found[texts[0]] = texts[-1]
    return found


def test_what_changed_and_the_cut_that_came_are_marked_with_a_ring_and_a_word(none, detached):
    picture = marked(none, detached)
    was = dict.fromkeys(["f1.weight", "f1.bias", "f2.weight", "f2.bias"], "was reached")
    assert ringed(picture) == {"detach_()": "new", **was}
    assert "<title" in picture
    assert (
        ElementTree.fromstring(picture)[0].text
        == "f1 and f2 were reached and are cut; detach_() at article.py:59 came"
    )
    assert "new or changed" in picture
    assert ">gone<" not in picture


def test_what_went_is_drawn_beside_the_graph(none, detached):
    picture = marked(detached, none)
    assert ringed(picture)["detach_()"] == "gone"
    assert ringed(picture)["f1.bias"] == "was cut"
    assert "went .ring{stroke-dasharray" in picture
    fewer = replace(
        none,
        parameters=Parameters(
            tuple(p for p in none.parameters.values() if not p.name.startswith("f3"))
        ),
    )
    assert ringed(marked(none, fewer)) == {"f3.*": "gone, was reached"}


def test_where_nothing_differs_the_picture_has_no_ring(none):
    picture = marked(none, none)
    assert "ring" not in re.findall(r'class="(\w+)"', picture)
    assert ElementTree.fromstring(picture)[0].text == "Nothing that the gradients depend on differs"


def test_a_folded_picture_marks_the_module_that_changed(none, detached):
    picture = marked(none, detached, View(depth=0))
    assert ringed(picture) == {"f1": "2 were reached", "f2": "2 were reached", "detach_()": "new"}


def test_equal_modules_are_told_apart_by_what_changed():
    torch = pytest.importorskip("torch")
    import gradviz

    def step(frozen):
        model = torch.nn.Sequential(*(torch.nn.Linear(2, 2) for _ in range(8)))
        model[5].requires_grad_(not frozen)
        with gradviz.trace() as trace:
            loss = model(torch.ones(1, 2)).sum()
        return trace.report(loss, torch.nn.ModuleDict({"net": model}))

    before, after = step(frozen=True), step(frozen=False)
    assert ringed(marked(before, after, View(depth=1))) == {"net.5": "2 were frozen"}


def test_the_drawing_for_graphviz_is_marked_too(none, detached):
    marks = changes(compare(none, detached), none, detached)
    for view in (None, View(depth=0)):
        source = str(drawing(detached, view, marks))
        assert source.count("#8250df") == len(marks.words) // (1 if view is None else 2) + 1
        assert "f1 and f2 were reached and are cut" in source


def test_a_report_without_changes_is_drawn_as_ever(detached):
    assert render_svg(detached, engine="embedded") == detached.to_svg(engine="embedded")
    assert not any(item.change for item in whole_sketch(detached).items)


def report(**verdicts):
    return Report(
        parameters=Parameters(
            tuple(
                Parameter(name=name.replace("_", "."), verdict=Verdict(each))
                for name, each in verdicts.items()
            )
        )
    )


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({"a_w": "cut"}, {"a_w": "reached"}, "a.w was cut and is reached"),
        (
            {"a_w": "cut", "b_w": "cut", "c": "reached"},
            {"a_w": "zero", "b_w": "zero", "c": "reached"},
            "a.w and b.w were cut and are zero",
        ),
        ({"a_w": "cut"}, {"a_w": "cut", "b_w": "frozen"}, "b.w came"),
        ({"a_w": "cut", "b_w": "zero"}, {"a_w": "cut"}, "b.w went"),
        (
            {**{f"{each}_w": "cut" for each in "abcd"}, "e": "cut"},
            {**{f"{each}_w": "reached" for each in "abcd"}, "e": "cut"},
            "4 parameters were cut and are reached",
        ),
    ],
)
def test_the_headline_says_what_changed(before, after, said):
    old, new = report(**before), report(**after)
    assert changes(compare(old, new), old, new).headline == said


def test_of_very_much_that_went_the_rest_is_counted():
    old, new = (
        report(keep="reached", **{f"{each}x_w": "frozen" for each in "abcdefghijkl"}),
        report(keep="reached"),
    )
    went = changes(compare(old, new), old, new).went
    assert [item.lines[0] for item in went][-2:] == ["hx.w", "4 more parameters"]


def test_a_block_that_came_is_named_and_ringed_at_the_line_that_begins_it(none):
    after = follow("no-grad").report
    (block,) = {cut.block for cut in after.cuts}
    picture = marked(none, after)
    assert f"article.py:{block.line} came" in picture.replace("</text>", "")
    assert ringed(picture)["torch.no_grad()"] == "new"
