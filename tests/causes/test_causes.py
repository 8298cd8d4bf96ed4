"""A cause is a file of the folder ``causes``, and nothing else has to name it."""

import shutil
import sys
from pathlib import Path

import pytest

import warm
from gradviz.causes import BY_OPERATION, CAUSES, EXPLANATIONS, explain
from gradviz.graph import Cut, CutKind

PACKAGE = Path(__file__).parents[2] / "viz" / "gradviz"
ROUND_TRIP = """
import sys
sys.path.insert(0, sys.argv[1])
import torch
from torch import nn
import gradviz

first, second = nn.Linear(2, 2), nn.Linear(2, 2)
with gradviz.trace() as trace:
    hidden = torch.from_dlpack(first(torch.ones(1, 2)).detach())
    loss = second(hidden).sum()
print(trace.report(loss, {"first": first, "second": second}).parameters["first.weight"].verdict)
assert gradviz.__file__.startswith(sys.argv[1])
"""


@pytest.mark.parametrize(("removed", "verdict"), [((), "cut"), (("dlpack.py",), "unused")])
def test_the_round_trip_through_dlpack_is_known_by_its_file_alone(tmp_path, removed, verdict):
    shutil.copytree(PACKAGE, tmp_path / "gradviz", ignore=shutil.ignore_patterns("__pycache__"))
    for name in removed:
        (tmp_path / "gradviz" / "causes" / name).unlink()
    done = warm.completed([sys.executable, "-c", ROUND_TRIP, tmp_path], bare=True)
    assert (done.stdout.strip(), done.returncode) == (verdict, 0), done.stderr


def test_every_kind_of_cut_is_explained():
    assert set(EXPLANATIONS) == set(CutKind)


def test_an_operation_is_explained_by_one_cause():
    operations = [operation for cause in CAUSES for operation in cause.operations]
    assert sorted(operations) == sorted(set(operations)) == sorted(BY_OPERATION)


def test_a_torch_function_belongs_to_one_cause():
    calls = [call for cause in CAUSES for call in cause.calls]
    assert sorted(calls) == sorted(set(calls))


@pytest.mark.parametrize(
    ("operation", "captured", "words"),
    [
        ("torch.no_grad()", False, "It ran under torch.no_grad()"),
        ("torch.no_grad()", True, "reads a tensor that is no argument of apply()"),
        ("histc() in TorchScript", False, "Values are counted by bins"),
        ("backward() raised RuntimeError", False, "backward() raised an error here"),
    ],
)
def test_a_cut_is_explained_by_the_closest_cause(operation, captured, words):
    cut = Cut(kind=CutKind.NO_GRAD, operation=operation, captured=captured)
    assert words in explain(cut).meaning


@pytest.mark.parametrize("captured", [False, True])
def test_a_checkpoint_is_explained_as_one_whatever_it_captured(captured):
    cut = Cut(kind=CutKind.CHECKPOINT, operation="checkpoint()", captured=captured)
    assert "Reentrant checkpointing runs the block" in explain(cut).meaning
