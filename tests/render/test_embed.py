"""A picture is fit to embed: it reaches nothing outside itself and says what it shows."""

import re
from xml.etree import ElementTree

import pytest
from graphs import ARTICLE_MODES, every_verdict, oddly_named

from gradviz.render.svg import render_svg

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module", params=["detach", "every", "odd"])
def picture(request):
    report = {"detach": ARTICLE_MODES["detach"], "every": every_verdict, "odd": oddly_named}
    return render_svg(report[request.param](), engine="embedded")


def test_it_has_a_view_box_and_no_size(picture):
    root = ElementTree.fromstring(picture)
    assert root.get("viewBox")
    assert root.get("width") is root.get("height") is None
    assert root.get("role") == "img"


def test_it_has_a_title_and_a_description_for_those_who_cannot_see_it(picture):
    root = ElementTree.fromstring(picture)
    assert root.find(f"{SVG}title").text
    assert root.find(f"{SVG}desc").text


def test_it_runs_no_script_and_fetches_nothing(picture):
    assert "<script" not in picture
    for address in re.findall(r"""(?:href|url|src)\W+(https?:[^"')]+)""", picture):
        raise AssertionError(address)


def test_its_identifiers_are_its_own(picture):
    root = ElementTree.fromstring(picture)
    identifiers = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(identifiers) == len({*identifiers})
    other = ElementTree.fromstring(render_svg(ARTICLE_MODES["none"](), engine="embedded"))
    assert not {*identifiers} & {element.get("id") for element in other.iter() if element.get("id")}
