"""The pictures over time in the page, in a real browser."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import graphs
import pytest

from gradviz.reports import Report
from gradviz.series.data import Line, Series

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


def series() -> Series:
    """Three blocks, the first with hardly any gradient, one call of it zero and one not finite."""
    norms = {
        "f1.weight": (1e-9, 0.0, float("nan")),
        "f2.weight": (1e-4, 1e-4, 1e-4),
        "f3.weight": (1.0, 2.0, 3.0),
    }
    lines = (
        Line(
            name=name,
            numel=4,
            norms=some,
            ratios=(None,) * 3,
            weights=(None,) * 3,
            zeros=(0.0, 1.0, 0.0),
        )
        for name, some in norms.items()
    )
    return Series(calls=(10, 20, 30), watched=3, losses=(1.0, 0.5, None), parameters=tuple(lines))


@pytest.fixture(scope="module")
def opened(
    browser: "Browser", tmp_path_factory: pytest.TempPathFactory
) -> "Iterator[tuple[Page, str]]":
    """A page of a browser, and the address of a report."""
    path: Path = tmp_path_factory.mktemp("time") / "run.html"
    replace(Report.of(graphs.none()), series=series()).to_html(path)
    page = browser.new_page(viewport={"width": 1200, "height": 700})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page, path.as_uri()
    assert errors == []


@pytest.fixture
def page(opened: "tuple[Page, str]") -> "Page":
    """The report, with nothing opened or chosen yet."""
    page, address = opened
    page.goto("about:blank")  # else the address of another test's view counts
    page.goto(address)
    return page


def test_the_pictures_over_time_open_by_a_button_and_say_what_is_chosen(page: "Page") -> None:
    assert page.is_hidden("#time")
    page.click("#over-time")
    assert page.is_visible("#flow")
    assert page.inner_text("#chosen") == "f1, call 30: gradient NaN, update not measured, 0 % zeros"
    page.keyboard.press("ArrowLeft")
    assert (
        page.inner_text("#chosen")
        == "f1, call 20: gradient 0, update not measured, 100 % zeros; loss 5.0e-1"
    )
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.inner_text("#chosen").startswith("f3, call 20: gradient 2.0e+0")


def test_a_click_chooses_a_block_and_a_call(page: "Page") -> None:
    if page.is_hidden("#time"):
        page.click("#over-time")
    box = page.locator("#flow").bounding_box()
    assert box is not None
    # The second row, the last column
    page.mouse.click(box["x"] + box["width"] - 20, box["y"] + 26 + 27)
    assert page.inner_text("#chosen").startswith("f2, call 30: gradient 1.0e-4")


def test_every_step_of_the_scale_zero_and_nan_are_painted(page: "Page") -> None:
    if page.is_hidden("#time"):
        page.click("#over-time")
    found = page.evaluate("""() => {
          const canvas = document.getElementById("flow");
          const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          const seen = {};
          for (let at = 0; at < data.length; at += 4) {
            const key = "#" + [0, 1, 2].map(part => data[at + part].toString(16).padStart(2, "0")).join("");
            if (data[at + 3] === 255) seen[key] = (seen[key] || 0) + 1;
          }
          const style = getComputedStyle(document.documentElement);
          const names = ["s0", "s4", "s8", "zero-fill", "cut-fill"];
          return names.map(name => seen[style.getPropertyValue("--" + name).trim()] || 0);
        }""")
    assert all(count > 30 for count in found), found


def test_a_page_without_a_series_offers_none(tmp_path: Path) -> None:
    path = tmp_path / "plain.html"
    Report.of(graphs.none()).to_html(path)
    text = path.read_text(encoding="utf-8")
    assert '"series":null' in text
