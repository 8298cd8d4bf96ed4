"""The pictures in ``outputs``, which the README shows, are those that gradviz makes. ``make gallery`` makes them again."""

import re
from pathlib import Path

import pytest

from gradviz.article import STRATEGIES, follow
from gradviz.cli import main

OUTPUTS = Path(__file__).parents[1] / "outputs"


@pytest.mark.parametrize("mode", STRATEGIES)
def test_every_picture_is_what_gradviz_draws(mode):
    committed = (OUTPUTS / f"article-{mode}.svg").read_bytes()
    # compared as a truth, since pytest would take minutes to show how two pictures differ
    is_fresh = follow(mode).report.to_svg(engine="embedded").encode() == committed
    assert is_fresh, f"outputs/article-{mode}.svg is stale; run `make gallery`"


def test_there_is_no_picture_that_nothing_makes():
    assert {path.name for path in OUTPUTS.glob("article-*")} == {f"article-{mode}.svg" for mode in STRATEGIES}


def test_the_readme_shows_what_the_example_prints(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(OUTPUTS.parent)
    with pytest.raises(SystemExit):
        main(["example", "--mode", "detach", "-o", str(tmp_path / "report.txt")])
    readme = Path("README.md").read_text()
    assert f"$ gradviz example --mode detach\n{capsys.readouterr().out}```" in readme
    assert f"```text\n{(tmp_path / 'report.txt').read_text()}```" in readme


def test_the_readme_embeds_pictures_that_are_there():
    pictures = re.findall(r"!\[.+?\]\((.+?)\)", (OUTPUTS.parent / "README.md").read_text())
    assert len(pictures) == 3
    assert all((OUTPUTS.parent / picture).is_file() for picture in pictures)
