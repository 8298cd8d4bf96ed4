"""What a trial notes of a step: its bits, and where it failed."""

import importlib
import inspect
import linecache
import sys
from importlib.machinery import SourceFileLoader

import pytest
import torch

from gradviz.mending.trial import _failure, _measured, replace_sources


def test_bits_tell_two_losses_and_gradients_apart_and_equal_ones_not():
    weight = torch.ones(2, requires_grad=True)
    weight.grad = torch.tensor([0.5, 0.25])
    first = _measured(torch.tensor(1.5), {"w": weight})
    weight.grad = torch.tensor([0.5, 0.25])
    assert _measured(torch.tensor(1.5), {"w": weight}) == first
    weight.grad = torch.tensor([0.5, 0.2500001])
    other = _measured(torch.tensor(1.5), {"w": weight})
    assert other.loss == first.loss
    assert other.gradients != first.gradients


def test_a_parameter_without_gradient_has_no_digest_and_nan_is_not_finite():
    weight = torch.ones(2, requires_grad=True)
    assert _measured(torch.tensor(1.0), {"w": weight}).gradients == {"w": None}
    weight.grad = torch.tensor([float("nan"), 1.0])
    assert not _measured(torch.tensor(1.0), {"w": weight}).finite


def test_layouts_and_conjugates_are_read_as_what_they_stand_for():
    plain, sparse = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    plain.grad = torch.tensor([0.0, 2.0])
    sparse.grad = torch.tensor([0.0, 2.0]).to_sparse()
    found = _measured(torch.tensor(1.0), {"a": plain, "b": sparse}).gradients
    assert found["a"] == found["b"]


def test_several_losses_and_no_tensor_at_all():
    both = _measured({"a": torch.tensor(1.0), "b": torch.tensor(2.0)}, {})
    assert both.value == "1, 2"
    assert _measured(1.5, {}).loss == ""


def test_a_failure_is_told_by_its_class_its_first_line_and_the_user_s_own_line():
    def step():
        raise ValueError("no\nmore")

    try:
        step()
    except ValueError as error:
        failure = _failure(error)
    assert (failure.kind, failure.message, failure.file) == ("ValueError", "no", __file__)
    assert failure.line == step.__code__.co_firstlineno + 1
    assert _failure(KeyboardInterrupt()).message == ""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module in a file, which is imported as its changed source says."""
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("get_data", "path_stats"):
        monkeypatch.setattr(SourceFileLoader, name, getattr(SourceFileLoader, name))
    file = tmp_path / "replaced_here.py"
    file.write_text("value = 1\ndef f():\n    return 1\n")
    replace_sources({str(file): b"value = 2\ndef f():\n    return 2\n"})
    yield importlib.import_module("replaced_here")
    sys.modules.pop("replaced_here", None)
    linecache.cache.pop(str(file), None)


def test_an_import_runs_the_changed_source_and_the_file_stays(module):
    assert (module.value, module.f()) == (2, 2)
    with open(module.__file__) as file:
        assert "value = 1" in file.read()


def test_whoever_asks_for_the_source_gets_the_changed_one(module):
    assert "return 2" in inspect.getsource(module.f)


def test_no_byte_code_of_it_is_written(module, tmp_path):
    assert not [*tmp_path.rglob("*.pyc")]
