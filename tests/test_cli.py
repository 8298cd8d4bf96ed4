import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import terminal
from gradviz import article, cli, layout
from gradviz.commands import options
from gradviz.facts import strategies
from gradviz.render.formats import FORMATS
from gradviz.reports import read_json

MODES = list(article.STRATEGIES)


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def imports_torch(statement):
    """Whether a fresh interpreter has torch in it after ``statement``."""
    probe = (
        f"import sys\ntry:\n    {statement}\nexcept SystemExit:\n    pass\nprint('torch' in"
        " sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1] == "True"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["example", "--help"],
        ["doctor", "--help"],
        ["example", "--mode", "dettach"],
        ["example", "-o", "g.bmp"],
    ],
)
def test_help_and_mistakes_import_no_torch(arguments):
    assert not imports_torch(f"from gradviz.cli import main; main({arguments})")


def test_that_test_can_fail():
    assert imports_torch("from gradviz.cli import main; main(['example', '-o', 'g.json'])")


def test_the_words_of_the_command_line_are_those_of_the_rooms_behind_it():
    assert list(strategies.MODES) == MODES
    assert strategies.LAYERS == article.LAYERS
    assert options.ENGINES == layout.ENGINES


def test_the_format_follows_the_name_of_the_file(run):
    starts = {
        "g.svg": "<",
        "g.json": '{\n "format": 2,',
        "g.dot": "digraph",
        "g.TXT": "2 of 6 parameters get gradient",
    }
    for name, start in starts.items():
        assert run("example", "--mode", "detach", "-o", name)[0] == 0
        assert Path(name).read_text().lstrip().startswith(start)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--mode", "dettach"],
            (
                "unknown mode: 'dettach' (choose from none, requires-grad, detach, no-grad; did you"
                " mean detach?)"
            ),
        ),
        (["--mode", "x"], "unknown mode: 'x' (choose from none, requires-grad, detach, no-grad)"),
        (["--at", "f4"], "unknown layer: 'f4' (choose from f1, f2, f3"),
        (["--engine", "neato"], "unknown engine: 'neato' (choose from auto, dot, embedded)"),
        (
            ["-o", "graph.bmp"],
            f"unknown format: 'graph.bmp' (the name must end in one of {', '.join(FORMATS)})",
        ),
        (["-o", "graph"], "unknown format: 'graph' (the name must end in one of .svg"),
        (["-o", "."], "cannot write '.': it is a folder. Name a file in it, such as 'graph.svg'"),
        (["-o", "file/below.svg"], "cannot write 'file/below.svg': "),
        (["-o", "/proc/graph.svg"], "cannot write '/proc/graph.svg': "),
        (
            ["--all", "-o", "g.svg"],
            "--all writes a file for every mode, so it does not go with -o; leave one of them out",
        ),
        (["--fast"], "No such option"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(run, arguments, message):
    Path("file").touch()
    status, out, err = run("example", *arguments)
    assert (status, out) == (2, "")
    assert err.startswith(f"gradviz: {message}")
    assert err.count("\n") == 1


def test_a_format_that_only_dot_draws_says_so_where_dot_is_missing(run, monkeypatch):
    monkeypatch.setenv("PATH", "")
    status, _, err = run("example", "-o", "g.png")
    assert status == 2
    assert "dot" in err
    assert err.count("\n") == 1


def test_no_command_shows_the_help_and_an_unknown_one_is_named(run):
    assert run()[0] == 2
    status, _, err = run("exmaple")
    assert status == 2
    assert err.startswith("gradviz: No such command 'exmaple'")
    assert err.count("\n") == 1


def on_a_terminal(**environment):
    """What the example writes to a terminal."""
    import pty

    master, slave = pty.openpty()
    command = [sys.executable, "-m", "gradviz", "example", "--mode", "detach", "-o", "g.json"]
    kept = {
        key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR")
    }
    process = subprocess.Popen(
        command,
        stdout=slave,
        stderr=subprocess.DEVNULL,
        env=kept | {"TERM": "xterm-256color"} | environment,
    )
    os.close(slave)
    said = terminal.told(master)
    assert process.wait() == 0
    return said


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_there_is_colour_on_a_terminal_and_none_where_the_user_wants_none():
    assert "\x1b[" in on_a_terminal()
    plain = on_a_terminal(NO_COLOR="1")
    assert "f2.weight" in plain
    assert "\x1b" not in plain


def test_a_report_is_drawn_again_without_the_model(run):
    run("example", "--mode", "detach", "-o", "report.json", "--engine", "embedded")
    run("example", "--mode", "detach", "-o", "first.svg", "--engine", "embedded")
    assert run("draw", "report.json", "-o", "again.svg", "--engine", "embedded") == (
        0,
        "",
        "gradviz: wrote again.svg\n",
    )
    assert Path("again.svg").read_bytes() == Path("first.svg").read_bytes()
    assert run("draw", "report.json") == (0, str(read_json(Path("report.json").read_text())), "")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.json", "cannot read 'missing.json': there is no such file; "),
        (".", ". is a folder, and this takes a saved report (.json): name a file in it"),
        ("binary.json", "cannot read 'binary.json': it is not text"),
        ("broken.json", "cannot read 'broken.json': not a gradviz report: it is not JSON"),
    ],
)
def test_a_report_that_cannot_be_read_is_refused_in_one_line(run, name, message):
    Path("broken.json").write_text("{")
    Path("binary.json").write_bytes(b"\xff\xfe\x00")
    status, out, err = run("draw", name, "-o", "g.svg")
    assert (status, out) == (2, "")
    assert err.startswith(f"gradviz: {message}")
    assert err.count("\n") == 1


STEPS = """
import torch

def step():
    model = torch.nn.Linear(2, 1)
    return model(torch.ones(1, 2)).sum(), model

def alone():
    return step()[0]

def swapped():
    return step()[::-1]

def wrong():
    return torch.ones(2) @ torch.ones(3)
"""


@pytest.fixture
def steps(tmp_path, monkeypatch):
    Path("my_steps.py").write_text(STEPS)
    monkeypatch.delitem(sys.modules, "my_steps", raising=False)
    monkeypatch.setattr(sys, "path", list(sys.path))


@pytest.mark.usefixtures("steps")
def test_show_reports_on_a_function_that_returns_loss_and_model(run):
    assert run("show", "my_steps:step") == (0, "All 2 parameters get gradient.\n", "")
    assert run("show", "my_steps:step", "-o", "g.json") == (
        0,
        "All 2 parameters get gradient.\n",
        "gradviz: wrote g.json\n",
    )
    assert len(json.loads(Path("g.json").read_text())["backwards"][0]["parameters"]) == 2


@pytest.mark.usefixtures("steps")
def test_show_takes_a_loss_alone(run):
    status, out, _ = run("show", "my_steps:alone")
    assert status == 0
    assert "It returned the loss alone: return (loss, model)" in out


@pytest.mark.usefixtures("steps")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "my_steps",
            "not a function: 'my_steps' (write package.module:function, or file.py:function; did you"
            " mean my_steps.py?)",
        ),
        ("my_steps:swapped", "my_steps:swapped returned the model first: return (loss, model)"),
        (
            "my_steps:stepp",
            "no function 'stepp' in 'my_steps': did you mean step? (it has alone, step, swapped, wrong)",
        ),
        (
            "no_such_module_here:step",
            (
                "cannot import 'no_such_module_here': No module named 'no_such_module_here' "
                "(write package.module:function, or file.py:function)"
            ),
        ),
    ],
)
def test_a_function_that_is_not_there_is_named_in_one_line(run, name, message):
    assert run("show", name) == (2, "", f"gradviz: {message}\n")


@pytest.mark.usefixtures("steps")
def test_a_step_that_raises_shows_where_and_exits_with_2(run):
    status, out, err = run("show", "my_steps:wrong")
    assert (status, out) == (2, "")
    assert re.search(r'File ".*my_steps\.py", line 15, in wrong', err)
    assert "gradviz/" not in err
    assert err.splitlines()[-1].startswith("gradviz: my_steps:wrong raised RuntimeError")


def test_every_help_has_an_example_and_no_sentence_cut_short(run):
    assert "..." not in run("--help")[1].partition("Commands:")[2]
    for name in cli.gradviz.commands:
        assert f"Example: gradviz {name}" in run(name, "--help")[1]


def test_an_option_after_the_script_is_said_to_go_to_the_script(tmp_path):
    (tmp_path / "train.py").write_text("import sys\nprint(sys.argv[1:])\n")
    command = [sys.executable, "-m", "gradviz", "run", "train.py", "-o", "page.html"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "['-o', 'page.html']\n"
    assert (
        "gradviz: -o page.html goes to the script, as it stands after it; for a report: gradviz run"
        " -o page.html" in done.stderr
    )


def test_a_loss_that_needs_no_gradient_ends_with_the_cut_its_line_and_the_fix(run):
    Path("my_cut.py").write_text(
        "import torch\n"
        "def step():\n"
        "    net = torch.nn.Linear(3, 1)\n"
        "    loss = net(torch.ones(2, 3)).detach().sum()\n"
        "    loss.backward()\n"
        "    return loss, net\n"
    )
    status, _, err = run("show", "my_cut:step")
    assert status == 2
    last = err.splitlines()[-1]
    assert (
        "cut by detach() at my_cut.py:4: loss = net(torch.ones(2, 3)).detach().sum() Fix: Drop"
        " detach()" in last
    )


def test_a_report_at_a_prompt_is_ten_lines_and_a_wrong_name_says_what_was_meant():
    report = article.follow("detach").report
    assert len(repr(report).splitlines()) <= 10
    assert repr(report).startswith("2 of 6 parameters get gradient; detach_() at article.py:")
    with pytest.raises(KeyError, match=r"did you mean f2\.weight"):
        report.parameters["f2.wieght"]
