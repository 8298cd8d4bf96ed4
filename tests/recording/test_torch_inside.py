"""What is private of torch stands in one room.

What a torch does not have costs one ability, never the run.
"""

import json
import os
import re
import sys
from pathlib import Path

import pytest
import torch

import gradviz
import warm
from gradviz.recording import torch_inside
from gradviz.recording.torch_inside import ABILITIES

PACKAGE = Path(gradviz.__file__).parent
PATHS = [path for ability in ABILITIES for path in ability.paths]

# In one process for each name, takes that away from torch, also where it is written in C, and
# judges a step.
SCRIPT = """
import ctypes
import gc
import json
import os
import sys
import traceback
import types
import warnings

import torch
from torch import nn


class InC:
    def __init__(self, function):
        self.function = function

    def __get__(self, owner, kind=None):
        return self if owner is None else types.MethodType(self, owner)

    def __call__(self, *args, **kwargs):
        return self.function(*args, **kwargs)


def take_away(path):
    *owners, name = path.split(".")
    if name == "__code__":  # the function is there, and has no code
        *owners, name = owners
    holder = torch
    for owner in owners:
        holder = getattr(holder, owner)
    if path.endswith("__code__"):
        setattr(holder, name, InC(getattr(holder, name)))
    elif not isinstance(holder, type):
        delattr(holder, name)
    else:
        for kind in holder.__mro__:
            if name in vars(kind):
                del gc.get_referents(kind.__dict__)[0][name]
                ctypes.pythonapi.PyType_Modified(ctypes.py_object(kind))


def judged():
    import gradviz

    first, second, third = nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 2)
    third.requires_grad_(False)
    model = nn.ModuleList([first, second, third])
    with gradviz.trace() as trace:
        hidden = second(first(torch.ones(1, 2)).detach())
        loss = third(hidden).sum()
    report = trace.report(loss, model)
    return [
        [str(one.verdict) for one in report.parameters.values()],
        [[str(cut.kind), cut.code] for cut in report.cuts],
        list(report.notes),
    ]


warnings.simplefilter("error")
import gradviz.reports  # it needs no torch, so that it is imported once for all

assert "gradviz.recording" not in sys.modules
for path in sys.argv[1:]:
    if os.fork() == 0:
        try:
            take_away(path)
            answer = judged()
        except BaseException:
            answer = traceback.format_exc()
        print(json.dumps([path, answer]), flush=True)
        os._exit(0)
    os.wait()
"""


@pytest.fixture(scope="module")
def without(tmp_path_factory):
    """What is said of a step without each of the names."""
    script = tmp_path_factory.mktemp("without") / "step.py"
    script.write_text(SCRIPT)
    ran = warm.completed([sys.executable, script, *PATHS], bare=True)
    assert ran.returncode == 0, ran.stderr
    return dict(json.loads(line) for line in ran.stdout.splitlines())


@pytest.mark.parametrize("ability", ABILITIES, ids=lambda ability: ability.paths[0])
def test_each_ability_says_why_since_when_and_what_its_loss_costs(ability):
    assert ability.why
    assert re.fullmatch(r"2\.\d+ to 2\.\d+", ability.versions)
    assert ability.cost.endswith(".")


@pytest.mark.parametrize("ability", ABILITIES, ids=lambda ability: ability.paths[0])
def test_this_torch_has_it(ability):
    assert not ability.missing


@pytest.mark.parametrize("path", PATHS)
def test_without_it_verdicts_and_lines_are_the_same_and_a_note_says_what_is_lost(path, without):
    assert isinstance(without[path], list), without[path]
    verdicts, cuts, notes = without[path]
    assert verdicts == ["cut", "cut", "reached", "reached", "frozen", "frozen"]
    assert cuts == [["detach", "hidden = second(first(torch.ones(1, 2)).detach())"]]
    assert any(f"torch.{path}" in note for note in notes)


PRIVATE = re.compile(
    r"torch\.(\w+\.)*_\w+|torch\._C|\._(base|version|cdata|weak_ref|sequence_nr|call_impl|backward_hooks|orig_mod)\b"
    r"|\"_(modules|parameters|buffers|orig_mod|compiled_call_impl|indices|values|reduce_ex_internal)\""
    r"|\"_(foreach_?\w*|make_dual|unpack_dual|make_subclass|higher_order_ops|functorch)\""
    r"|_(fsdp_param_groups?|unsharded_param|param_infos)\b"
)
ROOM = PACKAGE / "recording" / "torch_inside"


def private_lines(path):
    return [
        f"{path.relative_to(PACKAGE)}:{number}: {line.strip()}"
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if PRIVATE.search(line)
        and "``torch._C" not in line
        and '"torch._dynamo"' not in line
        and "torch.__" not in line
        and "calls={" not in line  # a cause names the functions by which it happens
    ]


def elsewhere():
    return [path for path in PACKAGE.rglob("*.py") if ROOM not in path.parents]


def test_nothing_private_of_torch_is_touched_elsewhere():
    assert [line for path in elsewhere() for line in private_lines(path)] == []


def test_what_is_private_of_torch_is_seen_where_it_is_touched():
    private = {path.name for path in ROOM.glob("*.py") if private_lines(path)}
    assert private >= {
        "autograd.py",
        "called.py",
        "compilers.py",
        "modules.py",
        "sharded.py",
        "tensors.py",
    }


def test_this_torch_has_what_calls_are_recognised_by():
    assert hasattr(torch, torch_inside.MAKES_A_DUAL)
    assert hasattr(torch, torch_inside.TAKES_A_DUAL)
    assert hasattr(torch, f"{torch_inside.FOREACH}mul_")
    for name in (torch_inside.INDICES, torch_inside.VALUES, torch_inside.REDUCES):
        assert hasattr(torch.Tensor, name)
    assert [name for _, name in torch_inside.SUBCLASSES] == ["_make_subclass"]
    assert all(map(os.path.exists, (*torch_inside.OF_ITS_OWN, torch_inside.TRANSFORMS)))


def test_the_rest_of_the_package_uses_what_the_room_names_alone():
    within = re.compile(r"gradviz\.recording\.torch_inside\.\w")
    assert [str(path) for path in elsewhere() if within.search(path.read_text())] == []
