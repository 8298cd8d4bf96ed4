"""The page with a cut taken for none, in a real browser."""

import pytest
from test_html_in_browser import Open, open_page, rows

import gradviz
from gradviz.render.html import render_html

torch = pytest.importorskip("torch")
__all__ = ["open_page"]
pytestmark = pytest.mark.browser


def page_of_two_cuts() -> str:
    torch.manual_seed(0)
    model = torch.nn.ModuleDict({name: torch.nn.Linear(3, 3) for name in "abc"})
    with gradviz.trace() as trace:
        h = model["a"](torch.ones(2, 3)).detach()
        with torch.no_grad():
            g = model["b"](h).relu()
        loss = model["c"](h + g).sum()
    return render_html(trace.report(loss, model))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_click_shows_the_verdicts_without_one_cut_and_the_next_what_is(
    open_page: Open, scheme: str
) -> None:
    page = open_page(page_of_two_cuts(), scheme=scheme)
    before = page.inner_text("h1"), page.inner_text("#filters"), rows(page)
    page.click("text=What if this line did not cut?")
    assert page.inner_text("#filters").split() == ["reached", "4", "cut", "2"]
    assert page.inner_text("h1").startswith("If detach() at test_page_without.py:")
    assert "Gradient would come back to (2)" in page.inner_text("#panel")
    assert "taken for no cut" in page.inner_text("#cuts")
    assert rows(page)[0].endswith("reached")
    page.click("text=Back to what is")
    assert (page.inner_text("h1"), page.inner_text("#filters"), rows(page)) == before


def test_the_address_keeps_it(open_page: Open) -> None:
    page = open_page(page_of_two_cuts(), fragment="if=1")
    assert page.inner_text("#filters").split() == ["reached", "4", "cut", "2"]
    assert "torch.no_grad()" in page.inner_text("h1")
    page.locator("#cuts button").first.click()
    assert page.locator("text=What if this line did not cut?").count() == 0
    page = open_page(page_of_two_cuts(), fragment="if=7")
    assert page.inner_text("#filters").split() == ["reached", "2", "cut", "4"]
