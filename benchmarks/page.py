"""The page in real headless Chromium: how large it is, how soon it is there, how smoothly it moves.

    python benchmarks/page.py

Bounds: Llama with 32 layers opens within 0.5 s and is at most 300 KB; 35,000 nodes open within 1 s,
a frame takes 17 ms in the median while the view is dragged and zoomed, and opening every module
never holds the page up for more than 0.5 s.
"""

import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

try:
    from playwright.sync_api import Page, sync_playwright
except ImportError:
    raise SystemExit("not measured: needs playwright (pip install 'torch-gradviz[test]')") from None
from models import Forward, language_model, llama32, transformers

import gradviz

OPENS, OPENS_LARGE, FRAME, BLOCKS, LARGEST = 0.5, 1.0, 17.0, 0.5, 300.0  # s, s, ms, s, KB
WATCH = """() => {
  window.frames_ = [];
  let last = performance.now();
  const frame = now => {
    window.frames_.push(now - last); last = now; requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}"""


def deep() -> tuple[Forward, torch.nn.Module]:
    """A Llama of 35,000 nodes: narrow, and of 440 layers."""
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=100,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=440,
        num_attention_heads=2,
        num_key_value_heads=1,
    )
    return language_model(transformers.LlamaForCausalLM(config).train(), 100, length=8)


def chain() -> tuple[Forward, torch.nn.Module]:
    """35,000 operations in one module, with nothing that repeats."""
    model = torch.nn.Linear(4, 4)
    turns = torch.randint(0, 3, (35_000,), generator=torch.Generator().manual_seed(0)).tolist()

    def forward() -> torch.Tensor:
        value = model(torch.ones(1, 4))
        for turn in turns:
            value = value * 1.0001 if turn == 0 else value + 1e-4 if turn == 1 else value.tanh()
        return value.sum()

    return forward, model


def write(make: Any, path: Path) -> tuple[int, float]:
    """Write the page, and return the number of nodes and the seconds it took."""
    forward, model = make()
    with gradviz.trace() as trace:
        loss = forward()
    report = trace.report(loss, model)
    start = time.perf_counter()
    report.to_html(path)
    return len(report.graph.nodes), time.perf_counter() - start


def frames(page: Page) -> list[float]:
    """The milliseconds between frames since the last call."""
    found: list[float] = page.evaluate(
        "() => { const all = window.frames_.slice(1); window.frames_.length = 0; return all }"
    )
    return found


def opened(page: Page, path: Path) -> float:
    """Open the page three times and return the median of the seconds until the graph is drawn."""
    times = []
    for _ in range(3):
        page.goto("about:blank")
        page.goto(path.as_uri())
        page.wait_for_selector("#stage[data-boxes]")
        times.append(
            page.evaluate("() => performance.getEntriesByName('drawn')[0].startTime") / 1000
        )
    return statistics.median(times)


def moved(page: Page) -> list[float]:
    """Drag and zoom, and return what the frames took."""
    page.mouse.move(700, 450)
    frames(page)
    page.mouse.down()
    for step in range(60):
        page.mouse.move(700 + 3 * step, 450 - 4 * step)
    page.mouse.up()
    for step in range(40):
        page.mouse.wheel(0, -60 if step < 20 else 60)
    return frames(page)


def main() -> int:
    """Measure, print, and return 1 where a bound does not hold."""
    chromium = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    if chromium is None:
        raise SystemExit("not measured: no Chromium on PATH")
    good = True
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, make, limit in (
            ("Llama, 32 layers", llama32, OPENS),
            ("Llama, 440 layers", deep, OPENS_LARGE),
            ("chain", chain, OPENS_LARGE),
        ):
            path = Path(folder) / "page.html"
            nodes, seconds = write(make, path)
            page = browser.new_page(viewport={"width": 1400, "height": 900})
            size, until = path.stat().st_size / 1000, opened(page, path)
            page.evaluate(WATCH)
            folded = statistics.median(moved(page))
            frames(page)
            page.click("#expand")
            page.wait_for_timeout(1500)
            longest = max(frames(page)) / 1000
            whole = moved(page)
            page.keyboard.press("+")
            for _ in range(12):
                page.click("#zoom-in")
            near = moved(page)
            boxes = int(page.get_attribute("#stage", "data-boxes") or 0)
            page.close()
            worst = max(folded, statistics.median(whole), statistics.median(near))
            holds = (
                until <= limit
                and worst <= FRAME
                and longest <= BLOCKS
                and (limit > OPENS or size <= LARGEST)
            )
            good &= holds
            print(
                f"{name:18} {nodes:6,} nodes, written in {seconds:.2f} s, {size:5.0f} KB, opens in"
                f" {until:.2f} s, frame {worst:.1f} ms, expand all {boxes:,} boxes: longest"
                f" {longest:.2f} s  {'ok' if holds else 'MISSED'}",
                flush=True,
            )
        browser.close()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
