"""What is printed or logged may come back where the file reads it again."""

import pytest

from gradviz.recording.reading import caught
from gradviz.recording.reading.nowhere import goes_nowhere

HANDLERS = [
    "class Keep(logging.Handler):\n    def emit(self, record): kept.append(record)",
    "class Rows(logging.Formatter):\n    def format(self, record): return kept(record)",
    "text = io.StringIO()",
    "log.addFilter(kept.append)",
    "logging.basicConfig(filename='a.log')\nlines = Path('a.log').read_text()",
    "logging.FileHandler('a.log')\nlines = open('a.log').read()",
    "logging.StreamHandler(Catch())",
    "log.handlers[:] = [logging.StreamHandler(stream=catch)]",
    "logging.basicConfig(stream=Catch())",
    "class Tee:\n    def write(self, text): kept.append(text)\nlogging.StreamHandler(Tee())",
]
SCREENS = [
    "sys.stdout = Tee()",
    "patch('sys.stdout', text)",
    "os.dup2(pipe, 1)",
    "def test(capsys): read(capsys)",
]
LOGGED, PRINTED = "log.warning('%s', x.item())", "print(x.item())"


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    monkeypatch.setattr(caught, "user_files", set)


@pytest.mark.parametrize("beside", HANDLERS)
@pytest.mark.parametrize(("call", "ends"), [(LOGGED, False), (PRINTED, True)])
def test_what_is_logged_may_come_back_where_the_file_handles_it(program, beside, call, ends):
    written = program(f"{beside}\ndef f(x):\n    {call}\n")
    assert goes_nowhere(*written.at("f", "x.item()")) is ends


@pytest.mark.parametrize("beside", SCREENS)
def test_what_is_printed_may_come_back_where_the_file_takes_the_screen(program, beside):
    written = program(f"{beside}\ndef f(x):\n    {PRINTED}\n")
    assert not goes_nowhere(*written.at("f", "x.item()"))


@pytest.mark.parametrize(
    "beside",
    [
        "log.addHandler(logging.FileHandler('a.log'))",
        "log.addHandler(logging.StreamHandler(sys.stdout))\nlogging.StreamHandler()",
        "logging.basicConfig(format='%(message)s')\nsys.stdout.flush()\nopen('a.yaml')",
        "patch = x[:16]\nfor patch in patches: show(patch)",
        "class Table:\n    def write(self, text): kept.append(text)",
    ],
)
def test_what_is_logged_goes_nowhere_where_only_files_and_screens_take_it(program, beside):
    written = program(f"{beside}\ndef f(x):\n    {LOGGED}\n")
    assert goes_nowhere(*written.at("f", "x.item()"))


@pytest.mark.parametrize(("beside", "ends"), [(HANDLERS[0], False), ("logging.error('x')", True)])
def test_another_file_may_handle_what_is_logged(program, monkeypatch, tmp_path, beside, ends):
    other = tmp_path / "other.py"
    other.write_text(beside)
    written = program(f"def f(x):\n    {LOGGED}\n")
    monkeypatch.setattr(caught, "user_files", lambda: {str(other)})
    assert goes_nowhere(*written.at("f", "x.item()")) is ends
