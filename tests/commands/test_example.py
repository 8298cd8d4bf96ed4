"""What the article's net prints and writes under each mode."""

import json
import re
from pathlib import Path
from textwrap import dedent

import pytest

from gradviz import article

MODES = list(article.STRATEGIES)


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def line_of(code):
    """Where in article.py a line stands."""
    lines = [line.strip() for line in Path(article.__file__).read_text().splitlines()]
    return f"{article.__file__}:{lines.index(code) + 1}"


def test_detach_prints_the_headline_a_table_and_what_differs(run):
    cut = f"detach_() at {line_of('h.detach_()')}: h.detach_()"
    assert run("example", "--mode", "detach") == (
        0,
        dedent(f"""\
            2 of 6 parameters get gradient; detach_() at {line_of("h.detach_()").rpartition("/")[2]} cuts off f1 and f2
            parameter  verdict  gradient  cut by
            f1.weight  cut      None      {cut}
            f1.bias    cut      None      {cut}
            f2.weight  cut      None      {cut}
            f2.bias    cut      None      {cut}
            f3.weight  reached  5
            f3.bias    reached  1
            f3 gets exactly the gradient it gets without freezing; f1 and f2 get none.
            """),
        "gradviz: wrote article-detach.svg\n",
    )
    assert "<svg" in Path("article-detach.svg").read_text()


def test_requires_grad_says_the_articles_point(run):
    status, out, _ = run("example", "--mode", "requires-grad", "-o", "g.json")
    assert status == 0
    assert out.splitlines()[1:] == [
        "parameter  verdict  gradient  cut by",
        "f1.weight  reached  6",
        "f1.bias    reached  6",
        "f2.weight  frozen   None",
        "f2.bias    frozen   None",
        "f3.weight  reached  5",
        "f3.bias    reached  1",
        "f1 and f3 get exactly the gradient they get without freezing; f2 gets none.",
    ]


def test_a_block_that_switches_grad_off_is_named_by_the_same_line_everywhere(run):
    status, out, _ = run("example", "--mode", "no-grad", "-o", "g.html")
    assert status == 0
    headline, _, *rows = out.splitlines()
    line = line_of("with torch.no_grad():")
    assert line.rpartition("/")[2] in headline
    assert [row.split("at ")[1] for row in rows[:4]] == [f"{line}: with torch.no_grad():"] * 4
    data = json.loads(re.search(r'id="data">(.*?)</script>', Path("g.html").read_text())[1])
    (loss,) = data["losses"]
    marks = [loss["boxes"][loss["nodes"]["lines"][int(thing)]] for thing in loss["marks"]]
    assert {loss["strings"][lines[1][0]] for lines in marks} == {line.rpartition("/")[2]}


def test_detaching_at_the_end_leaves_nothing_and_is_told_as_well(run):
    status, out, _ = run("example", "--mode", "detach", "--at", "f3")
    assert status == 0
    assert out.splitlines()[-1] == "f1, f2 and f3 get none."


def test_all_shows_every_mode_side_by_side_and_writes_every_picture_into_outputs_where_it_is(run):
    Path("outputs").mkdir()
    status, out, err = run("example", "--all", "--engine", "embedded")
    assert status == 0
    assert out == dedent("""\
        parameter  none       requires-grad  detach     no-grad
        f1.weight  6 reached  6 reached      None cut   None cut
        f1.bias    6 reached  6 reached      None cut   None cut
        f2.weight  4 reached  None frozen    None cut   None cut
        f2.bias    2 reached  None frozen    None cut   None cut
        f3.weight  5 reached  5 reached      5 reached  5 reached
        f3.bias    1 reached  1 reached      1 reached  1 reached
        requires-grad: f1 and f3 get exactly the gradient they get without freezing; f2 gets none.
        detach: f3 gets exactly the gradient it gets without freezing; f1 and f2 get none.
        no-grad: f3 gets exactly the gradient it gets without freezing; f1 and f2 get none.
        """)
    assert err.splitlines() == [f"gradviz: wrote outputs/article-{mode}.svg" for mode in MODES]
    assert sorted(path.stem for path in Path("outputs").iterdir()) == sorted(
        f"article-{mode}" for mode in MODES
    )
