"""A saved report is read, or refused in one line."""

import pytest

from gradviz.commands.printing import read, shown
from gradviz.errors import ReportFileError


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
