"""What only a real browser can tell.

Which colours apply, where text ends, what one picture does to another on a page.
"""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import graphs
import pytest
from PIL import Image

from gradviz.folding.boxes import View
from gradviz.render.style import INK, LOOKS, LOSS, OP, STROKES
from gradviz.render.svg import render_svg

pytestmark = pytest.mark.browser
Ask = Callable[[str, str, str], Any]
Shoot = Callable[[Path, str], bytes]

REPORTS = {
    **graphs.ARTICLE_MODES,
    "every verdict": graphs.every_verdict,
    "odd names": graphs.oddly_named,
    "rnn": lambda: graphs.recurrent(6),
}

COLOURS = """
const found = {};
for (const shape of document.querySelectorAll('.graph .node .shape, .graph .node .outline')) {
  const style = getComputedStyle(shape);
  (found[shape.parentNode.getAttribute('class')] ??= []).push([shape.getAttribute('class'), style.fill, style.stroke]);
}
for (const path of document.querySelectorAll('.graph .edge :is(path, polygon, polyline)'))
  (found['edge ' + path.parentNode.getAttribute('class').replace('edge ', '')] ??= []).push(['path', '', getComputedStyle(path).stroke]);
found.text = [...new Set([...document.querySelectorAll('text')].map(text => getComputedStyle(text).fill))];
return found;
"""

BOXES = """
const box = element => { const b = element.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom] };
return [...document.querySelectorAll('svg')].map(svg => ({
  svg: box(svg),
  nodes: [...svg.querySelectorAll('.graph .node')].map(node => ({
    shape: box(node.querySelector('.shape')), texts: [...node.querySelectorAll('text, .glyph')].map(box), name: node.textContent.trim()})),
  headline: box(svg.querySelector('.headline')), legend: box(svg.querySelector('.legend')), graph: box(svg.querySelector('.graph')),
  samples: [...svg.querySelectorAll('.legend > g')].map(box),
}));
"""


@pytest.fixture(scope="module")
def pictures() -> dict[str, str]:
    return {name: render_svg(report(), engine="embedded") for name, report in REPORTS.items()}


@pytest.fixture(scope="module", params=["wide", "narrow"])
def boxes(request: pytest.FixtureRequest, ask: Ask, pictures: dict[str, str]) -> dict[str, Any]:
    width = {"wide": 1100, "narrow": 390}[request.param]
    answer = ask(
        "".join(f"<div style='width:{width}px'>{svg}</div>" for svg in pictures.values()),
        BOXES,
        "light",
    )
    return dict(zip(pictures, answer, strict=True))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_node_and_edge_has_the_colours_of_its_verdict_in_the_scheme_of_the_reader(
    ask: Ask, pictures: dict[str, str], scheme: str
) -> None:
    looks = {**{str(verdict): look for verdict, look in LOOKS.items()}, "op": OP, "loss": LOSS}
    seen = set()
    for name in ("every verdict", "detach"):
        found = ask(pictures[name], COLOURS, scheme)
        assert found.pop("text") == [rgb({"light": "#1f2328", "dark": "#f0f6fc"}[scheme])]
        for classes, shapes in found.items():
            names = set(classes.split())
            if "edge" in names:
                (stroke,) = names & set(STROKES)
                assert {colours[2] for colours in shapes} == {rgb(getattr(STROKES[stroke], scheme))}
            else:
                (look,) = names & set(looks)
                paint = getattr(looks[look], scheme)
                for part, fill, border in shapes:
                    assert (fill, border) == (
                        rgb(paint.fill) if part == "shape" else "none",
                        rgb(paint.stroke),
                    ), classes
            seen |= names
    assert set(looks) | {"pruned", "mark", "gradient", "severed", "frozen"} <= seen


def test_text_and_marks_stay_inside_the_border_of_their_node(boxes: dict[str, Any]) -> None:
    for name, picture in boxes.items():
        assert picture["nodes"] or name == "empty"
        for node in picture["nodes"]:
            for text in node["texts"]:
                assert is_inside(text, node["shape"], 1.0), (name, node["name"])


def test_no_node_lies_on_another(boxes: dict[str, Any]) -> None:
    for name, picture in boxes.items():
        shapes = [node["shape"] for node in picture["nodes"]]
        for number, one in enumerate(shapes):
            assert not any(overlap(one, other) for other in shapes[:number]), name


def test_headline_legend_and_graph_stand_one_below_the_other_within_the_picture(
    boxes: dict[str, Any],
) -> None:
    for name, picture in boxes.items():
        for part in ("headline", "legend", "graph"):
            assert is_inside(picture[part], picture["svg"], 0.5), (name, part)
        assert picture["headline"][3] <= picture["legend"][1] + 1, name
        assert picture["legend"][3] <= picture["graph"][1] + 1, name
        samples = picture["samples"]
        assert not any(
            overlap(one, other) for number, one in enumerate(samples) for other in samples[:number]
        ), name


def test_the_loss_is_at_the_bottom(boxes: dict[str, Any]) -> None:
    for name, picture in boxes.items():
        lowest = max(picture["nodes"], key=lambda node: node["shape"][3])
        assert "backward() starts here" in lowest["name"], name


def test_the_pictures_of_one_page_share_no_identifier_and_leave_each_other_and_the_page_alone(
    ask: Ask, pictures: dict[str, str]
) -> None:
    script = (
        """
    const ids = [...document.querySelectorAll('[id]')].map(element => element.id);
    const mine = getComputedStyle(document.querySelector('#mine .shape'));
    return {ids, mine: [mine.fill, mine.stroke, mine.strokeDasharray], colours: (() => {"""
        + COLOURS
        + """})()};
    """
    )
    own = (
        '<svg id="mine" width="20" height="20"><g class="node cut pruned"><rect class="shape"'
        ' width="9" height="9"/></g></svg>'
    )
    page = ask(own + "".join(pictures.values()), script, "light")
    assert len(page["ids"]) == len(set(page["ids"])) > 100
    assert page["mine"] == ["rgb(0, 0, 0)", "none", "none"]
    alone = ask(pictures["detach"], COLOURS, "light")
    for classes, colours in alone.items():
        assert set(map(tuple, colours)) <= set(map(tuple, page["colours"][classes])), classes


def test_an_image_element_shows_it_with_the_proportions_of_its_view_box(
    ask: Ask, pictures: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "picture.svg"
    path.write_text(pictures["detach"])
    script = (
        "const i = document.querySelector('img'); return [i.complete, i.naturalWidth, i.clientWidth"
        " / i.clientHeight]"
    )
    complete, width, ratio = ask(
        f"<img src='{path.as_uri()}' style='width:390px'>", script, "light"
    )
    wide, high = map(float, pictures["detach"].split('viewBox="0 0 ')[1].split('"')[0].split())
    assert complete
    assert width > 0
    assert ratio == pytest.approx(wide / high, rel=0.01)


PAGE = "<body style='margin:0'><style>:root{{color-scheme:{scheme}}}</style><img src='picture.svg'>"


@pytest.mark.parametrize("page", ["alone", "light", "dark"])
@pytest.mark.parametrize("desktop", ["light", "dark"])
def test_its_text_and_its_ground_are_of_one_scheme_alone_and_in_any_page(
    shoot: Shoot, pictures: dict[str, str], tmp_path: Path, desktop: str, page: str
) -> None:
    path = tmp_path / "picture.svg"
    path.write_text(pictures["detach"])
    if page != "alone":
        path = tmp_path / "page.html"
        path.write_text(PAGE.format(scheme=page))
    ground, *others = pixels(shoot(path, desktop))
    scheme = next(number for number, paint in enumerate(INK) if hexadecimal(ground) == paint.fill)
    assert hexadecimal(max(others, key=lambda pixel: contrast(ground, pixel))) == INK[scheme].stroke
    assert contrast(ground, max(others, key=lambda pixel: contrast(ground, pixel))) > 9


@pytest.mark.parametrize(("scheme", "other"), [("light", "dark"), ("dark", "light")])
def test_a_scheme_that_was_chosen_holds_on_a_desktop_and_in_a_page_of_the_other(
    shoot: Shoot, tmp_path: Path, scheme: str, other: str
) -> None:
    view = View(scheme=scheme)
    svg = render_svg(graphs.ARTICLE_MODES["detach"](), view, engine="embedded")
    (tmp_path / "picture.svg").write_text(svg)
    (tmp_path / "page.html").write_text(PAGE.format(scheme=other))
    ground, *others = pixels(shoot(tmp_path / "page.html", other))
    paint = INK[("light", "dark").index(scheme)]
    assert hexadecimal(ground) == paint.fill
    assert max(contrast(ground, pixel) for pixel in others) > 9


def test_the_ground_is_transparent_where_that_is_asked_for(shoot: Shoot, tmp_path: Path) -> None:
    path = tmp_path / "picture.svg"
    path.write_text(
        render_svg(graphs.ARTICLE_MODES["detach"](), View(transparent=True), engine="embedded")
    )
    assert pixels(shoot(path, "light"))[0][3] == 0


@pytest.mark.parametrize(("scheme", "other"), [("light", "dark"), ("dark", "light")])
def test_without_a_ground_the_scheme_of_the_page_around_reads_on_any_desktop(
    shoot: Shoot, tmp_path: Path, scheme: str, other: str
) -> None:
    view = View(scheme=scheme, transparent=True)
    svg = render_svg(graphs.ARTICLE_MODES["detach"](), view, engine="embedded")
    (tmp_path / "picture.svg").write_text(svg)
    style = f"<style>body{{background:{INK[('light', 'dark').index(scheme)].fill}}}</style>"
    (tmp_path / "page.html").write_text(f"{style}<body style='margin:0'><img src='picture.svg'>")
    ground, *others = pixels(shoot(tmp_path / "page.html", other))
    assert hexadecimal(ground) == INK[("light", "dark").index(scheme)].fill
    assert max(contrast(ground, pixel) for pixel in others) > 9


def pixels(png: bytes) -> list[tuple[int, int, int, int]]:
    """The colours of an image, that of its first pixel first."""
    with Image.open(BytesIO(png)) as image:
        shown = image.convert("RGBA")
        first = shown.getpixel((0, 0))
        return [first, *(colour for _, colour in shown.getcolors(1 << 24) if colour != first)]


def hexadecimal(colour: tuple[int, ...]) -> str:
    return "#" + "".join(f"{part:02x}" for part in colour[:3])


def contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """The ratio that WCAG 2 defines."""
    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: tuple[int, ...]) -> float:
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (value / 255 for value in colour[:3])
    ]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def rgb(colour: str) -> str:
    return f"rgb({', '.join(str(int(colour[at : at + 2], 16)) for at in (1, 3, 5))})"


def is_inside(inner: list[float], outer: list[float], slack: float) -> bool:
    low = all(one >= other - slack for one, other in zip(inner[:2], outer[:2], strict=True))
    return low and all(
        one <= other + slack for one, other in zip(inner[2:], outer[2:], strict=True)
    )


def overlap(one: list[float], other: list[float]) -> bool:
    return (
        one[0] < other[2] - 0.5
        and other[0] < one[2] - 0.5
        and one[1] < other[3] - 0.5
        and other[1] < one[3] - 0.5
    )
