"""A script under ``gradviz run`` is a script under ``python``.

Whatever it can look at is the same.
"""

import functools
import os
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import terminal
import warm
from gradviz.errors import GradvizError
from gradviz.running import script
from gradviz.running.settings import Settings


@pytest.fixture
def scripts(cold_scripts):
    return cold_scripts


LOOK = """
import argparse, os, sys
print(sys.argv, __name__, __file__, __spec__, sys.path, os.getcwd(), sys.flags, sorted(os.environ), os.environ.get("PYTHONPATH"))
print(sys.orig_argv[1:], sys.modules["__main__"].__dict__.keys(), sys.excepthook)
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
parser.add_argument("rest", nargs="*")
print(parser.prog, parser.parse_args(), sys.stdin.read())
"""


def same(scripts, *arguments, **options):
    """Run both ways, compare, and return what gradviz's way gave."""
    plain, watched = scripts.python(*arguments, **options), scripts.run(*arguments, **options)
    assert re.sub("0x[0-9a-f]+", "0x", watched.out) == re.sub("0x[0-9a-f]+", "0x", plain.out)
    assert watched.code == plain.code
    return plain, watched


@pytest.mark.parametrize("environment", [{}, {"PYTHONPATH": "somewhere:else"}])
def test_a_script_sees_the_same_arguments_paths_environment_and_input(scripts, environment):
    scripts.write("look.py", LOOK)
    plain, watched = same(
        scripts, "look.py", "--lr", "0.1", "-m", "a b", stdin="typed", **environment
    )
    assert watched.others == plain.others
    assert "typed" not in plain.out  # argparse refused -m
    plain, watched = same(scripts, "look.py", "--lr", "0.1", "a b", stdin="typed", **environment)
    assert "typed" in plain.out


def test_a_module_sees_the_same_and_its_options_are_its_own(scripts):
    scripts.write("package/__init__.py", "")
    scripts.write("package/__main__.py", LOOK)
    scripts.write("package/look.py", LOOK)
    same(scripts, "-m", "package", "--lr", "2")
    same(scripts, "-m", "package.look", "--lr", "2", "--", "-o", "x")


def test_a_folder_with_a_main_file_runs(scripts):
    scripts.write("folder/__main__.py", LOOK)
    same(scripts, "folder", "--lr", "2")


@pytest.mark.parametrize(
    "end",
    [
        "sys.exit(3)",
        "sys.exit('a message')",
        "raise ValueError('wrong')",
        "os._exit(5)",
        "os.kill(os.getpid(), signal.SIGTERM)",
        "os.kill(os.getpid(), signal.SIGKILL)",
        "signal.raise_signal(signal.SIGINT)",
        "os.abort()",
    ],
)
def test_it_ends_as_it_would(scripts, end):
    scripts.write("end.py", f"import os, signal, sys\nprint('before', flush=True)\n{end}\n")
    plain, watched = same(scripts, "end.py")
    assert watched.others == plain.others


FROM_STDIN = """
import os, sys
import torch
from torch import nn
print(sys.argv, __name__, __file__, sys.path[0], repr(sys.stdin.read()), sys.stdin.isatty())
net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
h = net[0](torch.ones(4, 2)).detach()
net[1](h).mean().backward()
torch.optim.SGD(net.parameters(), 0.1).step()
input()
"""


def test_a_script_from_standard_input_is_what_it_is_to_python_and_its_lines_are_named(scripts):
    plain, watched = same(scripts, "-", "-o", "a b", stdin=FROM_STDIN)
    assert plain.out.startswith("['-', '-o', 'a b'] __main__ <stdin>  '' False")
    assert plain.err in watched.err
    assert 'File "<stdin>", line 10, in <module>' in plain.err
    assert "detach() at <stdin>:7: h = net[0](torch.ones(4, 2)).detach()" in watched.err


def test_a_healthy_script_from_standard_input_is_said_to_train(warm_scripts):
    healthy = FROM_STDIN.replace(".detach()", "").replace("input()", "")
    ran = warm_scripts.run("-", stdin=healthy)
    assert ran.code == 0
    assert "All 4 parameters train" in ran.err
    assert "at <stdin>:8: net[1](h).mean().backward()" in ran.err


COLD = """
import multiprocessing, os, pickle, sys
from importlib.util import find_spec
print("torch" in sys.modules, find_spec("torch") is not None, find_spec("torch") is not None)
os.environ["OMP_NUM_THREADS"] = "2"
import torch
print(torch.get_num_threads())
print(find_spec("torch").loader is torch.__loader__, "exec_module" in vars(torch.__loader__))
class Box:
    def __init__(self, value):
        self.value = value
def work(number):
    return torch.ones(number).sum().item(), __name__
model = torch.nn.Linear(3, 1)
def forward(x):
    try:
        return model(x)
    except RuntimeError as error:
        raise ValueError("inner") from error
model(torch.ones(1, 3)).sum().backward()
print(pickle.loads(pickle.dumps(Box(torch.ones(1)))).value, Box.__module__)
with multiprocessing.get_context("fork").Pool(1) as pool:
    print(pool.map(work, [1, 2]))
loss = model(torch.ones(1, 3)).sum().detach()
try:
    forward(torch.ones(2, 2))
finally:
    loss.backward()
"""


@pytest.fixture(scope="module")
def cold(shared_scripts):
    """What Python itself and what gradviz make of a script that begins before torch is there, and
    that ends with an error of ``backward``.
    """
    shared_scripts.server = None
    shared_scripts.write("train.py", COLD)
    return shared_scripts.python("train.py"), shared_scripts.run("train.py")


def test_a_script_that_asks_whether_torch_is_there_before_importing_it_is_watched(cold):
    plain, ran = cold
    assert plain.out.startswith("False True True\n")
    assert "[(1.0, '__main__'), (2.0, '__main__')]" in plain.out
    assert (ran.code, ran.out) == (plain.code, plain.out)
    assert "backward 1" in ran.said


def test_what_the_script_sets_before_it_imports_torch_still_counts(cold):
    assert [ran.out.splitlines()[1] for ran in cold] == ["2", "2"]


TORCH = """
import copy, json, logging, math, os, pickle, sys, multiprocessing
import torch
from torch import nn
from torch.utils.data import DataLoader

class Box:
    def __init__(self, value):
        self.value = value

class Data(torch.utils.data.Dataset):
    def __len__(self):
        return 8
    def __getitem__(self, index):
        return torch.full((3,), float(index)) * 2, index

def work(number):
    return torch.ones(number).sum().item(), __name__

if __name__ == "__main__":
    torch.manual_seed(1)
    print(pickle.loads(pickle.dumps(Box(torch.ones(1)))).value, Box.__module__)
    model = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.BatchNorm1d(4), nn.Linear(4, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    for context in sys.argv[1:]:
        workers = 2 if context == "fork" else 1
        for x, index in DataLoader(Data(), batch_size=4, num_workers=workers, multiprocessing_context=context):
            optimizer.zero_grad()
            loss = model(x).pow(2).mean()
            loss.backward()
            optimizer.step()
            print(context, index.tolist(), loss.item(), f"{loss.item():.3f}", json.dumps(loss.item()), math.sqrt(loss.item()))
        with multiprocessing.get_context(context).Pool(workers) as pool:
            print(pool.map(work, [1, 2]))
    print([p.abs().sum().item() for p in model.parameters()], [b.tolist() for b in model.buffers()], torch.rand(2))
    print(os.environ.get("PYTHONPATH"), type(torch.autograd.backward), torch.overrides._len_torch_function_stack())
    os.chdir("/")
"""


@pytest.fixture(scope="module")
def plain(shared_scripts):
    """What it is without gradviz."""
    shared_scripts.write("processes.py", TORCH)
    return functools.cache(
        lambda *contexts: begun(shared_scripts).python("processes.py", *contexts)
    )


def begun(scripts):
    """Return the scripts so that they and the processes that they spawn begin as forks: each would
    import torch anew.
    """
    scripts.children, scripts.server = True, warm.server()
    return scripts


@pytest.mark.parametrize(
    ("calls", "contexts"),
    [("1,2,3", ("fork", "spawn")), ("1", ("fork",)), ("99", ("fork", "spawn"))],
    ids=["1,2,3", "1", "99"],
)
def test_workers_processes_pickles_and_every_number_are_the_same(scripts, calls, contexts, plain):
    plain = plain(*contexts)
    scripts.write("processes.py", TORCH)
    command = "--backward", calls, "-o", "report.json", "processes.py"
    watched = begun(scripts).run(*command, *contexts)
    if calls == "99":  # still watching when the script ends
        assert watched.out.splitlines()[:-1] == plain.out.splitlines()[:-1]
    else:
        assert watched.out == plain.out
        assert (scripts.folder / "report.json").exists()
    assert (watched.code, watched.others) == (0, plain.others)


def test_calls_that_never_came_are_said(warm_scripts):
    warm_scripts.write(
        "train.py",
        "import torch\nfor _ in range(2):\n    torch.ones(1,"
        " requires_grad=True).sum().backward()\n",
    )
    ran = warm_scripts.run("--backward", "99", "train.py")
    assert (ran.code, ran.out) == (0, "")
    assert (
        ran.err
        == "gradviz: Only 2 backward calls were seen in this process, none of those asked for.\n"
    )


def test_a_page_names_the_line_of_the_backward_call_for_what_it_is(warm_scripts):
    warm_scripts.write(
        "train.py",
        "import torch\nx = torch.ones(1, requires_grad=True)\nloss = x.sum()\n\nloss.backward()\n",
    )
    ran = warm_scripts.run("-o", "report.svg", "-o", "report.json", "train.py")
    assert "gradviz: wrote report.svg, report.json\n" in ran.err
    assert (
        "backward() was called at train.py:5." in (warm_scripts.folder / "report.svg").read_text()
    )


def test_a_traceback_tells_of_the_users_code_alone(cold):
    plain, ran = cold
    assert "ValueError: inner" in plain.err
    assert ran.others == plain.err


def test_an_error_of_backward_itself_is_told_by_python_and_explained(cold):
    plain, ran = cold
    assert plain.err.splitlines()[-1].startswith("RuntimeError: element 0 of tensors does not")
    assert "backward 2, loss at train.py:28: loss.backward()" in ran.said
    assert "by detach() at train.py:24" in ran.said


def test_a_default_device_that_is_set_and_modes_that_are_entered_stay(warm_scripts):
    warm_scripts.write(
        "modes.py",
        """
        import torch
        from torch.overrides import TorchFunctionMode
        class Counting(TorchFunctionMode):
            count = 0
            def __torch_function__(self, func, types, args=(), kwargs=None):
                Counting.count += 1
                return func(*args, **(kwargs or {}))
        torch.set_default_device("cpu")
        model = torch.nn.Linear(2, 1)
        with Counting(), torch.device("cpu"):
            model(torch.ones(1, 2)).sum().backward()
            print(torch.overrides._len_torch_function_stack(), Counting.count)
        print(torch.overrides._len_torch_function_stack())
        torch.set_default_device(None)
        print(torch.overrides._len_torch_function_stack())
        """,
    )
    plain, watched = (
        warm_scripts.python("modes.py"),
        warm_scripts.run("--backward", "1", "modes.py"),
    )
    assert (watched.out, watched.others) == (plain.out, plain.others)


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (["python", "train.py"], "leave 'python' out"),
        (["python3.12", "-m", "train"], "leave 'python3.12' out"),
        ([sys.executable, "train.py"], "leave "),
        (["program"], "it is a program, and no Python script"),
        (["missing.py"], "there is no such file"),
    ],
)
def test_what_is_no_script_is_refused_in_a_line_with_the_way_out(scripts, command, says):
    (scripts.folder / "program").write_bytes(Path(sys.executable).read_bytes()[:64])
    with pytest.raises(GradvizError, match=says):
        script.run(command[0], command[1:], Settings())


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(
    ("settings", "first"),
    [
        (Settings(), 1),
        (Settings(backward=(5, 9)), 5),
        (Settings(every=100), 100),
        (Settings(backward=(5,), until_stepped=True), 1),
    ],
)
def test_on_a_terminal_alone_it_says_what_runs_before_torch_is_imported(
    monkeypatch, settings, first
):
    import pty

    master, slave = pty.openpty()
    with os.fdopen(slave, "w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.setattr(sys, "__stderr__", stream)
        script._say_to_who_waits("train.py", replace(settings, quiet=True))
        script._say_to_who_waits("train.py", settings)
    said = re.sub("\x1b[^m]*m", "", terminal.told(master))
    assert said == f"gradviz: runs train.py; the first report comes with backward {first}\r\n"


def test_a_pipe_is_told_of_nothing_before_the_first_report(scripts):
    scripts.write("quiet.py", "import sys; sys.stderr.write('own'); sys.exit(3)")
    ran = scripts.run("quiet.py")
    assert ran.code == 3
    assert "runs quiet.py" not in ran.err
