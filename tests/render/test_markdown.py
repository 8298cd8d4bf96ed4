import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt

from gradviz import cli
from gradviz.render.markdown import render_markdown
from gradviz.reports import Report


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        with pytest.raises(SystemExit) as stopped:
            cli.main(list(arguments))
        return stopped.value.code, *capsys.readouterr()

    return run


def test_the_example_prints_the_picture_for_both_schemes_and_the_table(run):
    status, out, err = run(
        "example", "--mode", "detach", "--format", "markdown", "--engine", "embedded"
    )
    assert status == 0
    assert err.splitlines() == [
        "gradviz: wrote article-detach-light.svg",
        "gradviz: wrote article-detach-dark.svg",
    ]
    assert out.splitlines()[:4] == [
        "<picture>",
        '  <source media="(prefers-color-scheme: dark)" srcset="article-detach-dark.svg">',
        (
            '  <img alt="2 of 6 parameters get gradient; detach_() at article.py:59 cuts off f1 and'
            ' f2." src="article-detach-light.svg">'
        ),
        "</picture>",
    ]
    html = MarkdownIt("commonmark").enable("table").render(out)
    cells = re.findall(r"<t[dh]>(.*?)</t[dh]>", html)
    assert cells[:4] == ["parameter", "verdict", "gradient", "cut by"]
    assert cells[4:7] == ["f1.weight", "cut", "None"]
    assert cells[7].endswith("article.py:59: h.detach_()")
    assert len(cells) == 4 * 7


def test_the_two_pictures_differ_in_their_colours_alone(run):
    run(
        "example", "--mode", "detach", "--format", "markdown", "--engine", "embedded", "-o", "g.svg"
    )
    light, dark = (Path(f"g-{scheme}.svg").read_text() for scheme in ("light", "dark"))
    assert "prefers-color-scheme" not in light + dark
    assert "fill:#f0f6fc" in dark
    assert "fill:#f0f6fc" not in light
    style = re.compile("<style>.*?</style>", re.DOTALL)
    assert style.sub("", light) == style.sub("", dark)
    ElementTree.fromstring(dark)


def test_markdown_goes_with_svg_alone(run):
    status, out, err = run("example", "--format", "markdown", "-o", "g.json")
    assert (status, out) == (2, "")
    assert (
        err == "gradviz: --format markdown shows an SVG: give -o a name that ends in .svg, not"
        " 'g.json'\n"
    )


def test_what_is_markup_in_a_cell_stays_text():
    text = render_markdown(
        Report(), light='a"b.svg', dark="d.svg", rows=[("code",), ("a | *b* <c> `d` [e](f) __g__",)]
    )
    html = MarkdownIt("commonmark").enable("table").render(text)
    assert "<td>a | *b* &lt;c&gt; `d` [e](f) __g__</td>" in html
    assert 'src="a&quot;b.svg"' in text
