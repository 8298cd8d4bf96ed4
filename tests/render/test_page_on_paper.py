"""The page in print, and the patches on it, in a real browser."""

from itertools import pairwise

import graphs
import pytest
from test_html_in_browser import Open, boxes, open_page, pixels, repeated
from test_page_patches import PATCH

from gradviz.graph import Verdict
from gradviz.render.html import render_html
from gradviz.render.style import LOOKS

__all__ = ["open_page"]
pytestmark = pytest.mark.browser
A4 = (794, 1123)


def test_paper_has_the_report_what_made_it_and_the_whole_picture(open_page: Open) -> None:
    page = open_page(render_html(graphs.detached(), command="gradviz show train.py:step"))
    page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": A4[0], "height": A4[1]})
    assert "Fix: " in page.inner_text("#panel")
    assert page.inner_text("#panel .made code") == "gradviz show train.py:step"
    assert not page.locator("#tools").is_visible()
    assert "gradient stops" in page.inner_text("#paper #legend")
    texts = page.locator("#paper svg text").all_text_contents()
    assert {"f1", "f2", "f3", "detach_()", "loss"} <= set(texts)
    assert page.locator("#paper svg").bounding_box()["width"] <= A4[0]  # type: ignore[index]


def test_a_tall_picture_goes_on_from_page_to_page(open_page: Open) -> None:
    page = open_page(repeated(7))
    page.click("#expand")
    page.wait_for_function("() => document.getElementById('stage').dataset.boxes > 20")
    page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    views = [
        [float(number) for number in view.split()]
        for view in page.locator("#paper svg").evaluate_all(
            "parts => parts.map(part => part.getAttribute('viewBox'))"
        )
    ]
    assert len(views) > 1
    for above, below in pairwise(views):
        assert abs(above[1] + above[3] - below[1]) < 0.1


def test_paper_is_light_whatever_the_screen_is_and_the_screen_comes_back(open_page: Open) -> None:
    page = open_page(graphs.detached(), scheme="dark")
    page.locator("#cuts button").first.click()
    chosen = page.inner_text("#panel h2")
    page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("() => document.documentElement.dataset.scheme") == "light"
    page.evaluate("() => dispatchEvent(new Event('afterprint'))")
    boxes(page)
    assert page.evaluate("() => document.documentElement.dataset.scheme ?? ''") == ""
    assert page.inner_text("#panel h2") == chosen
    assert page.locator("#under #legend").is_visible()
    assert page.locator("#paper svg").count() == 0
    assert pixels(page).get(LOOKS[Verdict.REACHED].dark.fill, 0) > 300


def test_a_button_shows_the_measured_patch_of_the_culprit(open_page: Open) -> None:
    page = open_page(render_html(graphs.detached(), patches=[PATCH]))
    button = page.get_by_role("button", name="Measured patch: drop .detach()")
    assert not page.locator(".patch").is_visible()
    button.click()
    assert button.get_attribute("aria-expanded") == "true"
    assert "Effect: gradient reaches f.*." in page.inner_text("#panel")
    assert page.locator(".patch .added").inner_text().strip() == "+   h = f(x)"


def test_a_page_without_a_patch_has_no_such_button(open_page: Open) -> None:
    page = open_page(graphs.detached())
    assert page.get_by_role("button", name="Measured patch").count() == 0


def test_the_whole_answer_stands_on_a_phone(open_page: Open) -> None:
    page = open_page(graphs.detached(), size=(390, 844))
    heights = page.evaluate(
        "() => { const h = document.querySelector('h1'); return [h.scrollHeight, h.clientHeight] }"
    )
    assert heights[0] == heights[1]


@pytest.mark.parametrize("size", [(1400, 900), (1024, 768), (390, 844)])
def test_what_made_the_page_stands_in_its_corner_or_in_the_details(
    open_page: Open, size: tuple[int, int]
) -> None:
    page = open_page(render_html(graphs.detached(), command="gradviz run a.py"), size=size)
    shown = [code.is_visible() for code in page.locator("#made code, .made code").all()]
    assert sorted(shown) == [False, True]
