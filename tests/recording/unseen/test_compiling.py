"""What a function that torch compiles for itself reads, without running it."""

import functools
import sys

import torch
from torch import nn

from gradviz.recording.unseen.compiling import is_for_torch_itself, operation_name, values_in

OUTSIDE = torch.ones(1)


def reads_a_global(x):
    return OUTSIDE * x


def found(*arguments):
    return {*map(id, values_in(arguments))}


def test_tensors_among_the_arguments_and_in_containers():
    a, b, c = torch.ones(1), torch.ones(1), torch.ones(1)
    assert found(a, [b], {"k": (c, 3)}) == {id(a), id(b), id(c)}


def test_what_a_function_has_around_it_or_names():
    a = torch.ones(1)
    assert found(lambda: a) == {id(a)}
    assert found(reads_a_global) == {id(OUTSIDE)}
    assert found(functools.partial(reads_a_global, a)) == {id(OUTSIDE), id(a)}


def test_the_parameters_of_a_module_and_of_the_one_that_a_method_is_of():
    net = nn.Linear(2, 2)
    expected = {id(net.weight), id(net.bias)}
    assert found(net) == found(net.forward) == expected


def test_a_variable_that_has_no_value_yet_is_passed_over():
    def around():
        def inner():
            return later

        values = found(inner)
        later = torch.ones(1)
        return values, later

    assert around()[0] == set()


def test_a_call_by_the_user_is_not_for_torch_itself():
    assert not is_for_torch_itself(sys._getframe())
    assert not is_for_torch_itself(None)
    assert operation_name(sys._getframe()) == ""
