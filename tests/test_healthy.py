"""Healthy programs come to the same with gradviz as without, to the bit.

In a trace, and under ``gradviz run``.
"""

import os
import random
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

import gradviz
import warm
from healthy import PROGRAMS

HERE = Path(__file__).parent
TOGETHER = 30  # programs that one process runs; each start of Python and torch takes seconds


def bits(value):
    """What a program came to, as something that compares."""
    if isinstance(value, torch.Tensor):
        about = (
            type(value).__name__,
            str(value.dtype),
            str(value.device),
            tuple(value.shape),
            value.requires_grad,
        )
        if value.is_meta or type(value).__name__ == "FakeTensor":
            return about
        plain = value.detach().as_subclass(torch.Tensor)
        return (
            *about,
            repr((plain if plain.layout == torch.strided else plain.to_dense()).tolist()),
        )
    if isinstance(value, dict):
        return {name: bits(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [bits(item) for item in value]
    return type(value).__name__, repr(value)


def outcome(program):
    torch.manual_seed(0)
    random.seed(0)
    np.random.seed(0)
    return bits(program()), torch.get_rng_state().tolist(), random.random(), np.random.rand()


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.filterwarnings("ignore")
def test_a_traced_program_comes_to_what_it_comes_to_untraced(name):
    plain = outcome(PROGRAMS[name])
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="gradviz stopped watching")
        with gradviz.trace():
            traced = outcome(PROGRAMS[name])
    assert traced == plain


CHUNKS = [list(PROGRAMS)[start : start + TOGETHER] for start in range(0, len(PROGRAMS), TOGETHER)]


def started(*command):
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parent / "viz")]),
        "OMP_NUM_THREADS": "1",
    }
    return warm.server().run([sys.executable, *command], Path.cwd(), environment)


@pytest.mark.parametrize("names", CHUNKS, ids=lambda names: names[0])
def test_a_program_under_gradviz_run_comes_to_what_it_comes_to_alone(names, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\nfrom test_healthy import PROGRAMS, outcome\nfor name in sys.argv[1:]:\n   "
        " print(name, outcome(PROGRAMS[name])[0])\n"
    )
    plain = started(str(script), *names)
    watched = started("-m", "gradviz", "run", "--every", "1", str(script), *names)
    assert plain[0] == 0, plain[2][-2000:]
    assert watched[:2] == plain[:2]
    assert "stopped watching" not in watched[2]


def test_the_comparison_can_fail():
    calls = []

    def program():
        calls.append(1)
        return torch.ones(1) * len(calls)

    assert outcome(program) != outcome(program)
