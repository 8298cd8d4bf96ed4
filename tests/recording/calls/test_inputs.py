"""What goes into a call: each value of interest by its number, and whether it requires grad."""

from collections import OrderedDict
from typing import NamedTuple

import torch
from tapes import call, recorder
from torch import nn

from gradviz.recording.calls.inputs import dead_sources, inputs_of
from gradviz.recording.calls.rule import Function


def origin(watch, tensor):
    number = watch.tape.call(call(watch.tape, 900 + len(watch.tape.calls)))
    watch.tape.set_origin(tensor, number)
    return number


def test_a_live_value_is_its_node_a_leaf_is_itself_and_plain_numbers_are_nothing():
    watch, leaf = recorder(), torch.ones(2, requires_grad=True)
    live = leaf * 2
    inputs = dict(inputs_of(watch, (live, leaf, torch.ones(2), 3), {}))
    assert inputs == {watch.tape.live(live): True, watch.tape.leaf(leaf): True}


def test_a_severed_value_is_the_call_that_severed_it():
    watch, tensor = recorder(), torch.ones(2)
    number = origin(watch, tensor)
    assert inputs_of(watch, (tensor,), {}) == ((number, False),)


def test_values_in_lists_dicts_slices_and_by_name_count():
    watch = recorder()
    tensors = [torch.ones(1) for _ in range(4)]
    numbers = [origin(watch, tensor) for tensor in tensors]
    a, b, c, d = tensors
    found = inputs_of(watch, ([a], {"k": b}, slice(c)), {"other": d, "out": torch.ones(1)})
    assert [number for number, _ in found] == numbers


class Pair(NamedTuple):
    first: torch.Tensor
    second: torch.Tensor


def test_values_in_a_named_tuple_or_an_ordered_dict_count():
    watch = recorder()
    a, b, c = (torch.ones(1) for _ in range(3))
    numbers = [origin(watch, tensor) for tensor in (a, b, c)]
    given = (Pair(a, b), OrderedDict(k=c))
    assert [number for number, _ in inputs_of(watch, given, {})] == numbers
    sources: list[int] = []
    dead_sources(watch, given, sources, None)
    assert sources == numbers


def test_a_frozen_parameter_is_of_interest_and_a_plain_tensor_is_not():
    watch, frozen = recorder(), nn.Parameter(torch.ones(2), requires_grad=False)
    assert inputs_of(watch, (frozen, torch.ones(2)), {}) == ((watch.tape.leaf(frozen), False),)


def test_of_a_function_that_takes_a_shape_the_first_alone_counts():
    watch, first, second = recorder(), torch.ones(1), torch.ones(1)
    numbers = [origin(watch, tensor) for tensor in (first, second)]
    shaped = inputs_of(watch, (first, second), {}, Function("expand_as"))
    assert [number for number, _ in shaped] == numbers[:1]


def test_into_a_recorded_call_goes_what_has_no_edge():
    watch, dead = recorder(), torch.ones(2)
    number, sources = origin(watch, dead), []
    dead_sources(watch, (torch.ones(2, requires_grad=True) * 2, dead, 1.5), sources, None)
    assert sources == [number]
