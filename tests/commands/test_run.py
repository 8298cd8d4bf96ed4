"""What ``gradviz run`` refuses before the script begins."""

import pytest


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--cost", "--every", "2"], "--cost takes -m, --backward, --timeout and -o alone"),
        (["--cost", "--fail-on-alarm"], "--cost takes -m, --backward, --timeout and -o alone"),
        (["--cost", "-o", "cost.svg"], "with --cost, -o writes a .json file"),
        (["--backward", "0"], "write them from 1 on"),
        (["--engine", "neato"], "unknown engine: 'neato'"),
        (["-o", "run.json", "-o", "run.bmp"], "unknown format: 'run.bmp'"),
        (["-o", "run.bmp"], "unknown format: 'run.bmp'"),
    ],
)
def test_what_cannot_be_asked_for_is_said_in_one_line_and_nothing_runs(
    run, arguments, words, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text("open('ran', 'w').close()")
    status, out, err = run("run", *arguments, "train.py")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert words in err
    assert not (tmp_path / "ran").exists()
