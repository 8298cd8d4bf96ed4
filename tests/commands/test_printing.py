"""A saved report is read, or refused in one line."""

from pathlib import Path

import pytest

from gradviz.commands.printing import read, say_what_draws_nothing, shown
from gradviz.errors import ReportFileError
from gradviz.folding.boxes import View


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path):
    with pytest.raises(ReportFileError, match="there is no such file; gradviz run"):
        read(tmp_path / "gone.json")
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ReportFileError, match="it is not text"):
        read(tmp_path / "binary.json")


@pytest.mark.parametrize("error", [KeyError("a"), IndexError(), TypeError(), RecursionError()])
def test_what_makes_no_sense_together_is_a_broken_report(tmp_path, error):
    with pytest.raises(ReportFileError, match="broken report"), shown(tmp_path / "r.json"):
        raise error


@pytest.mark.parametrize("error", [OSError("full"), KeyboardInterrupt()])
def test_what_is_no_fault_of_the_report_goes_on(tmp_path, error):
    with pytest.raises(type(error)), shown(tmp_path / "r.json"):
        raise error


@pytest.mark.parametrize("output", [None, "r.txt", "r.json", "r.html"])
def test_options_of_a_picture_say_that_nothing_is_drawn(capfd, output):
    path = output and Path(output)
    say_what_draws_nothing(View(open=("layers.3",)), path)
    told = capfd.readouterr().err
    assert told.startswith("gradviz: --open changes nothing here: it takes -o with a picture (.svg")
    assert ("a click opens a module" in told) == (output == "r.html")
    say_what_draws_nothing(View(depth=1, transparent=True), path)
    assert "--depth and --transparent change nothing here" in capfd.readouterr().err


@pytest.mark.parametrize("output", ["r.svg", "r.dot", "R.PNG"])
def test_options_of_a_picture_that_is_drawn_are_no_words_worth(capfd, output):
    say_what_draws_nothing(View(open=("layers.3",)), Path(output))
    say_what_draws_nothing(View(), None)
    assert capfd.readouterr().err == ""
