"""On a torch that nobody has tried, the first trace holds gradviz against known answers, and
touches nothing of the user's.
"""

import os
import subprocess
import sys

import pytest

import gradviz
import warm
from gradviz.tracing.known_answers import KNOWN, wrong_answers

NEWER = """
import torch

torch.__version__ = "2.99.0"
"""
TRACED = """
import sys
import warnings

import gradviz


def traced():
    a, b = (torch.full((2,), 2.0, dtype=torch.float32, device="cpu", requires_grad=True) for _ in "ab")
    with warnings.catch_warnings(record=True) as caught, torch.enable_grad():
        warnings.simplefilter("always")
        with gradviz.trace() as trace:
            loss = (a * b).sum()
    print(sorted(str(one.verdict) for one in trace.report(loss, {"a": a, "b": b}).parameters.values()))
    for warning in caught:
        print(warning.filename == __file__, str(warning.message))


traced()
traced()
print("gradviz.tracing.known_answers" in sys.modules)
"""
STATE = """
import random
import threading

import numpy as np
import torch
from torch import nn

torch.__version__ = "2.99.0"
torch.manual_seed(3)
torch.set_default_dtype(torch.float64)
torch.set_default_device("meta")
torch.use_deterministic_algorithms(True)
torch.set_grad_enabled(False)
calls = []
nn.modules.module.register_module_forward_hook(lambda *given: calls.append("forward hook"))
nn.modules.module.register_module_parameter_registration_hook(lambda *given: calls.append("parameter hook"))
torch.Tensor.backward = lambda *given, **options: calls.append("backward")
torch.autograd.backward = lambda *given, **options: calls.append("backward")
torch.autograd.grad = lambda *given, **options: calls.append("grad")


class Counting(torch.overrides.TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        calls.append(func)
        return func(*args, **(kwargs or {}))


def state():
    return (
        torch.get_rng_state().tolist(), random.getstate(), str(np.random.get_state()), torch.get_default_dtype(),
        torch.get_default_device(), torch.are_deterministic_algorithms_enabled(), torch.is_grad_enabled(),
        torch.is_inference_mode_enabled(), torch.get_num_threads(), torch.is_autocast_enabled("cpu"), threading.active_count(),
    )


import gradviz
from gradviz.tracing import known_answers

with torch.inference_mode(), torch.autocast("cpu"):
    before = state()
    with Counting():
        with gradviz.trace():
            pass
    assert state() == before
assert known_answers._checked
assert calls == [], calls
"""


def run(script, tmp_path):
    path = tmp_path / "script.py"
    path.write_text(script)
    return warm.completed([sys.executable, path], bare=True)


@pytest.mark.parametrize("backward", [False, True])
def test_every_answer_is_right_on_this_torch(backward):
    assert wrong_answers(gradviz.trace, backward=backward) == ()


def test_every_verdict_is_among_the_answers():
    assert {verdict for known in KNOWN for verdict in known.verdicts.values()} == {
        "reached",
        "cut",
        "unused",
        "frozen",
        "zero",
    }


def test_where_all_answers_are_right_nothing_is_said(tmp_path):
    ran = run(NEWER + TRACED, tmp_path)
    assert (ran.stdout, ran.stderr) == (
        "['reached', 'reached']\n['reached', 'reached']\nTrue\n",
        "",
    )


def test_a_torch_that_it_was_tried_on_is_not_asked(tmp_path):
    ran = run("import torch\n" + TRACED, tmp_path)
    assert (ran.stdout, ran.stderr) == (
        "['reached', 'reached']\n['reached', 'reached']\nFalse\n",
        "",
    )


def test_a_wrong_answer_is_warned_of_in_one_line_once_and_at_the_line_that_traces(tmp_path):
    unseen = """
detach = torch.Tensor.detach


def unseen(self):  # as if detach() reached no torch function mode any more
    with torch._C.DisableTorchFunction():
        return detach(self)


torch.Tensor.detach = unseen
"""
    ran = run(NEWER + unseen + TRACED, tmp_path)
    first, warning, second, asked = ran.stdout.splitlines()
    assert (first, second, asked, ran.stderr) == (
        "['reached', 'reached']",
        "['reached', 'reached']",
        "True",
        "",
    )
    assert warning.startswith("True gradviz ")
    assert (
        "on torch 2.99.0 it gets wrong what it should know (detach: a is cut and b is reached, said"
        " unused and reached" in warning
    )


def test_it_disturbs_nothing_of_the_users(tmp_path):
    ran = run(STATE, tmp_path)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


SCRIPT = """
import torch

layer = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(layer.parameters(), 0.1)
for _ in range(3):
    layer(torch.ones(1, 2)).sum().backward()
    optimizer.step()
print(torch.__version__)
"""
SITECUSTOMIZE = """
import sys
from importlib.machinery import PathFinder


class Newer:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name != "torch.version":
            return None
        spec = PathFinder.find_spec(name, path)
        load = spec.loader.exec_module

        def exec_module(module):
            load(module)
            module.__version__ = "2.99.0"

        spec.loader.exec_module = exec_module
        return spec


sys.meta_path.insert(0, Newer)
"""


def test_a_run_that_traces_from_the_import_of_torch_on_waits_for_nothing(tmp_path):
    (tmp_path / "train.py").write_text(SCRIPT)
    (tmp_path / "sitecustomize.py").write_text(SITECUSTOMIZE)
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    command = [sys.executable, "-m", "gradviz", "run", tmp_path / "train.py"]
    ran = subprocess.run(
        command, capture_output=True, text=True, timeout=300, env={**os.environ, "PYTHONPATH": path}
    )
    assert (ran.returncode, ran.stdout) == (0, "2.99.0\n")
    assert ran.stderr.count("gradviz: backward") >= 3
    assert "gets wrong" not in ran.stderr
