"""The formats that a report can be written in, by the name of the file."""

import pytest
from graphs import chain

from gradviz.errors import OutputError
from gradviz.render.formats import FORMATS, check, save, save_picture


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("g.json", "{"),
        ("g.JSON", "{"),
        ("g.dot", "digraph"),
        ("g.html", "<!doctype html>"),
        ("g.txt", ""),
    ],
)
def test_the_end_of_the_name_decides(tmp_path, name, begins):
    save(chain(3), tmp_path / name)
    text = (tmp_path / name).read_text()
    assert text
    assert text.lower().startswith(begins)


def test_a_page_says_what_made_it(tmp_path):
    save(chain(3), tmp_path / "g.html", command="gradviz run train.py")
    assert "gradviz run train.py" in (tmp_path / "g.html").read_text()


def test_an_unknown_end_is_refused_with_those_there_are(tmp_path):
    with pytest.raises(OutputError, match=r"unknown format: 'g\.gif'") as refused:
        check(tmp_path / "g.gif")
    assert all(ending in str(refused.value) for ending in FORMATS)
    with pytest.raises(OutputError, match="unknown format"):
        save(chain(3), tmp_path / "g")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_refused_before_the_work(tmp_path):
    with pytest.raises(OutputError):
        check(tmp_path / "missing" / "g.json")


def test_a_picture_is_written_as_it_is_where_its_name_ends_in_svg_or_in_nothing(tmp_path):
    for name in ("g.svg", "g.SVG", "g"):
        save_picture(chain(3), tmp_path / name, "<svg/>")
        assert (tmp_path / name).read_text() == "<svg/>"


def test_a_picture_is_not_written_under_the_name_of_another_format(tmp_path):
    for name in ("g.json", "g.bmp"):
        with pytest.raises(OutputError, match=r"must end in \.svg, \.png or \.pdf"):
            save_picture(chain(3), tmp_path / name, "<svg/>")
