"""What a torch function's name tells of what goes in and what comes out."""

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import gradviz
from gradviz.recording.calls.rule import Function, Rule
from gradviz.recording.rules import rule_of


@pytest.mark.parametrize(
    ("name", "skips"),
    [("zeros_like", True), ("new_zeros", True), ("new_tensor", True), ("mul", False)],
)
def test_what_takes_a_shape_alone_skips_its_first_argument(name, skips):
    assert Function(name).skip_first is skips


def test_a_function_whose_other_arguments_give_a_shape_says_so():
    assert Function("expand_as").shape_only
    assert not Function("add").shape_only


def test_a_rule_is_what_is_done_before_and_after():
    rule = Rule("mul", print)
    assert (rule.after, rule.before, rule.name) == (print, None, "mul")


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (torch.Tensor.mul, "mul"),
        (torch.Tensor.detach_, "detach_"),
        (torch.Tensor.data.__get__, "data"),
        (torch.Tensor.data.__set__, "data"),
        (torch.ops.aten.add_.Tensor, "add_"),
        (torch.autograd.grad, "grad"),
    ],
)
def test_every_torch_function_has_the_rule_of_its_name(function, name):
    assert rule_of(function).name == name


@pytest.mark.parametrize(
    "function", [torch.Tensor.backward, torch.Tensor.shape.__get__, torch.Tensor.is_leaf.__get__]
)
def test_what_is_of_no_interest_has_none(function):
    assert rule_of(function) is None


def test_the_lengths_of_packed_sequences_carry_no_values():
    layer, rows = nn.Linear(3, 2), torch.randn(2, 4, 3)
    with gradviz.trace() as trace:
        packed = pack_padded_sequence(layer(rows), torch.tensor([4, 2]), batch_first=True)
        values, lengths = pad_packed_sequence(packed, batch_first=True)
        loss = values[torch.arange(2), lengths - 1].sum()
        loss.backward()
    assert not trace.report(loss, layer).cuts
