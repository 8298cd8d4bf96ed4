"""A report in a notebook that is really run, and in the HTML that it is exported to."""

import html
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
pytest.importorskip("ipykernel", reason="ipykernel is not installed")

SETUP = """import gradviz
from gradviz import article
report = article.follow("detach").report"""
STEP = """import torch
model = torch.nn.Linear(2, 1)
with gradviz.trace() as trace:
    loss = model(torch.ones(2)).detach().sum()"""


def _ink_in_the_middle(frame: Any) -> bool:
    """Whether something is painted on the line down the middle of the canvas, at both its ends."""
    return frame.locator("#graph").evaluate("""canvas => {
      const {width, height} = canvas, all = canvas.getContext('2d').getImageData(width * 0.3, 0, width * 0.4, height).data;
      const ends = [all.slice(0, all.length * 0.3), all.slice(all.length * 0.7)];
      return ends.every(end => end.some(Boolean));
    }""")


@pytest.fixture(scope="module")
def notebook() -> Any:
    """The one notebook of these tests: a kernel that imports torch takes long to start."""
    told = "print(trace.report(loss, model))"
    codes = (SETUP, "report", "report.page(height=500)", "print(report)", STEP, told, STEP, told)
    book = nbformat.v4.new_notebook(cells=[*map(nbformat.v4.new_code_cell, codes)])
    nbclient.NotebookClient(book, timeout=120, kernel_name="python3").execute()
    return book


def test_a_report_shows_its_picture_and_its_text(notebook: Any) -> None:
    (output,) = notebook.cells[1].outputs
    assert set(output.data) == {"text/plain", "text/html", "image/svg+xml"}
    assert output.data["image/svg+xml"].startswith("<svg")
    assert len(output.data["text/plain"].splitlines()) <= 10
    text = output.data["text/html"].partition("<pre")[2].partition(">")[2]
    said = html.unescape(text.removesuffix("</pre>"))
    assert said.strip() == notebook.cells[3].outputs[0].text.strip()
    assert "  fix       Drop it, or use x.detach()" in said


def test_the_text_of_a_picture_is_about_as_large_as_that_of_the_notebook(notebook: Any) -> None:
    (output,) = notebook.cells[1].outputs
    wide = float(re.findall(r'viewBox="0 0 (\S+) ', output.data["image/svg+xml"])[0])
    (most,) = re.findall(r'<img style="width:100%;max-width:(\d+)px"', output.data["text/html"])
    assert 1.1 * wide < int(most) < 1.4 * wide


def test_a_line_of_a_cell_goes_by_the_number_that_the_reader_sees(notebook: Any) -> None:
    first, second = (notebook.cells[number].outputs[0].text for number in (5, 7))
    assert "Cut by detach() at In[5]:4\n    loss = model(torch.ones(2)).detach().sum()\n" in first
    assert "Cut by detach() at In[7]:4\n" in second


def test_the_page_comes_in_a_sandboxed_frame_when_it_is_asked_for(notebook: Any) -> None:
    (output,) = notebook.cells[2].outputs
    frame = output.data["text/html"]
    attributes = (
        r'title="2 of 6 parameters[^"]*" sandbox="allow-scripts" style="[^"]*height:500px[^"]*"'
        r' srcdoc="[^"]*"'
    )
    assert re.fullmatch(f"<iframe {attributes}></iframe>", frame)
    page = html.unescape(frame.split('srcdoc="')[1].removesuffix('"></iframe>'))
    assert page.startswith("<!DOCTYPE html>")
    assert "default-src 'none'" in page


def test_the_exported_notebook_shows_both(
    notebook: Any, browser: "Browser", tmp_path: Path
) -> None:
    nbconvert = pytest.importorskip("nbconvert", reason="nbconvert is not installed")
    path = tmp_path / "notebook.html"
    body, _ = nbconvert.HTMLExporter(template_name="basic").from_notebook_node(notebook)
    path.write_text(f"<!DOCTYPE html><meta charset=utf-8>{body}", encoding="utf-8")
    page = browser.new_page(viewport={"width": 1100, "height": 900})
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(path.as_uri())
    assert (
        page.evaluate(
            "() => document.querySelector('img, svg[role=img]').getBoundingClientRect().height"
        )
        > 100
    )
    page.locator("iframe").scroll_into_view_if_needed()  # out of sight nothing is drawn
    frame = page.frame_locator("iframe")
    frame.locator("#stage[data-boxes]").wait_for()
    page.wait_for_timeout(400)
    assert _ink_in_the_middle(frame), (
        "the graph does not stand in the middle of a frame that came into sight late"
    )
    frame.locator(".row", has_text="weight").first.click()
    assert "cut by detach_()" in frame.locator("#panel").inner_text()
    page.wait_for_timeout(400)  # longer than the page waits before it writes its address
    page.close()
    assert not complaints
