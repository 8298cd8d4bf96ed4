"""The page as text.

What is in it, that it stays small and the same, and that a name is never more than text.
"""

import json
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import graphs
import pytest

import gradviz.render.html
from gradviz.graph import Verdict
from gradviz.render.html import SCRIPT, render_html
from gradviz.render.style import LOOKS, STROKES
from gradviz.reports import Report

EVIL = "</script><img src=x onerror=alert(1)>"


class Tags(HTMLParser):
    """Collects start tags with their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def tags(html: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = Tags()
    parser.feed(html)
    return parser.tags


def data(html: str) -> Any:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    assert found
    return json.loads(found.group(1))


def evil() -> Report:
    net = graphs.Builder()
    into = net.operation(EVIL, net.loss, scope=f"{EVIL}.inner")
    net.parameter(f"{EVIL}.inner.{EVIL}", into, shape=(2,))
    report = net.report(notes=(EVIL,))
    return replace(report, graph=replace(report.graph, classes={f"{EVIL}.inner": EVIL}))


@pytest.mark.parametrize("layers", [3, 200])
def test_modules_and_runs_of_equal_ones_know_their_class(layers: int) -> None:
    net = graphs.Builder()
    into = net.operation("SumBackward0", net.loss)
    for number in reversed(range(layers)):
        into = net.operation(
            "ReluBackward0",
            net.operation("AddBackward0", into, scope=f"h.{number}"),
            scope=f"h.{number}.act",
        )
    report = net.report()
    classes = {
        "h": "ModuleList",
        **{f"h.{number}": "Block" for number in range(layers)},
        **{f"h.{number}.act": "ReLU" for number in range(layers)},
    }
    loss = data(render_html(replace(report, graph=replace(report.graph, classes=classes))))[
        "losses"
    ][0]
    told = {(row[1], loss["strings"][row[4]]) for row in loss["groups"]}
    assert {(f"h.0..{layers - 1}", "Block"), ("h.0", "Block"), ("act", "ReLU"), ("", "")} <= told


def test_nothing_in_the_page_comes_from_outside() -> None:
    html = render_html(graphs.every_verdict())
    for tag, attributes in tags(html):
        assert not {"src", "href", "style", "srcset", "action"} & set(attributes), tag
        assert not any(name.startswith("on") for name in attributes), tag
        assert tag not in ("link", "iframe", "img", "base", "object", "embed")
    assert "url(" not in html
    assert "@import" not in html
    assert "http://www.w3.org/2000/svg" in html
    assert set(re.findall(r"https?://[^\s\"'`]+", html)) == {"http://www.w3.org/2000/svg"}


def test_the_policy_allows_its_own_script_and_style_and_nothing_else() -> None:
    policy = next(
        attributes["content"]
        for _, attributes in tags(render_html(graphs.none()))
        if "http-equiv" in attributes
    )
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert set(re.findall(r"[a-z-]+-src", policy)) == {"default-src", "script-src", "style-src"}


@pytest.mark.parametrize(
    "name", [EVIL, "<!--<script>", "]]>", "&lt;b&gt;", "\u2028", "a\x00b", "\ud800", "\u202etxt"]
)
def test_a_name_is_only_text(name: str) -> None:
    net = graphs.Builder()
    net.parameter(f"{name}.weight", net.operation(name, net.loss, scope=name), shape=(2,))
    html = render_html(net.report(notes=(name,)))
    plain = render_html(graphs.none())
    assert [tag for tag, _ in tags(html)] == [tag for tag, _ in tags(plain)]
    assert html.count("</script") == plain.count("</script") == 2
    inside = html[html.index('id="data">') + len('id="data">') : html.index("</script>")]
    assert not set("<>&") & set(inside)
    assert inside.isascii()
    html.encode()


def test_the_headline_is_text_too() -> None:
    net = graphs.Builder()
    net.parameter(f"{EVIL}.weight", None, Verdict.UNUSED)
    net.parameter("other", net.operation("Add", net.loss))
    html = render_html(net.report())
    assert "<img" not in html
    assert "&lt;/script&gt;&lt;img" in html


def test_the_page_holds_everything_that_is_drawn_and_every_parameter() -> None:
    for make in (*graphs.ARTICLE_MODES.values(), graphs.every_verdict, graphs.oddly_named):
        report = make()
        (loss,) = data(render_html(report))["losses"]
        drawn = sum(1 for item in graphs.whole_sketch(report).items if not item.key.startswith("u"))
        texts, numbers = (graphs.unrolled(loss["nodes"][name]) for name in ("text", "parameter"))
        assert len(texts) >= drawn
        things = [number for number in loss["tree"][1:] if number >= 0]
        assert sorted(things) == list(range(len(texts)))
        assert set(numbers) >= set(range(len(report.parameters)))
        assert len(graphs.unrolled(loss["parameters"]["numel"])) == len(report.parameters)
        verdicts = data(render_html(report))["verdicts"]
        written = graphs.unrolled(loss["parameters"]["verdict"])
        assert [verdicts[number]["word"] for number in written] == [
            str(p.verdict) for p in report.parameters.values()
        ]


def test_the_reason_of_a_cut_parameter_names_the_line() -> None:
    (loss,) = data(render_html(graphs.detached()))["losses"]
    reason = loss["strings"][graphs.unrolled(loss["parameters"]["reason"])[0]]
    assert (
        reason == "Its value went into the loss, but no route back is left: cut by detach_() at"
        " article.py:31."
    )


def test_colours_are_those_of_the_table() -> None:
    html = render_html(graphs.none())
    for verdict, look in LOOKS.items():
        for paint in (look.light, look.dark):
            assert f"--{verdict}-fill:{paint.fill};--{verdict}-stroke:{paint.stroke};" in html
    for name, stroke in STROKES.items():
        assert f"--line-{name}:{stroke.light};" in html
        assert f"--line-{name}:{stroke.dark};" in html


def test_several_losses_are_all_in_the_page() -> None:
    report = replace(
        graphs.none(),
        loss="adv + rec",
        losses={
            "adv": replace(graphs.none(), loss="adv"),
            "rec": replace(graphs.detached(), loss="rec"),
        },
    )
    assert [loss["name"] for loss in data(render_html(report))["losses"]] == [
        "adv + rec",
        "adv",
        "rec",
    ]


def test_the_empty_report_has_a_page() -> None:
    assert "There are no parameters" in render_html(
        graphs.empty()
    ) or "No parameters" in render_html(graphs.empty())


def test_a_graph_deeper_than_the_stack_has_a_page() -> None:
    (loss,) = data(render_html(graphs.chain(5000)))["losses"]
    assert loss["things"] == 5002


def test_a_box_says_what_the_picture_says_of_the_same_parameters() -> None:
    (loss,) = data(render_html(graphs.every_verdict()))["losses"]
    boxes = {tuple(loss["strings"][line[0]] for line in lines) for lines in loss["boxes"]}
    assert ("shared", "reached, partial (3)") in boxes
    assert any(box[0] == "aux" and box[-1].startswith("unused (") for box in boxes)
    assert ("item()", "train.py:7") in boxes
    assert loss["cuts"][0]["severs"] == "cuts off 1 parameter, one route of 1 parameter"


def test_wide_characters_take_two_columns() -> None:
    (loss,) = data(render_html(graphs.oddly_named()))["losses"]
    wide = {loss["strings"][int(number)]: columns for number, columns in loss["wide"].items()}
    assert wide["\u6f22\u5b57.\u30ab\u30bf\u30ab\u30ca"] == 13


def test_no_line_of_the_script_is_long_and_all_its_parts_are_in_the_page() -> None:
    folder = Path(gradviz.render.html.__file__).parent / "page/app"
    html = render_html(graphs.none())
    assert {path.stem for path in folder.iterdir()} == set(SCRIPT)
    for path in folder.iterdir():
        lines = path.read_text(encoding="utf-8").splitlines()
        assert max(map(len, lines)) <= 100, path.name
        assert all(
            line.strip() in html
            for line in lines
            if line.startswith(("function ", "class ", "const "))
        ), path.name


def test_two_processes_give_the_same_bytes(tmp_path: Path) -> None:
    script = (
        "import graphs, hashlib; from gradviz.render.html import render_html; "
        "print(hashlib.sha256(render_html(graphs.every_verdict()).encode()).hexdigest())"
    )
    found = set()
    for seed in ("1", "2"):
        command = [sys.executable, "-c", script]
        environment = {
            "PYTHONHASHSEED": seed,
            "PYTHONPATH": f"{Path(__file__).parent}:{Path(__file__).parents[2] / 'viz'}",
            "PATH": "/usr/bin:/bin",
        }
        found.add(
            subprocess.run(
                command, capture_output=True, text=True, check=True, env=environment, cwd=tmp_path
            ).stdout
        )
    assert len(found) == 1


def test_the_file_is_written(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    assert graphs.none().to_html(path) == path.read_text(encoding="utf-8")


def test_the_glossary_of_the_documentation_has_every_word_of_the_page() -> None:
    page = data(render_html(graphs.detached()))
    glossary = (Path(__file__).parents[2] / "docs/reference/words.md").read_text(encoding="utf-8")
    words = [*(verdict["word"] for verdict in page["verdicts"]), "*partial*"]
    assert [word for word in words if f"\n| {word} |" not in glossary] == []
    of_steps = [word for word, _ in page["words"]]
    rows = [word for word in of_steps if f"\n| {word} |" in glossary or f"**{word}**" in glossary]
    assert rows == of_steps
