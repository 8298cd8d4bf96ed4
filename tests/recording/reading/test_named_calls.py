"""What a torch call is by its name alone."""

import pytest

from gradviz.graph import CutKind
from gradviz.recording.reading.named_calls import is_in_place, operation_text
from gradviz.recording.reading.where import Surroundings


@pytest.mark.parametrize("name", ["add_", "__setitem__", "__iadd__", "_foreach_add_", "zero_"])
def test_a_name_that_writes_its_first_argument_is_told(name):
    assert is_in_place(name)


@pytest.mark.parametrize(
    "name", ["add", "__int__", "__iter__", "detach_", "requires_grad_", "_foreach_add", "_private_"]
)
def test_a_name_that_only_looks_like_it_is_not(name):
    assert not is_in_place(name)


@pytest.mark.parametrize(
    ("name", "kind", "around", "text"),
    [
        ("detach", CutKind.DETACH, {}, "detach()"),
        ("detach", CutKind.DETACH, {"state_dict": True}, "state_dict()"),
        ("clone", CutKind.DEEPCOPY, {}, "copy.deepcopy()"),
        ("data", CutKind.DATA, {}, ".data"),
        ("add", CutKind.NO_GRAD, {}, "torch.no_grad()"),
        ("add", CutKind.CHECKPOINT, {}, "checkpoint()"),
        ("tensor", CutKind.NEW_TENSOR, {}, "torch.tensor()"),
        ("__setitem__", None, {}, "[...] ="),
        ("__add__", None, {}, "add()"),
    ],
)
def test_an_operation_is_written_as_a_person_would(name, kind, around, text):
    assert operation_text(name, kind, Surroundings(**around)) == text
