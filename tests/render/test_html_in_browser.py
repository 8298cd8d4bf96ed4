"""The page in a real browser.

What a reader sees and does, and what the browser itself thinks of it.
"""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import graphs
import pytest

import gradviz
from gradviz.facts.calls import CallKind, CallName, StepNote
from gradviz.facts.training import Alarm, Fate, Training
from gradviz.graph import Cut, CutKind, NodeKind, Parameter, Place, Verdict
from gradviz.render.html import render_html
from gradviz.render.style import LOOKS
from gradviz.reports import Report

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
SVG = "http://www.w3.org/2000/svg"
EVIL = "</script><img src=x onerror=alert(1)>"
Open = Callable[..., "Page"]


@pytest.fixture
def open_page(browser: "Browser", tmp_path: Path) -> Iterator[Open]:
    """``open_page(report)`` shows its page, or that HTML, from a file.

    Afterwards the page must have met no error and broken no policy.
    """
    contexts, complaints = [], []

    def run(
        report: Report | str,
        *,
        scheme: str = "light",
        size: tuple[int, int] = (1400, 900),
        fragment: str = "",
        script: str = "",
    ) -> "Page":
        path = tmp_path / f"page-{len(contexts)}.html"
        path.write_text(
            report if isinstance(report, str) else render_html(report), encoding="utf-8"
        )
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,
            reduced_motion="reduce",
        )  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("dialog", lambda dialog: complaints.append(f"a dialog: {dialog.message}"))
        page.on(
            "request",
            lambda request: (
                complaints.append(request.url) if not request.url.startswith("file://") else None
            ),
        )
        page.add_init_script(
            "addEventListener('securitypolicyviolation', event => console.log(`violated:"
            " ${event.violatedDirective}`))"
        )
        if script:
            page.add_init_script(script)
        page.goto(f"{path.as_uri()}#{fragment}")
        page.wait_for_selector("#stage[data-boxes]")
        return page

    yield run
    for context in contexts:
        context.close()
    assert not complaints


def repeated(layers: int, frozen: int | None = None) -> Report:
    """A model of equal layers, one of them frozen."""
    net = graphs.Builder()
    into = net.operation("SumBackward0", net.loss)
    for layer in reversed(range(layers)):
        into = net.operation("AddBackward0", into, scope=f"layers.{layer}")
        for part in ("attn", "mlp"):
            side = net.operation("MmBackward0", into, scope=f"layers.{layer}.{part}")
            name, verdict = (
                f"layers.{layer}.{part}.weight",
                (Verdict.FROZEN if layer == frozen else Verdict.REACHED),
            )
            net.parameters[name] = Parameter(
                name=name, names=(name,), shape=(4, 4), numel=16, verdict=verdict
            )
            weight = net.node(kind=NodeKind.PARAMETER, name=name, shape=(4, 4), verdict=verdict)
            net.edge(weight, side, gradient=layer != frozen)
            if part == "mlp":
                into = side
    return net.report()


def boxes(page: "Page") -> int:
    page.evaluate(
        "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )
    return int(page.get_attribute("#stage", "data-boxes") or 0)


def rows(page: "Page") -> list[str]:
    return [row.inner_text().replace("\n", " ") for row in page.locator(".row").all()]


def pixels(page: "Page") -> dict[str, int]:
    """How many pixels of the canvas have each colour."""
    found: dict[str, int] = page.evaluate("""() => {
      const canvas = document.getElementById('graph'), found = {};
      const all = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
      for (let i = 0; i < all.length; i += 4) {
        if (all[i + 3] !== 255) continue;
        const colour = '#' + [all[i], all[i + 1], all[i + 2]].map(one => one.toString(16).padStart(2, '0')).join('');
        found[colour] = (found[colour] || 0) + 1;
      }
      return found;
    }""")
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_graph_is_painted_in_the_colours_of_the_verdicts(open_page: Open, scheme: str) -> None:
    page = open_page(graphs.every_verdict(), scheme=scheme)
    page.click("#fit")
    boxes(page)
    found = pixels(page)
    for verdict in (Verdict.REACHED, Verdict.ZERO, Verdict.FROZEN, Verdict.CUT):
        assert found.get(getattr(LOOKS[verdict], scheme).fill, 0) > 300, verdict


def test_modules_open_and_close_by_click(open_page: Open) -> None:
    page = open_page(repeated(12))
    folded = boxes(page)
    assert "layers.0..11 ×12" in " ".join(rows(page))
    page.locator(".row", has_text="×12").dblclick()
    assert boxes(page) == folded + 11
    page.locator(".row", has_text="×12").locator(".twist").click()
    assert boxes(page) == folded


def test_a_click_on_the_graph_opens_the_module_under_it_and_one_on_its_title_closes_it(
    open_page: Open,
) -> None:
    page = open_page(repeated(12))
    folded = boxes(page)
    point = {"x": 382, "y": find_y(page, 382, LOOKS[Verdict.REACHED].light.fill)}
    page.click("#graph", position=point)  # type: ignore[arg-type]
    assert boxes(page) == folded + 11
    assert "×12" in page.locator("#panel h2").inner_text()
    page.click("#graph", position=point)  # type: ignore[arg-type]  # the title is where the box was
    assert boxes(page) == folded


def find_y(page: "Page", x: int, colour: str) -> float:
    """How far down the canvas a colour is met."""
    y: float = page.evaluate(
        """([x, colour]) => {
      const canvas = document.getElementById('graph'), all = canvas.getContext('2d').getImageData(x, 0, 1, canvas.height).data;
      const wanted = [1, 3, 5].map(at => parseInt(colour.slice(at, at + 2), 16));
      for (let y = 0; y < canvas.height; y++) if (wanted.every((one, i) => one === all[4 * y + i])) return y + 8;
      return -1;
    }""",
        [x, colour],
    )
    assert y > 0
    return y


def test_the_layer_with_another_verdict_stands_by_itself(open_page: Open) -> None:
    said = " | ".join(rows(open_page(repeated(12, frozen=5))))
    assert "layers.0..4 ×5" in said
    assert "layers.5 frozen" in said
    assert "layers.6..11 ×6" in said


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("f2.weight", "f2.weight"),
        ("sumback", "SumBackward0"),
        ("article.py:31", "detach_"),
        ("f1 weight", "f1.weight"),
    ],
)
def test_search_finds_parameters_operations_files_and_lines(
    open_page: Open, text: str, found: str
) -> None:
    page = open_page(graphs.detached())
    page.fill("#search", text)
    page.press("#search", "Enter")
    assert found in page.locator("#panel h2").inner_text()


def test_search_opens_the_modules_around_what_it_finds(open_page: Open) -> None:
    page = open_page(repeated(40))
    page.fill("#search", "layers.23.mlp.weight")
    page.press("#search", "Enter")
    assert page.locator("#panel h2").inner_text() == "layers.23.mlp.weight"
    assert page.locator(".row.selected").inner_text().startswith("weight")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("layers.3", "layers.3"),
        ("layers.3.mlp", "layers.3.mlp"),
        ("attn", "layers.0.attn"),
        ("decoder", "layers.2"),
        ("frozen", "layers.3.attn.weight"),
    ],
)
def test_a_module_a_class_or_a_verdict_is_found_before_what_only_has_it_in_its_name(
    open_page: Open, text: str, found: str
) -> None:
    report = repeated(6, frozen=3)
    classes = {"layers.2": "DecoderLayer", "layers.3": "Layer"}
    page = open_page(replace(report, graph=replace(report.graph, classes=classes)))
    page.fill("#search", text)
    assert page.locator("#results .name").all_inner_texts()[0] == found


def test_the_word_cut_finds_the_lines_that_cut_first(open_page: Open) -> None:
    page = open_page(graphs.detached())
    page.fill("#search", "cut")
    assert page.locator("#results .name").all_inner_texts()[0] == "detach_()"


def test_the_panel_says_why_and_quotes_the_line(open_page: Open) -> None:
    page = open_page(graphs.detached())
    page.locator(".row", has_text="weight").first.click()
    said = page.locator("#panel").inner_text()
    for words in (
        "f1.weight",
        "cut",
        "no route back is left: cut by detach_() at article.py:31",
        "(2, 1)",
        "article.py:31",
        "h.detach_()",
        "Fix: ",
    ):
        assert words in said


def test_the_panel_quotes_the_line_that_froze_a_parameter(open_page: Open) -> None:
    net = graphs.Builder()
    line = Place("train.py", 3, "w.requires_grad_(False)")
    net.parameter("weight", net.operation("MulBackward0", net.loss), Verdict.FROZEN, frozen_at=line)
    page = open_page(net.report())
    page.locator(".row", has_text="weight").click()
    said = page.locator("#panel").inner_text()
    for words in (
        "requires_grad is False, so it keeps no gradient: set at train.py:3.",
        "Frozen at",
        "w.requires_grad_(False)",
    ):
        assert words in said


def test_the_panel_tells_the_size_of_the_gradient_and_the_neighbours(open_page: Open) -> None:
    net = graphs.Builder()
    net.parameter(
        "weight",
        net.operation("MulBackward0", net.loss, place=Place("train.py", 3, "loss = w * 2")),
        shape=(7, 9),
        gradient_norm=0.25,
    )
    page = open_page(net.report())
    page.locator(".row", has_text="weight").click()
    said = page.locator("#panel").inner_text()
    for words in ("reached", "(7, 9)", "L2 norm 0.25", "Downstream", "MulBackward0"):
        assert words in said
    page.click("#operations")
    page.locator(".row", has_text="MulBackward0").click()
    said = page.locator("#panel").inner_text()
    assert "loss = w * 2" in said
    assert "Upstream (1)" in said


def test_the_list_of_cuts_leads_to_each(open_page: Open) -> None:
    page = open_page(graphs.every_verdict())
    page.locator("#cuts button").click()
    assert page.locator("#panel h2").inner_text() == "item()"
    assert "scale = gate.item()" in page.locator("#panel").inner_text()
    assert page.locator("#cuts button").get_attribute("aria-current") == "true"


def test_filters_take_a_verdict_out_of_the_tree(open_page: Open) -> None:
    page = open_page(graphs.every_verdict())
    assert any("stem.weight" in row or "stem" in row for row in rows(page))
    page.locator(".chip", has_text="frozen").click()
    assert page.locator(".chip", has_text="frozen").get_attribute("aria-pressed") == "false"
    assert not any("stem" in row for row in rows(page))
    page.locator(".chip", has_text="frozen").click()
    assert any("stem" in row for row in rows(page))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (graphs.detached, "breaks at detach_"),
        (graphs.without_grad, "breaks at torch.no_grad()"),
        (graphs.none, "The route is whole"),
    ],
)
def test_the_route_is_shown_with_the_place_where_it_breaks(
    open_page: Open, make: Callable[[], Report], said: str
) -> None:
    page = open_page(make())
    page.locator(".row", has_text="weight").first.click()
    page.click("#route")
    text = page.locator("#panel").inner_text()
    assert said in text
    assert text.index("From the loss on") < text.rindex("f1.weight")
    assert "SumBackward0" in text or "outside any module" in text


def test_an_unused_parameter_has_no_route_and_the_page_says_so(open_page: Open) -> None:
    page = open_page(graphs.every_verdict())
    page.fill("#search", "aux.weight")
    page.press("#search", "Enter")
    page.click("#route")
    assert "There is no route" in page.locator("#panel").inner_text()


def test_the_view_is_in_the_address_and_comes_back(open_page: Open) -> None:
    page = open_page(repeated(12))
    page.fill("#search", "layers.7.mlp.weight")
    page.press("#search", "Enter")
    page.click("#route")
    page.locator(".chip", has_text="reached").click()
    page.wait_for_timeout(400)
    before, fragment = boxes(page), page.evaluate("() => location.hash.slice(1)")
    assert len(fragment) < 200
    again = open_page(repeated(12), fragment=fragment)
    assert boxes(again) == before
    assert again.locator("#panel h2").inner_text() == "layers.7.mlp.weight"
    assert again.locator("#route").inner_text() == "Hide the route"
    assert again.locator(".chip", has_text="reached").get_attribute("aria-pressed") == "false"
    again.wait_for_timeout(400)
    assert again.evaluate("() => location.hash.slice(1)") == fragment


@pytest.mark.parametrize(
    "fragment",
    [
        "at=999999",
        "toggled=zzzz.-.1-",
        "view=a,b,c",
        "loss=nobody",
        "%%%",
        "at=-7&route=1",
        "without=everything",
    ],
)
def test_an_address_that_makes_no_sense_is_put_up_with(open_page: Open, fragment: str) -> None:
    assert boxes(open_page(graphs.detached(), fragment=fragment)) > 3


def test_the_calls_of_a_run_are_tabs_and_an_alarm_leads(open_page: Open) -> None:
    calls = {
        f"backward {number}, loss": replace(
            graphs.none(),
            loss=f"backward {number}, loss",
            call=CallName(CallKind.BACKWARD, number, "loss"),
        )
        for number in (1, 2)
    }
    steps = (
        StepNote("ALARM: optimizer (SGD) steps what no gradient reached", alarm=True, calls=(1,)),
        StepNote("optimizer (SGD) steps after backward 2", alarm=False, calls=(2,)),
    )
    page = open_page(replace(graphs.none(), notes=steps, losses=calls))
    assert page.get_by_role("tab").all_inner_texts() == list(calls)
    assert page.locator("#headline").inner_text() == steps[0]
    assert all(step in page.locator("#panel").inner_text() for step in steps)


def test_several_losses_are_tabs(open_page: Open) -> None:
    report = replace(
        graphs.none(),
        loss="adv + rec",
        losses={
            "adv": replace(graphs.none(), loss="adv"),
            "rec": replace(graphs.detached(), loss="rec"),
        },
    )
    page = open_page(report)
    assert page.get_by_role("tab").all_inner_texts() == ["adv + rec", "adv", "rec"]
    page.get_by_role("tab", name="rec", exact=True).click()
    assert "detach_() at article.py:31 cuts off f1 and f2" in page.locator("h1").inner_text()
    assert page.locator("#cuts").is_visible()
    page.keyboard.press("ArrowLeft")
    assert page.locator("h1").inner_text() == "All 6 parameters get gradient."
    assert not page.locator("#cuts").is_visible()


def test_the_tree_is_walked_with_the_keyboard(open_page: Open) -> None:
    page = open_page(repeated(12))
    page.click("#operations")
    page.focus("#tree")

    def active() -> Any:
        return page.evaluate("""() => {
          const row = document.getElementById(document.getElementById('tree').getAttribute('aria-activedescendant'));
          return [row.querySelector('.name').textContent, row.getAttribute('aria-expanded'), row.getAttribute('aria-level')];
        }""")

    page.keyboard.press("Home")
    assert active() == ["layers.0..11 ×12", "false", "1"]
    page.keyboard.press("ArrowRight")
    assert active() == ["layers.0..11 ×12", "true", "1"]
    page.keyboard.press("ArrowRight")
    assert active() == ["layers.0", "false", "2"]
    page.keyboard.press("ArrowDown")
    assert active()[0] == "layers.1"
    assert "layers.1" in page.locator("#panel h2").inner_text()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert active() == ["layers.0..11 ×12", "false", "1"]
    page.keyboard.press("End")
    assert active()[0] == "loss"


def test_only_lines_in_sight_are_elements_and_the_rest_is_counted(open_page: Open) -> None:
    page = open_page(repeated(400))
    page.click("#expand")
    page.wait_for_function("() => document.getElementById('stage').dataset.boxes > 2000")
    assert page.locator(".row").count() < 60
    page.evaluate("() => { document.getElementById('tree').scrollTop = 20000 }")
    page.wait_for_timeout(100)
    row = page.locator(".row").nth(20)
    assert (
        int(row.get_attribute("aria-setsize") or 0)
        >= int(row.get_attribute("aria-posinset") or 0)
        >= 1
    )


FAULTS = """() => {
  const {model} = state;
  const faults = [];
  for (let view = 0; view < 7; view++) {
    if (view) { // all open, then one group here and one there
      for (let group = 1; group < model.g; group++) model.open[group] = view === 1 || Math.sin(group * 12.9 + view * 78.2) > 0 ? 1 : 0;
      state.layout = new Layout(model);
    }
    const {layout} = state;
    const sides = thing => [layout.x[thing], layout.y[thing], layout.x[thing] + layout.w[thing], layout.y[thing] + layout.h[thing]];
    for (let group = 0; group < model.g; group++) if (model.box[group] === -1) {
      const [left, top, right, bottom] = sides(model.n + group), items = model.children[group];
      for (const item of items) {
        const [x0, y0, x1, y1] = sides(item);
        if (!(x0 > left - 1 && y0 > top - 1 && x1 < right + 1 && y1 < bottom + 1)) faults.push(`${model.name(item)} is outside its frame`);
        for (const other of items) {
          const [u0, v0, u1, v1] = sides(other);
          if (item < other && x0 < u1 - 1 && u0 < x1 - 1 && y0 < v1 - 1 && v0 < y1 - 1) faults.push(`${model.name(item)} is on another`);
        }
      }
    }
    for (const edge of layout.edges) if (!layout.points(edge).every(Number.isFinite)) faults.push("a line leads nowhere");
  }
  return faults;
}"""


def test_whatever_is_open_of_whatever_graph_every_box_is_in_its_frame_and_on_no_other(
    open_page: Open, tmp_path: Path
) -> None:
    page = open_page(graphs.none())
    for seed in range(20):
        page.goto(with_its_names(graphs.wild(seed), tmp_path).as_uri())
        assert page.evaluate(FAULTS) == [], seed


def with_its_names(report: Report, folder: Path) -> Path:
    """Return a page whose own names can be asked for."""
    text = (
        render_html(report)
        .replace('"use strict";\n(() => {', '"use strict";')
        .replace("restore();\n})();", "restore();")
    )
    path = folder / "opened.html"
    path.write_text(
        re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text), encoding="utf-8"
    )
    return path


ACROSS = """() => {
  const {view, layout, model} = state;
  const whole = layout.w[model.n], wide = stage.clientWidth / view.k;
  return {scale: view.k, left: view.x, right: whole - view.x - wide, isWider: whole > wide};
}"""


def test_the_first_view_leaves_no_empty_ground_beside_what_is_cut_off(
    open_page: Open, tmp_path: Path
) -> None:
    path = with_its_names(graphs.ARTICLE_MODES["detach"](), tmp_path)
    seen = set()
    for wide in (300, 390, 480, 560, 700, 900, 1024, 1400):
        page = open_page(graphs.ARTICLE_MODES["detach"](), size=(wide, 800))
        page.goto(path.as_uri())
        page.wait_for_selector("#stage[data-boxes]")
        across = page.evaluate(ACROSS)
        seen.add(across["isWider"])
        if across["isWider"]:
            assert min(across["left"], across["right"]) >= -1, wide
            assert across["scale"] == pytest.approx(10 / 11)  # a smaller one would not show it all
        else:
            assert across["scale"] > 9 / 11
    assert seen == {True, False}


IN_SIGHT = """() => {
  const {view, layout, model} = state;
  const high = stage.clientHeight / view.k;
  return {room: model.room, isAll: layout.h[model.n] <= high, scale: view.k};
}"""


@pytest.mark.parametrize(("high", "room"), [(900, 0), (620, 1), (490, 2)])
def test_boxes_stand_closer_and_then_say_less_before_one_is_out_of_sight(
    open_page: Open, tmp_path: Path, high: int, room: int
) -> None:
    path = with_its_names(graphs.ARTICLE_MODES["detach"](), tmp_path)
    page = open_page(graphs.ARTICLE_MODES["detach"](), size=(1400, high))
    page.goto(path.as_uri())
    page.wait_for_selector("#stage[data-boxes]")
    sight = page.evaluate(IN_SIGHT)
    assert (sight["room"], sight["isAll"]) == (room, True)
    assert sight["scale"] >= 9 / 11


def test_a_phone_shows_the_line_its_fix_and_the_whole_picture_at_once(
    open_page: Open, tmp_path: Path
) -> None:
    path = with_its_names(graphs.ARTICLE_MODES["detach"](), tmp_path)
    page = open_page(graphs.ARTICLE_MODES["detach"](), size=(390, 844))
    page.goto(path.as_uri())
    page.wait_for_selector("#stage[data-boxes]")
    for name in ("pre.broken", ".fix"):
        box = page.locator(f"#panel {name}").first.bounding_box()
        assert box
        assert box["y"] + box["height"] <= 844
    assert page.evaluate(IN_SIGHT)["isAll"]


@pytest.mark.parametrize("size", [(1400, 900), (390, 844)])
def test_zoom_pan_and_fit(open_page: Open, size: tuple[int, int]) -> None:
    page = open_page(repeated(6), size=size)

    def view() -> list[float]:
        page.wait_for_timeout(350)
        return [
            float(one) for one in page.evaluate("() => location.hash").split("view=")[1].split(",")
        ]

    page.click("#fit")
    start = view()
    page.click("#zoom-in")
    assert view()[2] > start[2]
    box = page.locator("#graph").bounding_box()
    assert box
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 80, box["y"] + 70, steps=4)
    page.mouse.up()
    assert view()[:2] != start[:2]
    page.click("#fit")
    assert view() == start


def test_the_page_fits_a_phone(open_page: Open) -> None:
    page = open_page(graphs.every_verdict(), size=(390, 844))
    assert page.evaluate(
        "() => document.documentElement.scrollWidth <= 390 && document.documentElement.scrollHeight"
        " <= 844"
    )
    assert page.locator("#panel").is_visible()  # it tells what is cut
    page.locator("#switch button", has_text="Modules").click()
    for name in ("#graph", "#tools", "#switch", "#tree"):
        box = page.locator(name).bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
    assert page.locator("#graph").bounding_box()["height"] > 300  # type: ignore[index]
    page.locator(".row").first.click()
    assert page.locator("#panel").is_visible()
    page.locator("#switch button", has_text="Modules").click()
    assert page.locator("#tree").is_visible()


def test_a_phone_shows_the_picture_alone_where_nothing_is_cut(open_page: Open) -> None:
    page = open_page(graphs.none(), size=(390, 844))
    assert not page.locator("#tree").is_visible()
    assert not page.locator("#panel").is_visible()
    page.locator("#switch button", has_text="Modules").click()
    assert page.locator("#tree").is_visible()


def test_a_module_called_like_a_script_is_text_in_every_place(open_page: Open) -> None:
    net = graphs.Builder()
    place = Place(f"{EVIL}.py", 1, EVIL, EVIL)
    net.cuts.append(
        Cut(
            kind=CutKind.ITEM,
            operation=EVIL,
            file=place.file,
            line=1,
            code=EVIL,
            scope=EVIL,
            caller=place,
            also=(place,),
        )
    )
    into = net.operation(EVIL, net.loss, scope=EVIL, place=place, caller=place)
    net.parameter(f"{EVIL}.weight", into, shape=(2,))
    mark = net.operation(
        EVIL,
        into,
        gradient=False,
        requires_grad=False,
        severs=CutKind.ITEM,
        place=place,
        scope=EVIL,
    )
    net.parameter(f"{EVIL}.gate", mark, Verdict.CUT, shape=(2,), severed=CutKind.ITEM, cut=0)
    report = net.report(notes=(EVIL,), place=place)
    page = open_page(
        replace(report, loss=EVIL, losses={EVIL: replace(report, loss=EVIL), "other": report})
    )
    page.fill("#search", "onerror")
    assert page.locator("#results button").count() > 3
    for row in range(page.locator(".row").count()):
        page.locator(".row").nth(row).click()
        if page.locator("#route").count():
            page.click("#route")
        assert EVIL in page.locator("#panel").inner_text()
    page.locator("#cuts button").first.click()
    assert EVIL in page.locator("h1").inner_text()
    assert page.locator("img").count() == 0
    assert page.evaluate("() => document.scripts.length") == 2


def test_the_policy_stops_what_is_not_the_page_s_own(browser: "Browser", tmp_path: Path) -> None:
    """The other tests watch for violations; this one shows that there would be some."""
    path = tmp_path / "page.html"
    path.write_text(
        render_html(graphs.none()).replace(
            "</body>", "<script>window.intruder = 1</script><p style='color:red'></p></body>"
        )
    )
    page = browser.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(path.as_uri())
    assert page.evaluate("() => window.intruder") is None
    assert sum("Content Security Policy" in one for one in said) >= 2
    page.close()


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The source of axe-core, from npm."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed, so axe-core cannot judge the page")
    folder = tmp_path_factory.mktemp("axe")
    command = [
        npm,
        "install",
        "--no-save",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--fetch-retry-maxtimeout=2000",  # ms; where there is no net, npm waits 70 s without
        "--fetch-retry-mintimeout=1000",
        "--prefix",
        str(folder),
        "axe-core@4",
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=180, check=False, cwd=folder
    )
    path = folder / "node_modules" / "axe-core" / "axe.min.js"
    if not path.exists():
        pytest.skip(
            "npm could not install axe-core, so it cannot judge the page:"
            f" {done.stderr.strip()[-200:]}"
        )
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("size", "scheme"),
    [((1400, 900), "light"), ((1400, 900), "dark"), ((1024, 768), "light"), ((390, 844), "dark")],
)
def test_axe_finds_no_accessibility_problem(
    open_page: Open, axe: str, scheme: str, size: tuple[int, int]
) -> None:
    both = replace(
        graphs.every_verdict(), losses={"a": graphs.every_verdict(), "b": graphs.detached()}
    )
    page = open_page(both, scheme=scheme, size=size, script=axe)
    for step in ("", "search", "parameter", "cut", "without", "filter"):
        if step == "search":
            if size[0] < 860:
                page.locator("#switch button", has_text="Modules").click()
            page.fill("#search", "f1.weight")
        elif step == "parameter":
            page.press("#search", "Enter")
            page.click("#route")
        elif step == "cut":
            if size[0] < 860:
                page.locator("#switch button", has_text="Modules").click()
            page.locator("#cuts button").first.click()
        elif step == "without":
            page.locator("text=What if this line did not cut?").first.click()
        elif step == "filter":
            page.locator(".chip", has_text="reached").click()
        found = page.evaluate(
            "async () => (await axe.run()).violations.map(one => [one.impact, one.id,"
            " one.nodes.map(node => node.html.slice(0, 200))])"
        )
        assert not found, step


def test_a_llama_of_32_layers_with_a_cut_opens_with_few_boxes_and_is_a_small_file(
    open_page: Open,
) -> None:
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    torch = pytest.importorskip("torch")
    config = transformers.LlamaConfig(
        vocab_size=1000,
        hidden_size=256,
        intermediate_size=688,
        num_hidden_layers=32,
        num_attention_heads=8,
        num_key_value_heads=4,
    )
    model, ids = transformers.LlamaForCausalLM(config), torch.randint(0, 1000, (1, 16))
    model.model.layers[17].mlp.register_forward_hook(lambda module, args, output: output.detach())
    with gradviz.trace() as trace:
        loss = model(input_ids=ids, labels=ids).loss
    report = trace.report(loss, model)
    assert len(report.graph.nodes) > 2500
    page = render_html(report)
    assert len(page.encode()) <= 300_000
    assert 3 <= boxes(open_page(page)) <= 25


def test_35_000_nodes_open_with_few_boxes_and_go_on_painting_while_all_are_laid_out(
    open_page: Open,
) -> None:
    report = repeated(7000)
    assert len(report.graph.nodes) > 35_000
    page = open_page(report)
    assert 3 <= boxes(page) <= 25
    page.evaluate("""() => {
      window.painted = 0;
      const stage = document.getElementById('stage');
      const paint = () => {
        if (stage.dataset.boxes > 35000) return;
        window.painted++;
        requestAnimationFrame(paint);
      };
      document.getElementById('expand').click();
      requestAnimationFrame(paint);
    }""")
    page.wait_for_function("() => document.getElementById('stage').dataset.boxes > 35000")
    painted = page.evaluate("() => window.painted")
    assert painted > 3


def saved(page: "Page", button: str) -> bytes:
    with page.expect_download() as waiting:
        page.click(button)
    return Path(waiting.value.path()).read_bytes()


@pytest.mark.parametrize("size", [(1400, 900), (1024, 768), (390, 844)])
def test_the_first_screen_of_a_large_graph_writes_nothing_smaller_than_10_pixels(
    open_page: Open, size: tuple[int, int]
) -> None:
    page = open_page(repeated(60, frozen=3), size=size)
    root = ElementTree.fromstring(saved(page, "#save-svg"))
    scale = page.locator("#stage").bounding_box()["width"] / float(
        root.attrib["viewBox"].split()[2]
    )  # type: ignore[index]
    sizes = {float(text.attrib["font-size"]) for text in root.iter(f"{{{SVG}}}text")}
    assert len(sizes) > 1
    assert min(sizes) * scale > 9.99


def test_the_view_is_saved_as_svg_and_png(open_page: Open) -> None:
    page = open_page(graphs.detached())
    root = ElementTree.fromstring(saved(page, "#save-svg"))
    texts = [text.text for text in root.iter(f"{{{SVG}}}text")]
    assert {"f1", "f2", "f3", "detach_()", "article.py:31", "loss"} <= set(texts)
    assert root.find(f"{{{SVG}}}title").text.startswith("2 of 6 parameters get gradient")  # type: ignore[union-attr]
    assert saved(page, "#save-png").startswith(b"\x89PNG")


def place(page: "Page") -> list[float]:
    """Left, top and scale of the view, as the address has them."""
    page.wait_for_timeout(350)
    address = page.evaluate("() => location.hash")
    return [float(one) for one in address.split("view=")[1].split("&")[0].split(",")]


def test_a_chosen_cut_that_is_in_sight_leaves_the_picture_where_it_is(open_page: Open) -> None:
    page = open_page(graphs.detached())
    page.click("#fit")
    before = place(page)
    page.locator("#cuts button").click()
    assert page.locator("#panel h2").inner_text() == "detach_()"
    assert place(page) == before
    for _ in range(9):
        page.click("#zoom-out")  # too small to read
    small = place(page)
    page.locator("#cuts button").click()
    assert place(page)[2] > small[2]
    page.keyboard.press("Escape")
    stage = page.locator("#stage").bounding_box()
    page.mouse.move(stage["x"] + 50, stage["y"] + 50)
    page.mouse.down()
    page.mouse.move(stage["x"] + 50, stage["y"] + 600, steps=4)  # out of sight
    page.mouse.up()
    away = place(page)
    page.locator("#cuts button").click()
    assert place(page)[1] > away[1]


def test_what_is_in_the_middle_stays_there_while_a_panel_closes(open_page: Open) -> None:
    page = open_page(graphs.detached())
    page.click("#fit")

    def middle() -> float:
        left, _, scale = place(page)
        return left + page.locator("#stage").bounding_box()["width"] / 2 / scale  # type: ignore[index]

    before = middle()
    for side in ("panel", "finder"):
        page.click(f".side[data-side={side}]")
        assert abs(middle() - before) < 2


def test_colours_switch_and_panels_close_and_widen(open_page: Open) -> None:
    page = open_page(graphs.every_verdict())
    page.click("#theme")
    boxes(page)
    assert pixels(page).get(LOOKS[Verdict.REACHED].dark.fill, 0) > 300
    wide = page.locator("#stage").bounding_box()["width"]  # type: ignore[index]
    page.click(".side[data-side=panel]")
    assert not page.locator("#panel").is_visible()
    assert page.locator("#stage").bounding_box()["width"] > wide + 200  # type: ignore[index]
    finder = page.locator("#finder").bounding_box()["width"]  # type: ignore[index]
    page.focus("#grip-finder")
    page.keyboard.press("ArrowRight")
    assert page.locator("#finder").bounding_box()["width"] == finder + 20  # type: ignore[index]


def test_a_line_opens_in_an_editor_that_can_be_set_and_no_script_passes_for_one(
    open_page: Open,
) -> None:
    cut = graphs.detached().cuts[0]
    report = graphs.detached()
    report = replace(report, cuts=(replace(cut, file="/src/my net.py"),))
    page = open_page(report)
    link = page.locator("#panel .at a").first
    assert link.get_attribute("href") == "vscode://file//src/my%20net.py:31"
    page.fill(".editor", "idea://open?file={file}&line={line}")
    page.locator(".editor").blur()
    assert (
        page.locator("#panel .at a").first.get_attribute("href")
        == "idea://open?file=/src/my%20net.py&line=31"
    )
    page.fill(".editor", "javascript:alert(1)//{file}")
    page.locator(".editor").blur()
    assert str(page.locator("#panel .at a").first.get_attribute("href")).startswith("vscode://")


def test_a_large_graph_has_a_map_and_a_trail_of_the_modules_around(open_page: Open) -> None:
    page = open_page(repeated(60))
    assert page.locator("#map canvas").is_visible()
    assert not open_page(graphs.detached()).locator("#map canvas").is_visible()
    page.click("#expand")
    page.wait_for_function("() => document.getElementById('stage').dataset.boxes > 100")
    for _ in range(12):
        page.click("#zoom-in")
    assert page.locator("#crumbs button").count() >= 1
    assert page.evaluate("() => performance.getEntriesByName('drawn').length") == 1


def test_a_number_in_the_trail_stands_with_what_it_is_a_number_of(open_page: Open) -> None:
    net = graphs.Builder()
    into = net.operation("SumBackward0", net.loss, scope="a_network")
    for layer in ("encoder", *(f"encoder.{number}" for number in range(9))):
        into = net.operation("MulBackward0", into, scope=f"a_network.{layer}")
        into = net.operation("MmBackward0", into, scope=f"a_network.{layer}")
    page = open_page(net.report(), size=(1024, 700))
    page.click("#expand")
    for _ in range(8):
        page.click("#zoom-in")
    assert page.locator("#crumbs button").all_inner_texts() == ["…", "encoder.1"]


@pytest.mark.parametrize("size", [(1400, 900), (390, 844)])
def test_axe_finds_none_where_the_page_begins_with_what_does_not_train(
    open_page: Open, axe: str, size: tuple[int, int], tmp_path: Path
) -> None:
    place = {"file": str(tmp_path / "train.py"), "line": 1, "code": "loss.backward()"}
    (tmp_path / "train.py").write_text("loss.backward()\n")
    fate = Fate(name="w", trains=False, why="cleared", numel=9000, compared=4096, **place)
    alarm = Alarm(why="cleared", parameters=("w",), means="Cleared.", mend="Do not.", **place)
    training = Training(backwards=1, steps=1, parameters=(fate,), alarms=(alarm,))
    page = open_page(replace(graphs.detached(), training=training), size=size, script=axe)
    assert page.locator("#training[open] .marked").count() == 1
    found = page.evaluate("async () => (await axe.run()).violations.map(one => one.id)")
    assert not found
