"""What is private of torch stands in one file; what a torch does not have costs one ability, never the run."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import gradviz
from gradviz.recording.torch_inside import ABILITIES

PACKAGE = Path(gradviz.__file__).parent
PATHS = [path for ability in ABILITIES for path in ability.paths]

# Takes something away from torch, also from what is written in C.
TAKEN_AWAY = """
import ctypes
import gc
import types

import torch


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


take_away({path!r})
"""
JUDGED = """
import warnings

warnings.simplefilter("error")
import gradviz
from torch import nn

first, second, third = nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 2)
third.requires_grad_(False)
model = nn.ModuleList([first, second, third])
with gradviz.trace() as trace:
    hidden = second(first(torch.ones(1, 2)).detach())
    loss = third(hidden).sum()
report = trace.report(loss, model)
print([str(one.verdict) for one in report.parameters.values()])
print([(str(cut.kind), cut.code) for cut in report.cuts])
print([note for note in report.notes if "torch.{path}" in note])
"""


@pytest.mark.parametrize("ability", ABILITIES, ids=lambda ability: ability.paths[0])
def test_each_ability_says_why_since_when_and_what_its_loss_costs(ability):
    assert ability.why
    assert re.fullmatch(r"2\.\d+ to 2\.\d+", ability.seen)
    assert ability.cost.endswith(".")


@pytest.mark.parametrize("ability", ABILITIES, ids=lambda ability: ability.paths[0])
def test_this_torch_has_it(ability):
    assert not ability.missing


@pytest.mark.parametrize("path", PATHS)
def test_without_it_verdicts_and_lines_are_the_same_and_a_note_says_what_is_lost(path, tmp_path):
    script = tmp_path / "step.py"
    script.write_text(TAKEN_AWAY.replace("{path!r}", repr(path)) + JUDGED.replace("{path}", path))
    ran = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
    verdicts, cuts, notes = ran.stdout.splitlines()
    assert verdicts == str(["cut", "cut", "reached", "reached", "frozen", "frozen"])
    assert cuts == str([("detach", "hidden = second(first(torch.ones(1, 2)).detach())")])
    assert notes != "[]"


def test_nothing_private_of_torch_is_touched_elsewhere():
    private = re.compile(
        r"torch\.(\w+\.)*_\w+|torch\._C|\._(base|version|cdata|weak_ref|sequence_nr|call_impl|backward_hooks|orig_mod)\b"
        r"|\"_(modules|parameters|buffers|orig_mod|compiled_call_impl)\""
    )
    allowed = {"torch_inside.py", "sharded.py"}
    found = [
        f"{path.relative_to(PACKAGE)}:{number}: {line.strip()}"
        for path in PACKAGE.rglob("*.py")
        if path.name not in allowed
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if private.search(line) and "``torch._C" not in line and '"torch._dynamo"' not in line and "torch.__" not in line
    ]
    assert found == []
