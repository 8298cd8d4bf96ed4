"""The pictures in ``outputs``, which the README shows, are those that gradviz makes.

``make gallery`` makes them again.
"""

import re
import runpy
import sys
from pathlib import Path

import pytest

from gradviz import assert_gradients
from gradviz.article import STRATEGIES, follow
from gradviz.cli import main

ROOT = Path(__file__).parents[1]
OUTPUTS = ROOT / "outputs"


@pytest.mark.parametrize("mode", STRATEGIES)
def test_every_picture_is_what_gradviz_draws(mode):
    committed = (OUTPUTS / f"article-{mode}.svg").read_bytes()
    # compared as a truth, since pytest would take minutes to show how two pictures differ
    is_fresh = follow(mode).report.to_svg(engine="embedded").encode() == committed
    assert is_fresh, f"outputs/article-{mode}.svg is stale; run `make gallery`"


def test_there_is_no_picture_that_nothing_makes():
    assert {path.stem for path in OUTPUTS.glob("*.svg")} == {
        *(f"article-{mode}" for mode in STRATEGIES),
        *EXAMPLES,
    }


EXAMPLES = {
    "checkpoint_cuts": {"cut": "block.*", "frozen": "embedding.*"},
    "ddp_unused_head": {"unused": "depth_head.*"},
    "dqn": {"cut": "target.*", "partial": "online.*"},
    "frozen_backbone": {"frozen": "backbone.*"},
    "gan": {"cut": "generator.*"},
    "lora": {"frozen": ["0.base.*", "1.*"], "zero": "0.A"},
    "simsiam": {"partial": "encoder.*"},
    "truncated_bptt": {"partial": "cell.*"},
    "vqvae": {"partial": ["encoder.*", "codebook.*"]},
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_runs_finds_what_it_says_and_draws_the_picture_that_is_shown(
    name, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    script = str(ROOT / "examples" / f"{name}.py")
    names = runpy.run_path(script, run_name="__main__")
    # Lines are told from the folder of the script that runs, afterwards too
    monkeypatch.setattr(sys.modules["__main__"], "__file__", script)
    assert_gradients(names["report"], **{"partial": [], **EXAMPLES[name]})
    assert capsys.readouterr().out == str(names["report"]) + "\n"
    is_fresh = Path(f"{name}.svg").read_bytes() == (OUTPUTS / f"{name}.svg").read_bytes()
    assert is_fresh, f"outputs/{name}.svg is stale; run `make gallery`"


def test_every_example_is_in_the_gallery():
    assert {path.stem for path in (ROOT / "examples").glob("*.py")} == {
        "freeze",
        "finetune",
        *EXAMPLES,
    }  # the first two are for the README and the tutorial


def test_the_readme_shows_what_the_example_prints(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(OUTPUTS.parent)
    with pytest.raises(SystemExit):
        main(["example", "--mode", "detach", "-o", str(tmp_path / "report.txt")])
    readme = Path("README.md").read_text()
    out, err = capsys.readouterr()
    err = err.replace(str(tmp_path / "report.txt"), "outputs/article-detach.svg")
    assert f"$ gradviz example --mode detach\n{err}{out}```" in readme
    assert f"```text\n{(tmp_path / 'report.txt').read_text()}```" in readme


def test_the_readme_embeds_pictures_that_are_there():
    pictures = re.findall(r"!\[.+?\]\((.+?)\)", (OUTPUTS.parent / "README.md").read_text())
    assert len(pictures) == 4
    assert all((OUTPUTS.parent / picture).is_file() for picture in pictures)
