"""The picture of a large graph: in the frame of the small one, and what is folded is said."""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import graphs
import pytest
from click.testing import CliRunner

from gradviz import cli
from gradviz.errors import EngineError
from gradviz.folding.boxes import PICTURE, View
from gradviz.folding.fold import fold
from gradviz.graph import Cut, CutKind, Place, Verdict
from gradviz.layout import dot
from gradviz.render import svg as room
from gradviz.render.svg import drawing, render_svg
from gradviz.reports import Report

SVG = "{http://www.w3.org/2000/svg}"
needs_dot = pytest.mark.skipif(not dot.is_available(), reason="no dot on PATH")
ENGINES = ["embedded", pytest.param("dot", marks=needs_dot)]


def stack(
    count: int = 40, *, frozen: int | None = None, detach: int | None = None, name: str = "layers"
) -> Report:
    """Equal blocks of a norm and a Linear layer with an activation, one frozen, or with a detach
    before one.
    """
    net = graphs.Builder()
    into, pruned = net.operation("SumBackward0", net.loss), False
    for number in reversed(range(count)):
        severed = number == detach
        if severed:
            net.cuts.append(
                Cut(
                    kind=CutKind.DETACH,
                    operation="detach()",
                    file="net.py",
                    line=7,
                    code="h = h.detach()",
                )
            )
            into = net.operation(
                "detach", into, gradient=False, severs=CutKind.DETACH, place=Place("net.py", 7)
            )
            pruned = True
        block = f"{name}.{number}"
        into = net.operation("AddBackward0", into, scope=block, pruned=pruned, gradient=not severed)
        if severed:
            net.edges[-1] = replace(net.edges[-1], severed=CutKind.DETACH, cut=0)
        for part, operation in (
            ("fc", "AddmmBackward0"),
            ("act", "ReluBackward0"),
            ("norm", "NativeLayerNormBackward0"),
        ):
            into = net.operation(operation, into, scope=f"{block}.{part}", pruned=pruned)
            for last in ("weight", "bias") if part != "act" else ():
                verdict = (
                    Verdict.CUT
                    if pruned
                    else Verdict.FROZEN
                    if number == frozen
                    else Verdict.REACHED
                )
                net.parameter(
                    f"{block}.{part}.{last}", into, verdict, shape=(4,), cut=0 if pruned else None
                )
    return net.report()


REPORTS = {
    "stack": stack,
    "frozen": lambda: stack(frozen=11),
    "detached": lambda: stack(detach=20),
    "rnn": lambda: graphs.recurrent(300),
    "chain": lambda: graphs.chain(300),
    "odd names": lambda: stack(name='<b>"&amp;\\n</b> \u6f22\u5b57'),
}


@pytest.fixture(scope="module", params=REPORTS)
def report(request: pytest.FixtureRequest) -> Report:
    return REPORTS[request.param]()


@pytest.fixture(scope="module", params=ENGINES)
def root(request: pytest.FixtureRequest, report: Report) -> Element:
    return ElementTree.fromstring(render_svg(report, engine=request.param))


def groups(root: Element, name: str) -> list[Element]:
    return [
        group
        for group in root.iterfind(f".//{SVG}g[@class='graph']/{SVG}g")
        if name in group.get("class", "").split()
    ]


def words(root: Element) -> str:
    return "\n".join(text.text or "" for text in root.iter(f"{SVG}text"))


def test_it_is_fit_to_embed_like_the_small_one(root: Element) -> None:
    assert root.get("role") == "img"
    assert root.get("width") is root.get("height") is None
    ids = [element.get("id", "") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    prefix = root.get("id", "")
    assert all(each.startswith(prefix) for each in ids)
    sheet = root.findtext(f"{SVG}style", "").replace("@media (prefers-color-scheme:dark){", "")
    for selectors in re.findall(r"([^{}]+)\{[^{}]*\}", sheet):
        assert all(
            selector.strip().startswith(f"#{prefix} ") or selector.strip() == f"#{prefix}"
            for selector in selectors.split(",")
        ), selectors
    allowed = {"svg", "title", "desc", "style", "g", "path", "polygon", "polyline", "text"}
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= allowed


def test_every_box_and_every_link_is_drawn(root: Element, report: Report) -> None:
    folded = fold(report.graph, report.parameters, budget=PICTURE)
    assert len(groups(root, "node")) == len(folded.boxes) < 30
    assert len(groups(root, "edge")) == len(folded.links)


def test_it_says_what_is_folded_in_the_picture_and_in_its_description(
    root: Element, report: Report
) -> None:
    said = (
        f"Folded: {len(report.graph.nodes):,} operations and parameters in"
        f" {len(groups(root, 'node'))} boxes."
    )
    assert said in " ".join(words(root).split("\n"))
    assert said in root.findtext(f"{SVG}desc", "")


def test_frames_and_boxes_have_the_colours_of_both_schemes(root: Element) -> None:
    sheet = root.findtext(f"{SVG}style", "")
    assert (
        sheet.partition("@media (prefers-color-scheme:dark){")[2].count(".frame{")
        == bool(groups(root, "cluster")) * sheet.count(".frame{") // 2
    )


def test_equal_blocks_lie_in_one_frame_that_says_how_many() -> None:
    root = ElementTree.fromstring(render_svg(stack(), engine="embedded"))
    (run,) = groups(root, "run")
    assert words(run).split("\n") == ["layers.0..39 \u00d740", " \u00b7 160 tensors, 160 values"]
    assert len([shape for shape in run if shape.get("class") == "pile"]) == 2


def test_the_frozen_block_stands_out() -> None:
    root = ElementTree.fromstring(render_svg(stack(frozen=11), engine="embedded"))
    (frame,) = (
        group for group in groups(root, "cluster") if "frozen" in group.get("class", "").split()
    )
    assert words(frame).split("\n") == ["layers.11", " \u00b7 4 tensors, 4 values"]


@pytest.mark.parametrize("depth", [1, 2])
def test_a_module_says_its_class_open_and_closed(depth: int) -> None:
    report = stack()
    classes = {
        "layers": "ModuleList",
        **{f"layers.{number}": "EncoderLayer" for number in range(40)},
    }
    report = replace(report, graph=replace(report.graph, classes=classes))
    root = ElementTree.fromstring(render_svg(report, View(depth=depth), engine="embedded"))
    assert any(line.startswith(": EncoderLayer") for line in words(root).split("\n"))
    names = {text.text for text in root.iter(f"{SVG}text") if text.get("class") == "name"}
    assert not any("EncoderLayer" in (name or "") for name in names)


def test_a_cut_is_marked_with_its_line_and_how_many_parameters_it_prunes() -> None:
    root = ElementTree.fromstring(render_svg(stack(detach=20), engine="embedded"))
    (mark,) = groups(root, "mark")
    assert words(mark).split("\n")[1:] == ["net.py:7", "cuts off 84 parameters"]
    assert mark.findtext(f"{SVG}title") == "cut: detach() at net.py:7: h = h.detach()"
    assert (
        Counter(group.get("class", "").split()[-1] for group in groups(root, "edge"))["severed"]
        == 1
    )


def test_two_runs_give_the_same_bytes(report: Report) -> None:
    assert render_svg(report, engine="embedded") == render_svg(report, engine="embedded")


def test_a_small_graph_is_drawn_whole_unless_folding_is_asked_for() -> None:
    assert "Folded" not in render_svg(graphs.none(), engine="embedded")
    assert "Folded" in render_svg(graphs.none(), View(depth=0), engine="embedded")


def test_what_an_engine_gives_up_on_is_folded_further_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lay_out = room.lay_out

    def impatient(source: str, **options: object) -> bytes:
        if source.count(" -> ") > 20:
            raise EngineError("too large")
        return lay_out(source, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(room, "lay_out", impatient)
    root = ElementTree.fromstring(render_svg(stack(frozen=11), View(budget=100), engine="embedded"))
    assert "could not be laid out, so more is folded." in " ".join(words(root).split("\n"))
    assert len(groups(root, "edge")) <= 20


def test_an_engine_that_draws_nothing_at_all_is_reported() -> None:
    with pytest.raises(EngineError, match="unknown engine"):
        render_svg(stack(), engine="neat")


def test_a_drawing_for_graphviz_says_what_is_folded_too() -> None:
    assert "Folded: " in drawing(stack(), View()).source
    assert "Folded: " not in drawing(stack()).source


@needs_dot
@pytest.mark.parametrize(
    ("name", "start"),
    [("g.png", b"\x89PNG"), ("g.pdf", b"%PDF"), ("g.svg", b"<svg"), ("g.dot", b"digraph")],
)
def test_the_command_line_draws_a_saved_report_as_far_open_as_it_is_told(
    tmp_path: Path, name: str, start: bytes
) -> None:
    saved = tmp_path / "report.json"
    stack(frozen=11).to_json(saved)
    result = CliRunner().invoke(
        cli.gradviz,
        ["draw", str(saved), "-o", str(tmp_path / name), "--depth", "1", "--open", "layers.11"],
    )
    assert result.exit_code == 0, result.output
    content = (tmp_path / name).read_bytes()
    assert content.lstrip().startswith(start)
    if name == "g.svg":
        assert {"layers.0..10 \u00d711", "layers.12..39 \u00d728", "fc"} <= set(
            words(ElementTree.fromstring(content)).split("\n")
        )
