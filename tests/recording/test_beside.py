"""What a call writes beside its result: running statistics, arguments that a schema declares."""

import pytest
import torch
from torch.nn import functional as F

from gradviz.recording.beside import Argument, statistics_of, targets, written_arguments

MEAN, VARIANCE, X = torch.zeros(3), torch.ones(3), torch.ones(2, 3)


@pytest.mark.parametrize(
    ("args", "kwargs", "writes"),
    [
        ((X, MEAN, VARIANCE), {"training": True}, True),
        ((X, MEAN, VARIANCE), {}, False),
        ((X, MEAN, VARIANCE, None, None, True), {}, True),
        ((X, None, None), {"training": True}, False),
    ],
)
def test_batch_norm_writes_its_statistics_in_training_alone(args, kwargs, writes):
    statistics = statistics_of(F.batch_norm, "batch_norm")
    written = statistics.written(args, kwargs)
    assert [*map(id, written)] == ([id(MEAN), id(VARIANCE)] if writes else [])


def test_what_is_left_of_the_arguments_has_no_buffer():
    args, kwargs = statistics_of(F.batch_norm, "batch_norm").without((X, MEAN, VARIANCE), {"a": 1})
    assert args[0] is X
    assert args[1:] == (None, None)
    assert kwargs == {"a": 1}


def test_torch_s_own_norm_takes_weight_and_bias_first():
    statistics = statistics_of(torch.batch_norm, "batch_norm")
    args = (X, None, None, MEAN, VARIANCE, True, 0.1, 1e-5, False)
    assert [*map(id, statistics.written(args, {}))] == [id(MEAN), id(VARIANCE)]


def test_a_function_without_statistics_has_none():
    assert statistics_of(torch.relu, "relu") is None
    assert statistics_of(F.layer_norm, "layer_norm") is None


def test_an_operator_s_schema_says_what_it_writes():
    written = written_arguments(torch.ops.aten.add_.Tensor)
    assert [argument.position for argument in written] == [0]
    assert written_arguments(torch.ops.aten.add.Tensor) == ()


def test_what_a_call_gives_for_an_argument_may_be_a_list():
    first, second = torch.zeros(1), torch.zeros(1)
    found = targets((Argument(0, "self"), Argument(3, "more")), ([first, 2],), {"more": second})
    assert [*map(id, found)] == [id(first), id(second)]
