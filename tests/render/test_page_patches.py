"""The page shows patches whose effect was measured, and no others."""

import json
import re

import graphs

from gradviz.graph import Cut, CutKind, Place
from gradviz.render.html import render_html
from gradviz.render.page_patches import PagePatch, patches_data, patches_of

DIFF = b"--- a/train.py\n+++ b/train.py\n@@ -3 +3 @@\n-\th = f(x).detach()\n+\th = f(x)\n"
PATCH = PagePatch(
    title="drop .detach()",
    effect=("Effect: gradient reaches f.*.",),
    diff=DIFF,
    places=(Place("train.py", 3),),
    reached=("f.weight", "f.bias"),
)


def cut(line, *parameters):
    return Cut(
        kind=CutKind.DETACH, operation="detach()", file="train.py", line=line, parameters=parameters
    )


def test_a_patch_answers_the_cut_at_its_line_and_one_behind_which_all_is_reached_now():
    assert patches_of(cut(3, "g.weight"), [PATCH]) == [0]
    assert patches_of(cut(9, "f.weight"), [PATCH]) == [0]
    assert patches_of(cut(9, "f.weight", "g.weight"), [PATCH]) == []


def test_the_patch_is_shown_line_by_line_and_copied_as_it_is():
    (data,) = patches_data([PATCH])
    assert data["whole"] == DIFF.decode()
    assert data["diff"][-1] == "+   h = f(x)"


def test_bytes_that_are_no_utf_8_are_shown_and_not_copied():
    latin = PagePatch(title="", effect=(), diff=b"+# \xe9\r\n", places=(), reached=())
    (data,) = patches_data([latin])
    assert (data["diff"], data["whole"]) == (["+# \ufffd"], "")


def test_a_page_without_a_measured_patch_has_none():
    net = graphs.Builder()
    page = render_html(net.report())
    data = json.loads(re.search(r'id="data">(.*?)</script>', page)[1])
    assert data["patches"] == []
