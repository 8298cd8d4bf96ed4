"""What is frozen, or saved and loaded, has values as numbers of its own: nothing is sure of them."""

import io

import pytest
import torch
from torch import nn

import gradviz
from gradviz.recording.seams.script_copies import seams

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


class Two(nn.Module):
    def __init__(self, first, last):
        super().__init__()
        self.first, self.last = first, last

    def forward(self, x):
        return self.last(x) * self.first.bias.sum()


def by_file(script):
    file = io.BytesIO()
    torch.jit.save(script, file)
    file.seek(0)
    return torch.jit.load(file)


def uncertain(make, compiled=torch.jit.script):
    def step():
        model = nn.ModuleDict({name: nn.Linear(3, 3) for name in ("first", "last", "own")})
        script = make(compiled(Two(model["first"], model["last"]).eval()))
        return (script(torch.ones(2, 3)) + model["own"](torch.ones(2, 3))).sum(), model

    with gradviz.trace() as trace:
        loss, model = step()
        loss.backward()
    report = trace.report(loss, model)
    return {name for name, one in report.parameters.items() if one.uncertain}, report


@pytest.mark.parametrize("freeze", ["freeze", "optimize_for_inference"])
def test_what_freezing_folds_into_a_number_is_not_called_unused_for_certain(freeze):
    names, report = uncertain(lambda script: getattr(torch.jit, freeze)(script))
    assert "first.bias" in names
    assert "first.weight" not in names  # the script does not read it
    assert f"torch.jit.{freeze}() gave at" in str(report)


@pytest.mark.parametrize(
    "compiled", [torch.jit.script, lambda module: torch.jit.trace(module, torch.ones(2, 3))]
)
def test_what_a_script_was_saved_with_is_not_called_unused_for_certain_once_loaded(compiled):
    names, _ = uncertain(by_file, compiled)
    assert names == {"first.weight", "first.bias", "last.weight", "last.bias"}


def test_a_script_that_is_saved_and_not_loaded_leaves_no_doubt():
    def saved(script):
        torch.jit.save(script, io.BytesIO())
        return script

    assert not uncertain(saved)[0]


def test_what_freezes_saves_and_loads_is_put_back_as_it_was():
    for seam in seams():
        original = vars(seam.owner)[seam.name]
        seam.put_in()
        seam.take_out()
        assert vars(seam.owner)[seam.name] is original
