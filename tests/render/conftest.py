import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--hide-scrollbars",
)
SCHEMES = {
    "dark": "--blink-settings=preferredColorScheme=0",
    "light": "--blink-settings=preferredColorScheme=1",
}


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "browser: needs Chromium")


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip(f"no Chromium on PATH (looked for {', '.join(BROWSERS)})")
    return path


@pytest.fixture(scope="session")
def ask(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str, str], Any]:
    """``ask(body, script, scheme)`` loads an HTML body and returns the JSON value that ``script``,
    the body of a function, gives back.
    """

    def run(body: str, script: str, scheme: str) -> Any:
        folder = tmp_path_factory.mktemp("browser")
        page = folder / "page.html"
        report = f"document.title = JSON.stringify((() => {{ {script} }})())"
        page.write_text(
            f"<!DOCTYPE html><meta charset=utf-8><body>{body}<script>onload = () => {{ {report}"
            " }</script></body>"
        )
        command = [
            chromium,
            *QUIET,
            SCHEMES[scheme],
            f"--user-data-dir={folder / 'profile'}",
            "--dump-dom",
            page.as_uri(),
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        found = re.search(
            r"<title>(.*?)</title></head>|<head>.*?<title>(.*?)</title>", done.stdout, re.DOTALL
        )
        assert found, done.stdout[:500]
        return json.loads(_unescaped(found.group(1) or found.group(2)))

    return run


@pytest.fixture(scope="session")
def shoot(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path, str], bytes]:
    """``shoot(path, scheme)`` returns a PNG of the file as the browser shows it on a light or dark
    desktop, on no ground at all.
    """

    def run(path: Path, scheme: str) -> bytes:
        folder = tmp_path_factory.mktemp("shot")
        picture = folder / "shot.png"
        options = [
            SCHEMES[scheme],
            f"--user-data-dir={folder / 'profile'}",
            "--default-background-color=00000000",
            f"--screenshot={picture}",
        ]
        subprocess.run(
            [chromium, *QUIET, *options, path.as_uri()],
            capture_output=True,
            timeout=120,
            check=True,
        )
        return picture.read_bytes()

    return run


def _unescaped(text: str) -> str:
    return (
        text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&nbsp;", "\xa0")
        .replace("&amp;", "&")
    )
