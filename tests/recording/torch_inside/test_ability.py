"""What an ability is that rests on what torch does not promise."""

import pytest
import torch

from gradviz.recording.torch_inside import ability
from gradviz.recording.torch_inside.ability import Ability, is_newer, private, private_code


def test_what_stands_under_a_name_is_found_and_what_is_gone_is_none():
    assert private("nn.Module._call_impl") is torch.nn.Module._call_impl
    assert private("nn.no_such.thing") is None


def test_what_every_class_has_does_not_count():
    assert private("nn.Module.mro") is None
    assert private("nn.Linear.forward") is torch.nn.Linear.forward
    assert private("nn.Linear._call_impl") is torch.nn.Module._call_impl


def test_a_function_that_is_written_in_c_has_no_code():
    assert private_code("nn.Module._call_impl.__code__") is torch.nn.Module._call_impl.__code__
    assert private_code("nn.Module._call_impl") is None
    assert private_code("nn.no_such") is None


def test_what_of_an_ability_is_missing_is_told_by_name():
    whole = Ability(("nn.Module", "no_such", "nn.no_such"), "", "", "")
    assert whole.missing == ("no_such", "nn.no_such")


@pytest.mark.parametrize(
    ("version", "newer"),
    [
        ("2.15.3", False),
        ("2.16.0a0+git", True),
        ("3.0", True),
        ("2.6.0+cpu", False),
        ("odd", False),
    ],
)
def test_only_what_is_newer_than_all_that_was_tried_is_newer(monkeypatch, version, newer):
    monkeypatch.setattr(ability, "NEWEST_TRIED", (2, 15))
    monkeypatch.setattr(torch, "__version__", version)
    assert is_newer() is newer
