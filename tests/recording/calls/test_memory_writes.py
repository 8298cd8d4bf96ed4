"""A write into memory is severed or not by who has a history of it."""

import sys

import torch
from tapes import call, recorder

from gradviz.graph import CutKind
from gradviz.recording.calls.inputs import inputs_of
from gradviz.recording.calls.memory_writes import alias_kind, foreign, wrote
from gradviz.recording.calls.rule import Function, TorchCall


def write(watch, name, target, *others, live=False):
    wrote(TorchCall(watch, Function(name), others, {}, None, None, sys._getframe()), target, live)


def sources(watch, tensor):
    return [watch.tape.calls[number].kind for number, _ in inputs_of(watch, (tensor,), {})]


def test_a_live_value_written_without_history_is_in_the_memory_severed():
    watch, target = recorder(), torch.zeros(3)
    live = torch.ones(3, requires_grad=True) * 2
    with torch.no_grad():
        write(watch, "copy_", target, live)
    assert sources(watch, target) == [CutKind.COPY_UNDER_NO_GRAD]
    assert sources(watch, target[1:]) == [CutKind.COPY_UNDER_NO_GRAD]


def test_what_is_filled_anew_has_nothing_of_it():
    watch, target = recorder(), torch.zeros(3)
    live = torch.ones(3, requires_grad=True) * 2
    with torch.no_grad():
        write(watch, "copy_", target, live)
        write(watch, "zero_", target)
    assert sources(watch, target) == []


def test_an_element_that_is_assigned_to_is_that_element_alone():
    watch, target = recorder(), torch.zeros(4)
    live = torch.ones((), requires_grad=True) * 2
    with torch.no_grad():
        write(watch, "__setitem__", target, 1, live)
    assert sources(watch, target[1]) == [CutKind.COPY_UNDER_NO_GRAD]
    assert sources(watch, target[2:]) == []


def test_whole_numbers_take_no_gradient_in():
    watch, target = recorder(), torch.zeros(3, dtype=torch.long)
    write(watch, "copy_", target, torch.ones(3, requires_grad=True) * 2)
    assert sources(watch, target) == [CutKind.INTEGER_CAST]


def test_a_tensor_that_is_written_into_itself_takes_in_nothing_of_others():
    watch, leaf = recorder(), torch.ones(3, requires_grad=True)
    own, stranger = watch.tape.leaf(leaf), watch.tape.leaf(torch.ones(1))
    other = watch.tape.call(call(watch.tape, 900, stranger))
    assert foreign(watch, ((own, True), (other, False)), leaf) == ((other, False),)


def test_an_alias_is_known_by_what_took_it_out():
    watch, tensor = recorder(), torch.ones(3)
    assert alias_kind(watch, tensor) is None
    watch.tape.set_alias(tensor, CutKind.DATA)
    assert alias_kind(watch, tensor) is CutKind.DATA
