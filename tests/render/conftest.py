import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "browser: needs Chromium")


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip(f"no Chromium on PATH (looked for {', '.join(BROWSERS)})")
    return path


@pytest.fixture(scope="module")
def browser(chromium: str) -> "Iterator[Browser]":
    """A browser for all tests of a module: while one is open, no other loop of asyncio runs."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def shown(browser: "Browser") -> "Callable[[Path, str], Page]":
    """``shown(path, scheme)`` shows a file on a light or dark desktop, one file at a time."""
    pages: dict[str, Page] = {}

    def show(path: Path, scheme: str) -> "Page":
        if scheme not in pages:
            context = browser.new_context(
                viewport={"width": 800, "height": 600},
                color_scheme=scheme,  # type: ignore[arg-type]
            )
            pages[scheme] = context.new_page()
        pages[scheme].goto(path.as_uri())
        return pages[scheme]

    return show


@pytest.fixture(scope="module")
def ask(
    shown: "Callable[[Path, str], Page]", tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, str, str], Any]:
    """``ask(body, script, scheme)`` loads an HTML body and returns the JSON value that ``script``,
    the body of a function, gives back.
    """

    def run(body: str, script: str, scheme: str) -> Any:
        path = tmp_path_factory.mktemp("browser") / "page.html"
        path.write_text(f"<!DOCTYPE html><meta charset=utf-8><body>{body}")
        return shown(path, scheme).evaluate(f"() => {{ {script} }}")

    return run


@pytest.fixture(scope="module")
def shoot(shown: "Callable[[Path, str], Page]") -> Callable[[Path, str], bytes]:
    """``shoot(path, scheme)`` returns a PNG of the file as the browser shows it on a light or dark
    desktop, on no ground at all.
    """
    return lambda path, scheme: shown(path, scheme).screenshot(omit_background=True)
