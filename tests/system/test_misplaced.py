"""What a newcomer types after the wrong command."""

from pathlib import Path

import pytest

from gradviz import cli
from gradviz.system.misplaced import FUNCTION, REPORT, RUN, SCRIPT, command_for, likely, way_out

FILES = ("train.py", "report.json", "g.svg", "nb.ipynb", "model.pt", "notes.txt")


@pytest.fixture(autouse=True)
def a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in FILES:
        Path(name).touch()
    Path("data").mkdir()


def test_a_name_is_likely_a_file_of_the_same_kind_beside_it(tmp_path):
    for name in ("before.json", "before.py"):
        (tmp_path / name).touch()
    assert likely(str(tmp_path / "befor.json")) == str(tmp_path / "before.json")
    assert likely(str(tmp_path / "befor.py")) == str(tmp_path / "before.py")


@pytest.mark.parametrize("name", ["g.svg", "nb.ipynb", "model.pt", "data"])
@pytest.mark.parametrize("wanted", [FUNCTION, REPORT, RUN, SCRIPT])
def test_what_no_command_takes_says_what_it_is(name, wanted):
    assert way_out(name, wanted).startswith(f"{name} is a ")
    assert f", and this takes {wanted}: " in way_out(name, wanted)
    assert command_for(name) == ""


def test_what_a_command_takes_is_not_misplaced():
    for name, wanted in [
        ("train.py", SCRIPT), ("steps.py:step", FUNCTION), ("a.b:step", FUNCTION),
        ("report.json", REPORT), ("run.json", RUN), ("notes.txt", REPORT), ("torchrun", SCRIPT),
    ]:  # fmt: skip
        assert way_out(name, wanted) == ""


def test_a_word_is_taken_for_a_file_beside_it():
    assert likely("train") == "train.py"
    assert likely("train.step") == "train.py:step"
    assert likely("trian.py") == "train.py"
    assert likely("something.else") == ""


@pytest.mark.parametrize(
    ("call", "leads_to"),
    [
        ("plot train.py", "gradviz run --every 1 -o run.json train.py writes one"),
        ("diff train.py report.json", "gradviz run -o report.json train.py writes one"),
        ("merge train.py report.json", "gradviz run -o report.json train.py writes one"),
        ("draw steps.py:step", "gradviz show steps.py:step -o report.json writes one"),
        ("show train.py", "write train.py:function, or run the script: gradviz run train.py"),
        ("show train", "did you mean train.py?"),
        ("show report.json", "gradviz draw report.json prints it"),
        ("compare nb.ipynb", "%load_ext gradviz"),
        ("run report.json", "gradviz draw report.json prints it"),
        ("run steps.py:step", "gradviz show steps.py:step"),
        ("run data", "name a file in it"),
        ("run --frozen x train.py", "No such option '--frozen'; it is one of gradviz check"),
        ("mend model.pt", "gradviz run train.py"),
        ("mend missing.py", "there is no file 'missing.py'"),
        ("doctor extra", "Example: gradviz doctor"),
        ("example detach", "Example: gradviz example --mode detach"),
        ("diff report.json", "Example: gradviz diff before.json after.json"),
        ("check", "as in gradviz check train.py"),
        ("train.py", "did you mean gradviz run train.py?"),
        ("steps.py:step", "did you mean gradviz show steps.py:step?"),
        ("report train.py", "there is check, compare, diff,"),
        ("chekc train.py", "did you mean gradviz check?"),
    ],
)
def test_a_wrong_call_leads_out_in_one_line(call, leads_to, capfd):
    with pytest.raises(SystemExit) as stopped:
        cli.main(call.split())
    out, err = capfd.readouterr()
    assert (stopped.value.code, out) == (2, "")
    assert leads_to in err
    assert err.count("\n") == 1


def test_a_folder_that_python_runs_is_a_script(tmp_path):
    from gradviz.running.script import _refuse_what_is_no_script

    (tmp_path / "data" / "__main__.py").touch()
    _refuse_what_is_no_script("data")


def test_a_step_that_takes_arguments_says_what_a_step_is(capfd):
    Path("steps.py").write_text("def needs(batch): return batch\n")
    with pytest.raises(SystemExit):
        cli.main(["show", "steps.py:needs"])
    err = capfd.readouterr().err
    assert "missing a required argument: 'batch'): a step is a function without arguments" in err
