"""The page about the tools side by side, and its plot, from the figures of a run.

python benchmarks/peers/page.py FIGURES.json writes both again from figures that were kept.
"""

import json
import math
import statistics
import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

TOOLS = (
    "gradviz",
    "torchviz",
    "torchview",
    "torchlens",
    "torchvista",
    "torchinfo",
    "anomaly mode",
    "wandb.watch",
)
DRAW = ("gradviz", "torchviz", "torchview", "torchlens", "torchvista")
SUBJECTS = (
    "the article's net",
    "the same, f2 frozen",
    "the same, detached",
    "ResNet-50",
    "BERT",
    "GPT-2 small",
    "Llama, 32 layers",
    "RNN, 2,000 steps",
    "LoRA on GPT-2",
)
COLOURS = ("#00664b", "#0b5cad", "#b3261e", "#7a5b00", "#6b4fa0")
ANSWERS = (
    "who gets gradient",
    "frozen, passed through",
    "cut",
    "unused",
    "line of the cut",
    "does it train",
    "NaN in forward, its line",
    "NaN in backward, its line",
)
INTRODUCTION = """# Side by side with other tools

Made by `make bench-peers` on {date}: {cpu}, {system}, Python {python}, a load of {load} when it
began. Other work ran on the machine, so compare figures of one row with each other, not with your
own. Each tool had a process of its own for each model, with one thread and {seconds:.0f} seconds;
in it the tool took turns with the plain step, twice after a first time for warmth, and the tools
took turns model by model. Versions: {versions}.

Each tool has the settings with which it tells most: torchviz the parameters' names and attributes
and a deep stack, torchview and torchvista all modules open, torchlens its own backward and the
line of each call, torchinfo the column of what is trainable, `wandb.watch` gradients, parameters
and graph at each step, offline. These tools were made for other questions: torchlens for looking
into activations, torchview and torchvista for the architecture, torchinfo for sizes,
`wandb.watch` for histograms over a long run. What they do well there is not measured here.

## What they say

Asked of small programs with known answers, and checked by a program
(`benchmarks/peers`): a right word for each parameter, or the right line
somewhere in what is printed, returned or drawn.
"""
TIMES = """
*The same bytes twice*: the picture, or the text where there is none, from two processes. *Left
changed*: what is otherwise after a step with the tool than after the same step without it, in a
net with batch normalisation and dropout; a tool that runs a forward of its own moves the first's
statistics and the second's random numbers.

## Time to a finished picture

Seconds for forward, backward and the picture in a file, the median of the turns.

![Time to a finished picture](../_static/peers.svg)
"""
RATIOS = """
## A step under the tool

How many times as long as the plain step, without a picture: what each tool does while the step
runs and to make its graph, table or histograms. torchvista makes graph and picture in one, and
stands above.
"""
MEMORY = """
## Memory

The most memory of the process with the tool and its picture, beyond that of the model and a plain
step, in MiB.
"""


def write(results: dict[str, Any], docs: Path) -> None:
    """Write the page and the plot into the documentation."""
    facts = results["machine"] | {
        "seconds": results["seconds"],
        "versions": ", ".join(f"{name} {text}" for name, text in results["versions"].items()),
    }
    page = [
        INTRODUCTION.format(**facts),
        *says(results),
        *([f"\n{results['note']}"] if "note" in results else []),
        TIMES,
        *table(results, DRAW, "picture", seconds),
        RATIOS,
        *table(results, [tool for tool in TOOLS if tool != "torchvista"], "ratio", times),
        MEMORY,
        *table(results, TOOLS, "memory", "{:,.0f}".format),
    ]
    (docs / "reference" / "peers.md").write_text("\n".join(page) + "\n")
    (docs / "_static" / "peers.svg").write_text(plot(results))


def seconds(value: float) -> str:
    """Return ``"0.12 s"``."""
    return f"{value:.3f} s" if value < 0.1 else f"{value:.2f} s" if value < 10 else f"{value:.0f} s"


def times(value: float) -> str:
    """Return ``"1.05"``, or ``"120"``."""
    return f"{value:.2f}" if value < 10 else f"{value:,.0f}"


def figure(done: dict[str, Any], what: str) -> float | None:
    """Return one figure of one tool on one model; None where it has none."""
    answers = done["answers"]
    if what == "memory":
        if answers.get("peak") is None or done["ended"]:
            return None
        return float(answers["peak"] - answers["peak before"])
    if what == "ratio":
        pairs = list(zip(answers.get("graph", []), answers.get("plain", []), strict=True))
        return statistics.median(one / plain for one, plain in pairs) if pairs else None
    return statistics.median(answers[what]) if answers.get(what) else None


def ended(done: dict[str, Any], limit: float) -> str:
    """Say why there is no figure."""
    if done["ended"] == "time":
        return f"over {done.get('limit', limit):.0f} s"
    return done["ended"].split(": ")[1].split("(")[0][:40] if ": " in done["ended"] else "–"


def table(results: dict[str, Any], tools: Any, what: str, form: Any) -> Iterator[str]:
    """Yield the lines of a table: a model to a row, a tool to a column."""
    yield "| | " + " | ".join(tools) + " |"
    yield "| --- |" + " ---: |" * len(tools)
    for shown, row in results["times"].items():
        cells = []
        for tool in tools:
            done = row.get(tool)
            value = figure(done, what) if done else None
            missing = ended(done, results["seconds"]) if done else "not run"
            cells.append(missing if value is None else form(value))
        yield f"| {shown} | " + " | ".join(cells) + " |"


def says(results: dict[str, Any]) -> Iterator[str]:
    """Yield the table of what each tool answers."""
    yield "| | " + " | ".join(TOOLS) + " |"
    yield "| --- |" + " --- |" * len(TOOLS)
    for question in ANSWERS:
        answers = [results["says"][tool]["answers"].get(question) for tool in TOOLS]
        cells = ["?" if answer is None else "yes" if answer else "no" for answer in answers]
        yield f"| {question} | " + " | ".join(cells) + " |"
    same = ["yes" if results["same"][tool] else "no" for tool in TOOLS]
    yield "| the same bytes twice | " + " | ".join(same) + " |"
    left = [results["says"][tool]["answers"].get("changed") for tool in TOOLS]
    cells = ["?" if text is None else text or "nothing" for text in left]
    yield "| left changed | " + " | ".join(cells) + " |"


def plot(results: dict[str, Any]) -> str:
    """Return a plot of the times to a picture: a row for each model, a bar for each tool."""
    low, high, left, wide, bar = -2.5, 2.0, 130, 420, 7
    shown = list(results["times"])
    row = bar * len(DRAW) + 14
    height = 46 + row * len(shown)

    def across(value: float) -> float:
        at = (math.log10(max(value, 10**low)) - low) / (high - low)
        return left + wide * min(1.0, max(0.0, at))

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + wide + 20} {height}"'
        ' role="img" font-family="sans-serif" font-size="11">',
        "<title>Time to a finished picture</title>",
        "<desc>Seconds on a logarithmic scale, by model and tool. A bar that ends in an open frame"
        " was stopped or failed.</desc>",
        "<style>text{fill:#1f2328}line{stroke:#d0d7de}@media (prefers-color-scheme: dark)"
        "{text{fill:#e6edf3}line{stroke:#3d444d}}</style>",
    ]
    for number, tool in enumerate(DRAW):
        x = left + number * 84
        parts.append(f'<rect x="{x}" y="6" width="9" height="9" fill="{COLOURS[number]}"/>')
        parts.append(f'<text x="{x + 13}" y="15">{tool}</text>')
    for power in (-2, -1, 0, 1, 2):
        x, label = across(10**power), f"{10.0**power:g} s"
        parts.append(f'<line x1="{x:.1f}" y1="24" x2="{x:.1f}" y2="{height - 16}"/>')
        parts.append(f'<text x="{x:.1f}" y="{height - 4}" text-anchor="middle">{label}</text>')
    for place, name in enumerate(shown):
        top = 28 + place * row
        parts.append(
            f'<text x="{left - 8}" y="{top + row / 2:.0f}" text-anchor="end">{escape(name)}</text>'
        )
        for number, tool in enumerate(DRAW):
            done = results["times"][name].get(tool)
            if done is None:
                continue
            value = figure(done, "picture")
            length = across(results["seconds"] if value is None else value) - left
            style = (
                f'fill="none" stroke="{COLOURS[number]}" stroke-dasharray="2 2"'
                if value is None
                else f'fill="{COLOURS[number]}"'
            )
            parts.append(
                f'<rect x="{left}" y="{top + number * bar}" width="{length:.1f}"'
                f' height="{bar - 1}" {style}/>'
            )
    return "\n".join([*parts, "</svg>", ""])


if __name__ == "__main__":
    write(json.loads(Path(sys.argv[1]).read_text()), Path(__file__).parents[2] / "docs")
