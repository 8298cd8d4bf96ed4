"""Whatever became of standard error, the user's run goes on and ends as it would
without gradviz.
"""

import gc
import os
import subprocess
import sys
import textwrap
import warnings
import weakref

import pytest
import torch

import gradviz
import warm
from gradviz.system import voice

SCRIPT = """
import os, sys
{first}
import torch
weight = torch.zeros(1, requires_grad=True)
for _ in range(3):  # by hand, for an optimizer imports torch's compiler
    weight.grad = None
    (2 * weight).sum().backward()
    with torch.no_grad():
        weight -= 0.1 * weight.grad
open("trained", "w").write("yes")
"""


class Refuses:
    encoding = "ascii"

    def __init__(self, error):
        self.error = error

    def write(self, text):
        raise self.error

    def flush(self):
        raise self.error


@pytest.mark.parametrize(
    "shell", ["2> >(exec 0<&-)", "2>&-"], ids=["a broken pipe", "closed from the start"]
)
def test_a_script_trains_and_ends_as_without_gradviz(shell, tmp_path):
    (tmp_path / "train.py").write_text(SCRIPT.format(first=""))
    line = f"{sys.executable} -m gradviz run train.py {shell}"
    ran = subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, timeout=300)
    assert ran.returncode == 0
    assert (tmp_path / "trained").read_text() == "yes"


@pytest.mark.parametrize(
    "first",
    [
        "os.dup2(os.open('/dev/full', os.O_WRONLY), 2)",
        "os.close(2); open('data', 'w').close(); data = open('data', 'w')",
    ],
    ids=["full", "closed and its number given to a file"],
)
def test_it_does_so_whatever_becomes_of_standard_error_later(first, tmp_path):
    (tmp_path / "train.py").write_text(SCRIPT.format(first=first))
    ran = warm.completed([sys.executable, "-m", "gradviz", "run", "train.py"], tmp_path)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert (tmp_path / "trained").read_text() == "yes"
    assert not (tmp_path / "data").exists() or (tmp_path / "data").read_text() == ""


def full():
    return os.open("/dev/full", os.O_WRONLY)


def unread():
    reading, writing = os.pipe()
    os.close(reading)
    return writing


@pytest.mark.parametrize("command", ["--help", "draw r.json", "check r.json --frozen w"])
@pytest.mark.parametrize(
    ("make", "said"),
    [
        (full, "cannot write to standard output: No space"),
        (None, "cannot write to standard output: it is closed"),
        (unread, ""),
    ],
    ids=["full", "closed", "unread"],
)
def test_a_standard_output_that_cannot_be_written_is_said_in_one_line(
    command, make, said, tmp_path
):
    weight = torch.ones(1, requires_grad=True)
    (tmp_path / "r.json").write_text(gradviz.report(weight.sum(), {"w": weight}).to_json())
    stream = os.open(os.devnull, os.O_WRONLY) if make is None else make()
    line = f"{sys.executable} -m gradviz {command} {'>&-' if make is None else ''}"
    ran = subprocess.run(
        ["bash", "-c", line],
        cwd=tmp_path,
        stdout=stream,
        stderr=subprocess.PIPE,
        text=True,
        timeout=300,
    )
    os.close(stream)
    assert (ran.returncode, ran.stderr.count("\n")) == (2, bool(said))
    assert said in ran.stderr


@pytest.mark.parametrize(
    "close", [lambda stream: stream.close(), lambda stream: os.close(stream.fileno())]
)
def test_what_is_closed_is_left_alone(close, tmp_path):
    stream = open(tmp_path / "said", "w")  # noqa: SIM115
    close(stream)
    voice.say("nobody hears", stream)
    assert (tmp_path / "said").read_text() == ""
    if not stream.closed:
        with pytest.raises(OSError, match="descriptor"):
            stream.close()


@pytest.mark.parametrize(
    "error",
    [BrokenPipeError(), BlockingIOError(), ValueError("closed"), RuntimeError("the user's own")],
)
def test_a_stream_that_refuses_loses_the_words_and_no_more(error):
    voice.say("caf\u00e9\n", Refuses(error))


def test_what_a_stream_cannot_write_is_written_as_an_escape(tmp_path):
    with open(tmp_path / "said", "w", encoding="ascii") as stream:
        voice.say("caf\u00e9\n", stream)
    assert (tmp_path / "said").read_text() == "caf\\xe9\n"


def test_a_full_pipe_that_does_not_block_is_not_waited_for():
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with open(reading, "rb"), open(writing, "w") as stream:
        voice.say("x" * 1_000_000, stream)
        voice.say("more", stream)


def test_advice_is_a_warning_for_the_callers_line():
    def calls():
        voice.advise("so it is")

    with pytest.warns(RuntimeWarning, match="so it is") as caught:
        calls()
    assert caught[0].filename == __file__


def test_advice_raises_nothing_where_warnings_are_errors(capfd):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        voice.advise("so it is")
    assert capfd.readouterr().err == "gradviz: so it is\n"


def test_a_trace_that_fails_raises_nothing_where_warnings_are_errors(tmp_path):
    script = """
    import warnings
    import torch, gradviz
    warnings.simplefilter("error", RuntimeWarning)
    with gradviz.trace() as trace:
        trace._mode.tape.lines.made = None
        loss = (torch.ones(2, requires_grad=True) * 2).sum()
    print("went on")
    """
    ran = warm.completed([sys.executable, "-c", textwrap.dedent(script)], tmp_path)
    assert (ran.returncode, ran.stdout) == (0, "went on\n")
    assert "gradviz stopped watching" in ran.stderr


def test_a_terminal_gets_lines_that_are_wrapped_below_their_beginning_and_alarms_in_red():
    told = (
        "gradviz: ALARM: optimizer (Adam) steps it\n  fix       one two three four five six\n  not"
        " trained: net\n"
    )
    assert voice.dressed(told, 30, alarm=True).splitlines() == [
        "\x1b[1;31mgradviz: ALARM: optimizer\x1b[0m",
        "\x1b[1;31m  (Adam) steps it\x1b[0m",
        "\x1b[2m  fix       \x1b[0mone two three four",
        "            five six",
        "\x1b[2m  not trained: \x1b[0mnet",
    ]


def test_a_failure_that_is_told_of_keeps_no_tensor_of_the_users_alive():
    def fail(tensor):
        error = ValueError("no")
        error.own = error  # a cycle, which reference counts cannot end
        raise error

    tensor = torch.ones(2)
    kept = weakref.ref(tensor)
    gc.disable()
    try:
        try:
            fail(tensor)
        except ValueError as error:
            voice.warn(error, voice=lambda text: None)
        del tensor
        assert kept() is None
    finally:
        gc.enable()


def test_a_file_gets_statements_on_one_line_and_what_explains_them_wrapped():
    said = f"gradviz: {'names ' * 30}\n  cut       {'net.f ' * 30}\n  means     {'word ' * 30}\n"
    statement, names, *prose = voice.with_short_prose(said).splitlines()
    assert (len(statement), len(names)) == (189, 192)
    assert [len(line) <= voice.PROSE_WIDTH for line in prose] == [True, True]
    assert prose[1].startswith(" " * 12 + "word")
    assert voice.with_short_prose("gradviz: short") == "gradviz: short"
