"""What takes the memory of a tensor out is told by its name and by who calls it."""

import copy
import pickle
import sys

import pytest
import torch

from gradviz.causes.pickled import PICKLE
from gradviz.graph import CutKind
from gradviz.recording.outside.exits import (
    MEMORY,
    NUMBERS,
    TEXTS,
    goes_nowhere_from,
    may_go_nowhere_from,
    name_of_memory,
)


def test_every_way_out_is_of_one_kind():
    assert not NUMBERS.keys() & TEXTS.keys()
    assert not NUMBERS.keys() & MEMORY.keys()
    assert NUMBERS["item"] is CutKind.ITEM
    assert NUMBERS["numpy"] is CutKind.NUMPY


def test_a_call_of_the_user_s_is_what_it_is():
    assert name_of_memory("data_ptr", sys._getframe()) == "data_ptr"


class Notes(torch.overrides.TorchFunctionMode):
    """Asks of each call that takes memory what it is."""

    def __init__(self):
        super().__init__()
        self.names = {}

    def __torch_function__(self, function, types, args=(), kwargs=None):
        name = getattr(function, "__name__", "")
        if name in MEMORY:
            self.names[name] = name_of_memory(name, sys._getframe(1))
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize(
    ("step", "names"),
    [
        (lambda t: pickle.dumps(t), {PICKLE}),
        (lambda t: t.untyped_storage(), {"untyped_storage"}),
        (lambda t: torch.from_dlpack(t), {"__dlpack__"}),
        (lambda t: copy.deepcopy(t), set()),
        (lambda t: t + 1, set()),
    ],
    ids=["pickle", "storage", "dlpack", "deepcopy", "sum"],
)
def test_what_torch_does_for_itself_is_no_way_out_and_a_pickle_is(step, names):
    tensor = torch.ones(2)
    with Notes() as notes:
        step(tensor)
    assert {*notes.names.values()} - {""} == names


class Ends(torch.overrides.TorchFunctionMode):
    """Asks of each call whether what it gives goes nowhere."""

    def __init__(self):
        super().__init__()
        self.found = []

    def __torch_function__(self, function, types, args=(), kwargs=None):
        self.found.append(goes_nowhere_from(sys._getframe(1)))
        return function(*args, **(kwargs or {}))


def test_what_leaves_to_be_a_key_goes_nowhere():
    tensor, seen = torch.ones(2), {}
    with Ends() as ends:
        seen[tensor.data_ptr()] = 1
        seen[1] = tensor.data_ptr()
        seen[2] = len(seen)
    assert ends.found == [True, False]
    assert not goes_nowhere_from(None)


def test_what_another_is_handed_as_a_key_may_go_nowhere():
    class Looks(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, function, types, args=(), kwargs=None):
            frame = sys._getframe(1)
            found.append((goes_nowhere_from(frame), may_go_nowhere_from(frame)))
            return function(*args, **(kwargs or {}))

    tensor, table, found = torch.ones(2), vars(copy), []
    with Looks():
        table.get(tensor.data_ptr())
    assert found == [(False, True)]
    assert not may_go_nowhere_from(None)
