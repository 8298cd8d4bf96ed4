"""The frame of the picture and what is in it; not where the engine put things."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import graphs
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

import gradviz
from gradviz.errors import EngineError, GradvizError
from gradviz.folding.boxes import View
from gradviz.graph import Verdict
from gradviz.layout import dot, lay_out
from gradviz.render.scene import scene
from gradviz.render.sketch import Item, Sort, spine
from gradviz.render.style import GHOST, INK, LOOKS, LOSS, OP, STROKES
from gradviz.render.svg import drawing, render_svg
from gradviz.reports import Report

SVG = "{http://www.w3.org/2000/svg}"
ENGINES = [
    "embedded",
    pytest.param("dot", marks=pytest.mark.skipif(not dot.is_available(), reason="no dot on PATH")),
]
REPORTS = {
    **graphs.ARTICLE_MODES,
    "every verdict": graphs.every_verdict,
    "odd names": graphs.oddly_named,
    "rnn": lambda: graphs.recurrent(9),
    "empty": graphs.empty,
}


@pytest.fixture(scope="module", params=REPORTS)
def report(request: pytest.FixtureRequest) -> Report:
    return REPORTS[request.param]()


@pytest.fixture(scope="module")
def root(report: Report) -> Element:
    return parse(report)


def parse(report: Report, engine: str = "embedded") -> Element:
    return ElementTree.fromstring(render_svg(report, engine=engine))


def nodes(root: Element) -> dict[str, Element]:
    """The node groups of the graph by the sentence in their title."""
    groups = root.iterfind(f".//{SVG}g[@class='graph']/{SVG}g")
    return {
        group.findtext(f"{SVG}title", ""): group
        for group in groups
        if "node" in group.get("class", "").split()
    }


def words(group: Element) -> list[str]:
    return [text.text or "" for text in group.iter(f"{SVG}text")]


# fit to embed


def test_it_has_a_view_box_and_no_size_of_its_own(root: Element) -> None:
    x, y, width, height = map(float, root.get("viewBox", "").split())
    assert (x, y) == (0, 0)
    assert min(width, height) > 20
    assert root.get("width") is root.get("height") is root.get("style") is None


def test_it_is_an_image_with_a_title_and_a_description_that_it_refers_to(root: Element) -> None:
    assert root.get("role") == "img"
    title, desc = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert desc is not None
    assert root.get("aria-labelledby", "").split() == [title.get("id"), desc.get("id")]
    assert title.text
    assert desc.text
    assert root[0] is title


def test_its_identifiers_occur_once_and_begin_alike_and_differ_from_those_of_any_other_picture() -> (
    None
):
    prefixes = set()
    for make in REPORTS.values():
        root = parse(make())
        ids = [element.get("id", "") for element in root.iter() if element.get("id")]
        assert len(ids) == len(set(ids))
        prefix = root.get("id", "")
        assert re.fullmatch(r"gradviz-[0-9a-f]{8}", prefix)
        assert all(name == prefix or name.startswith(f"{prefix}-") for name in ids)
        prefixes.add(prefix)
    assert len(prefixes) == len(REPORTS)


def test_every_rule_of_its_style_sheet_reaches_into_this_picture_alone(root: Element) -> None:
    sheet = root.findtext(f"{SVG}style", "")
    rules = re.findall(
        r"([^{}]+)\{[^{}]*\}", sheet.replace("@media (prefers-color-scheme:dark){", "")
    )
    assert len(rules) > 20
    for selectors in rules:
        assert all(
            selector.strip().startswith(f"#{root.get('id')} ")
            or selector.strip() == f"#{root.get('id')}"
            for selector in selectors.split(",")
        ), selectors


def test_it_has_a_scheme_for_dark_grounds(root: Element) -> None:
    assert root.findtext(f"{SVG}style", "").count("@media (prefers-color-scheme:dark){") == 1


def test_it_has_no_script_and_asks_for_nothing_from_outside(report: Report, root: Element) -> None:
    allowed = {"svg", "title", "desc", "style", "g", "path", "polygon", "polyline", "text"}
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= allowed
    assert not [
        name
        for element in root.iter()
        for name in element.attrib
        if name.lower().startswith("on") or "href" in name
    ]
    text = render_svg(report, engine="embedded")
    assert "url(" not in text
    assert "@import" not in text
    assert "@font-face" not in text
    assert text.replace("http://www.w3.org/2000/svg", "").count("://") == 0


def test_its_ground_goes_with_the_scheme_of_its_text(root: Element) -> None:
    light, _, dark = root.findtext(f"{SVG}style", "").partition(
        "@media (prefers-color-scheme:dark){"
    )
    for sheet, paint in ((light, INK[0]), (dark, INK[1])):
        assert f"#{root.get('id')}{{background:{paint.fill}}}" in sheet
        assert f"#{root.get('id')} text{{" in sheet


def test_a_picture_for_one_scheme_has_the_colours_of_that_scheme_alone(report: Report) -> None:
    for scheme, paint, other in (("light", INK[0], INK[1]), ("dark", INK[1], INK[0])):
        text = render_svg(report, View(scheme=scheme), engine="embedded")
        grounds = re.findall(r"\{background:(#\w+)\}", text)
        assert "prefers-color-scheme" not in text
        assert grounds[-1] == paint.fill
        assert scheme == "dark" or other.fill not in grounds


def test_a_transparent_picture_has_no_ground(report: Report) -> None:
    assert "background" not in render_svg(report, View(transparent=True), engine="embedded")


def test_an_unknown_scheme_is_answered_with_those_there_are() -> None:
    with pytest.raises(
        GradvizError, match=r"unknown scheme: 'night' \(choose from auto, light, dark\)"
    ):
        View(scheme="night")


def test_the_graph_itself_paints_no_ground(root: Element) -> None:
    graph = root.find(f"{SVG}g[@class='graph']")
    assert graph is not None
    assert {child.tag for child in graph} <= {f"{SVG}g"}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Folders in which processes of two seeds left what each engine draws."""
    code = (
        "import sys; sys.path[:0] = sys.argv[1:3]; import graphs; from gradviz.render.svg import"
        " render_svg\nfor engine in sys.argv[3:]: open(engine, 'w', encoding='utf-8').write(''.join("
        "render_svg(make(), engine=engine) for make in (*graphs.ARTICLE_MODES.values(),"
        " graphs.every_verdict, graphs.oddly_named)))"
    )
    paths = [str(Path(__file__).parents[2] / "viz"), str(Path(__file__).parent)]
    engines = ("embedded", "dot") if dot.is_available() else ("embedded",)
    folders = []
    for seed in ("0", "4711"):
        folders.append(tmp_path_factory.mktemp("drawn"))
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code, *paths, *engines],
            capture_output=True,
            cwd=folders[-1],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
        )
        assert done.stderr == b""
    return folders


@pytest.mark.parametrize("engine", ENGINES)
def test_the_bytes_are_the_same_in_every_process(engine: str, drawn: list[Path]) -> None:
    outputs = {(folder / engine).read_bytes() for folder in drawn}
    assert len(outputs) == 1
    assert len(outputs.pop()) > 10_000


# how it looks


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def blend(over: str, under: str, opacity: float) -> str:
    mixed = [
        round(opacity * int(over[at : at + 2], 16) + (1 - opacity) * int(under[at : at + 2], 16))
        for at in (1, 3, 5)
    ]
    return "#" + "".join(f"{part:02x}" for part in mixed)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_fill_and_strokes_from_the_ground(scheme: str) -> None:
    ink = INK[scheme == "dark"]
    for look in (*LOOKS.values(), OP, LOSS):
        paint = getattr(look, scheme)
        assert contrast(ink.stroke, paint.fill) >= 9, look
        assert contrast(ink.stroke, blend(paint.fill, ink.fill, GHOST)) >= 9, look
        assert contrast(paint.stroke, ink.fill) >= 4.8, look
    for stroke in STROKES.values():
        assert contrast(getattr(stroke, scheme), ink.fill) >= 4.8, stroke


def test_no_two_verdicts_look_alike_without_colour() -> None:
    signs = {
        (look.shape, look.border, look.dashes, look.width, look.borders, look.mark)
        for look in LOOKS.values()
    }
    assert len(signs) == len(LOOKS) == len(Verdict)
    assert LOOKS[Verdict.CUT].shape == "octagon"
    assert LOOKS[Verdict.FROZEN].borders == 2


def test_every_parameter_says_its_verdict_and_bears_its_class_and_mark() -> None:
    found = nodes(parse(graphs.every_verdict()))
    for sentence, verdict, mark in (
        ("f1.weight (2, 1): reached", "reached", "check"),
        ("codes (4, 4): zero", "zero", None),
        ("stem.weight (2, 2): frozen", "frozen", None),
        ("gate (1): cut, cut by item() at train.py:7", "cut", "scissors"),
        ("shared (3): reached, partial, cut by item() at train.py:7", "reached", "check"),
        ("aux.* (2 parameters): unused", "unused", None),
    ):
        group = found[sentence]
        assert verdict in group.get("class", "").split()
        assert verdict in words(group)[-1]
        assert [
            path.get("class")
            for path in group.iter(f"{SVG}path")
            if "glyph" in path.get("class", "")
        ] == ([f"glyph {mark}"] if mark else [])
    assert words(found["codes (4, 4): zero"])[-1] == "0 zero"
    assert words(found["leaf (6, 6) (6, 6): reached"]) == [
        "leaf (6, 6)",
        "outside the model",
        "reached",
    ]


def test_a_frozen_parameter_has_two_borders_and_a_cut_one_eight_corners() -> None:
    frozen = nodes(parse(graphs.frozen()))["f2.weight (3, 2): frozen"]
    assert [shape.get("class") for shape in frozen.iter(f"{SVG}polygon")] == ["shape", "outline"]
    (cut,) = nodes(parse(graphs.detached()))[
        "f2.bias (3): cut, cut by detach_() at article.py:31"
    ].iter(f"{SVG}polygon")
    assert len(cut.get("points", "").split()) == 8


@pytest.mark.parametrize(
    ("mode", "operation", "line", "pruned_operations"),
    [
        ("detach", "detach_()", 31, {"AddmmBackward0", "TBackward0"}),
        ("no-grad", "torch.no_grad()", 38, {"linear"}),
    ],
)
def test_the_cut_is_a_node_that_names_its_line_and_what_is_behind_it_is_pruned(
    mode: str, operation: str, line: int, pruned_operations: set[str]
) -> None:
    root = parse(graphs.ARTICLE_MODES[mode]())
    marks = [group for group in nodes(root).values() if "mark" in group.get("class", "").split()]
    assert [words(mark) for mark in marks] == [[operation, f"article.py:{line}"]]
    pruned = [group for group in nodes(root).values() if "pruned" in group.get("class", "").split()]
    assert {words(group)[0] for group in pruned} == {
        "f1.weight",
        "f1.bias",
        "f2.weight",
        "f2.bias",
    } | pruned_operations
    strokes = [
        group.get("class", "")
        for group in root.iter(f"{SVG}g")
        if group.get("class", "").startswith("edge")
    ]
    assert strokes.count("edge severed") == 2  # one in the graph, one in the legend
    assert strokes.count("edge gradient") == 6


def test_gradient_passes_by_a_frozen_layer_to_the_one_before_it() -> None:
    content = graphs.whole_sketch(graphs.frozen())
    by_name = {item.key: item.about for item in content.items}
    lines = {(by_name[line.source], by_name[line.target], line.stroke) for line in content.lines}
    assert ("AddmmBackward0 in f1", "AddmmBackward0 in f2", "gradient") in lines
    assert ("f2.weight (3, 2): frozen", "AddmmBackward0 in f2", "frozen") in lines
    assert ("f2.bias (3): frozen", "AddmmBackward0 in f2", "frozen") in lines


@pytest.mark.parametrize("mode", graphs.ARTICLE_MODES)
def test_a_traced_step_is_drawn_like_the_graph_built_by_hand(mode: str) -> None:
    from gradviz import article

    def drawn(report: Report) -> set[tuple[str, str, str]]:
        content = graphs.whole_sketch(report)
        items = {item.key: (*item.lines, item.pruned) for item in content.items}
        return {
            tuple(
                re.sub(r"py:\d+", "py:31", f"{part}")
                for part in (items[line.source], items[line.target], line.stroke)
            )
            for line in content.lines
        }

    assert drawn(article.follow(mode).report) == drawn(graphs.ARTICLE_MODES[mode]())


def test_the_legend_explains_what_occurs_and_nothing_else() -> None:
    def legend(report: Report) -> list[str]:
        group = parse(report).find(f"{SVG}g[@class='legend']")
        assert group is not None
        return words(group)

    assert legend(graphs.none()) == ["reached: gradient arrives", "gradient flows"]
    assert legend(graphs.frozen()) == [
        "reached: gradient arrives",
        "frozen: requires_grad is False",
        "gradient flows",
        "frozen, value only",
    ]
    assert legend(graphs.detached()) == [
        "reached: gradient arrives",
        "cut: no route back is left",
        "gradient flows",
        "gradient stops",
        "cut off",
    ]
    assert legend(graphs.empty()) == []
    everything = legend(graphs.every_verdict())
    assert "partial: one route is alive, another is cut, often on purpose" in everything
    assert "the gradient is all zero" in everything


def test_a_box_that_is_partial_has_a_corner_and_no_other_has() -> None:
    report = graphs.every_verdict()
    partial = {name for name, parameter in report.parameters.items() if parameter.partial}
    corners = {
        words(group)[0]
        for group in nodes(parse(report)).values()
        if group.find(f"{SVG}polygon[@class='notch']") is not None
    }
    assert corners == partial != set()


def test_the_title_is_the_result_in_a_sentence() -> None:
    root = parse(graphs.detached())
    headline = root.find(f"{SVG}g[@class='headline']")
    assert headline is not None
    sentence = "2 of 6 parameters get gradient; detach_() at article.py:31 cuts off f1 and f2"
    assert " ".join(words(headline)) == root.findtext(f"{SVG}title") == sentence


def test_the_description_quotes_the_line_that_cuts() -> None:
    assert "detach_() at article.py:31, where it says h.detach_()" in parse(
        graphs.detached()
    ).findtext(f"{SVG}desc", "")


def test_both_engines_draw_the_same_nodes_and_lines(report: Report) -> None:
    if not dot.is_available():
        pytest.skip("no dot on PATH")

    def content(root: Element) -> list[tuple[str | None, list[str]]]:
        return sorted(
            (group.get("class"), words(group))
            for group in root.iterfind(f".//{SVG}g[@class='graph']/{SVG}g")
        )

    assert content(parse(report, "dot")) == content(parse(report))


# odd ones


def test_names_are_shown_as_they_are_whatever_is_in_them() -> None:
    shown = {words(group)[0] for group in nodes(parse(graphs.oddly_named())).values()}
    assert {
        'say "hi"',
        "two\\nlines",
        "back\\slash\\n\\l\\N",
        "&lt;entity&gt;",
        "]]>",
        "\u6f22\u5b57.\u30ab\u30bf\u30ab\u30ca",
        "123",
    } <= shown
    assert "\U0001f525\\ud800" in shown
    assert "<b>bold</b> & <script>alert(1)</script>"[:16] in {name[:16] for name in shown}


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(max_size=12), min_size=1, max_size=4, unique=True))
# an engine that measures names itself warns of one that it finds too wide, and the embedded one
# falls over its own warnings
@example(["0\x1f\x1f\x1f\U00018d09", ""])
def test_any_names_give_wellformed_xml_with_a_node_each(names: list[str]) -> None:
    root = parse(graphs.oddly_named(tuple(names)))
    assert len(nodes(root)) == len(names) + 2


def test_a_parameter_of_many_uses_gets_a_stub_for_each_and_is_laid_out_at_once() -> None:
    content = graphs.whole_sketch(graphs.recurrent(100))
    assert sum(item.lines[0] == "cell.weight_ih" for item in content.items) == 100
    assert lay_out(drawing(graphs.recurrent(100)).source, engine="embedded", timeout=20)


def test_a_loss_that_is_a_leaf_is_drawn_with_all_that_went_into_it_as_a_number() -> None:
    model = torch.nn.Linear(3, 2)
    with gradviz.trace() as trace:
        loss = torch.tensor(
            model(torch.ones(1, 3)).argmax(1).float().mean().item(), requires_grad=True
        )
    report = trace.report(loss, model)
    root = parse(report)
    assert len(nodes(root)) == len(report.graph.nodes)
    assert [group for group in nodes(root).values() if "mark" in group.get("class", "")]


def test_many_unused_parameters_are_counted_and_not_drawn() -> None:
    net = graphs.Builder()
    net.parameter("used", net.operation("SumBackward0", net.loss))
    for number in range(13):
        net.parameter(f"aux{number}.weight", None, Verdict.UNUSED)
    root = parse(net.report())
    assert not [group for group in nodes(root).values() if "unused" in group.get("class", "")]
    assert (
        root.findtext(f"{SVG}title")
        == "1 of 14 parameters gets gradient; aux0, aux1, aux2 and 10 more are not used"
    )


def test_torchviz_draws_chains_far_deeper_than_the_recursion_limit() -> None:
    before = sys.getrecursionlimit()
    source = drawing(graphs.chain(5000)).source
    assert sys.getrecursionlimit() == before
    assert "n5000 -> n4999" in source
    assert f"n{5001} -> n5000" in source


def test_torchviz_draws_everything_that_goes_into_the_loss_and_each_thing_is_stated_once(
    report: Report,
) -> None:
    content = graphs.whole_sketch(report)
    body = drawing(report).body
    edges = [
        found.groups() for statement in body if (found := re.match(r"\t(\w+) -> (\w+) ", statement))
    ]
    assert sorted(edges) == sorted((line.source, line.target) for line in content.lines)
    stated = [found.group(1) for statement in body if (found := re.match(r"\t(\w+) \[", statement))]
    assert sorted(stated) == sorted(item.key for item in content.items)


def test_the_source_names_no_address_and_sets_no_size() -> None:
    source = drawing(graphs.detached()).source
    assert not re.search(r"\d{9,}", source)
    assert " size=" not in source
    assert source == drawing(graphs.detached()).source


def test_the_spine_runs_along_the_longest_way_back() -> None:
    content = graphs.whole_sketch(graphs.none())
    about = {item.key: item.about for item in content.items}
    straight = {(about[line.source], about[line.target]) for line in spine(content)}
    assert {
        ("AddmmBackward0 in f2", "AddmmBackward0 in f3"),
        ("AddmmBackward0 in f1", "AddmmBackward0 in f2"),
    } <= straight


def test_what_goes_round_in_a_circle_is_drawn_too() -> None:
    net = graphs.Builder()  # as where a weight was written with what was computed from it
    first = net.operation("MulBackward0", net.loss)
    second = net.operation("AddBackward0", first)
    net.edge(first, second, gradient=False)
    net.parameter("weight", second)
    report = net.report()
    assert {item.key for item in graphs.whole_sketch(report).items} >= {"n1", "n2"}
    for text in (
        report.to_svg(engine="embedded"),
        report.to_svg(engine="embedded", view=gradviz.View(budget=2)),
        report.to_html(),
    ):
        assert "AddBackward0" in text


def test_a_graph_too_large_for_the_time_given_is_an_error_with_a_way_out() -> None:
    with pytest.raises(EngineError, match=r"did not lay out the graph in 0\.2 s.*save it as JSON"):
        lay_out(drawing(graphs.recurrent(900)).source, engine="embedded", timeout=0.2)


def test_items_are_found_by_unique_keys_that_need_no_quotes() -> None:
    for make in REPORTS.values():
        items: tuple[Item, ...] = graphs.whole_sketch(make()).items
        assert len({item.key for item in items}) == len(items)
        assert all(re.fullmatch(r"[a-z]\w*", item.key, re.ASCII) for item in items)
        assert not items or items[0].sort in (Sort.LOSS, Sort.TENSOR)


STAGES = {
    "folding": "fold", "scene": "scene", "items": "scene", "changes": "scene", "dot": "dot",
    "torchviz_drawing": "dot", "layout": "layout", "embed": "embed", "legend": "embed",
    "scheme": "scheme",
}  # fmt: skip


def entered(work: Callable[[], object]) -> list[str]:
    """Return the stages of a picture in the order in which they are entered."""
    root, stages = Path(gradviz.__file__).parent, []

    def called(frame: FrameType, event: str, _: object) -> None:
        path = Path(frame.f_code.co_filename)
        if event == "call" and path.is_relative_to(root):
            room = path.relative_to(root).parts[0]
            stage = STAGES.get(path.stem if room == "render" else room)
            if stage and stages[-1:] != [stage]:
                stages.append(stage)

    work()  # what is made once in a process is there
    sys.setprofile(called)
    try:
        work()
    finally:
        sys.setprofile(None)
    return stages


@pytest.mark.parametrize("view", [View(), View(depth=1), View(budget=3)])
@pytest.mark.parametrize("make", [graphs.detached, graphs.every_verdict])
def test_a_picture_goes_through_each_room_once(make, view):
    report = make()
    stages = entered(lambda: render_svg(report, view, engine="embedded"))
    assert stages == ["scene", "fold", "scene", "dot", "layout", "embed", "scheme"]


def test_going_back_to_a_stage_is_seen():
    report, view = graphs.detached(), View()

    def twice() -> None:
        scene(report, view)
        scene(report, view)

    assert entered(twice) == ["scene", "fold", "scene", "fold", "scene"]
