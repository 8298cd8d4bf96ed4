"""A gradient's size is its norm, zero only for zeros, and finite only where every element is."""

import math

import pytest
import torch

from gradviz.recording.arithmetic import sizes
from gradviz.recording.arithmetic.sizes import (
    UNREAD,
    any_nonzero,
    is_nonzero,
    read,
    size_of,
    together,
)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_a_size_is_the_norm_of_the_elements(dtype):
    assert size_of(torch.tensor([3.0, 4.0], dtype=dtype)) == 5.0


@pytest.mark.parametrize("value", [1e-30, 1e30, 1e-44])
def test_what_float32_cannot_square_has_its_size_all_the_same(value):
    gradient = torch.tensor([value, 0.0])
    assert size_of(gradient) == pytest.approx(float(gradient[0]), rel=1e-6)


def test_zero_nothing_infinity_and_nan_have_sizes_that_say_so():
    assert size_of(torch.zeros(3)) == 0
    assert size_of(torch.zeros(0)) == 0
    assert size_of(torch.tensor([1.0, -math.inf])) == math.inf
    assert math.isnan(size_of(torch.tensor([1.0, math.nan])))


def test_a_complex_gradient_counts_by_its_absolute_values():
    assert size_of(torch.tensor([3 + 4j, 12j])) == pytest.approx(13.0)
    assert size_of(torch.tensor([3 + 4j]).conj()) == pytest.approx(5.0)


def test_rows_of_a_sparse_gradient_that_stand_twice_are_added_up():
    twice = torch.sparse_coo_tensor(torch.tensor([[1, 1]]), torch.tensor([[1.0], [2.0]]), (4, 1))
    assert size_of(twice) == 3.0
    values, numel = sizes.stored(twice)
    assert (values.tolist(), numel) == ([[3.0]], 4)


def test_what_has_no_values_is_unread_and_neither_zero_nor_nonzero():
    meta = torch.ones(3, device="meta")
    assert size_of(meta) == UNREAD
    assert any_nonzero(meta) is None
    assert is_nonzero(UNREAD) is None
    assert is_nonzero(math.nan) is True


def test_what_arrived_by_several_ways_has_one_size():
    assert together([]) is None
    assert together([3.0, 4.0]) == 5.0
    assert together([3.0, UNREAD]) == UNREAD
    assert together([3.0, math.inf]) == math.inf
    assert math.isnan(together([math.inf, math.nan]))


def test_sizes_that_wait_on_a_device_are_read_in_their_places():
    assert read([1.0, torch.tensor(2.0), 3.0, torch.tensor(4.0)]) == [1.0, 2.0, 3.0, 4.0]


def test_nothing_of_the_measurement_is_recorded_by_autograd_or_seen_by_a_mode():
    class Counts(torch.overrides.TorchFunctionMode):
        seen = 0

        def __torch_function__(self, function, types, args=(), kwargs=None):
            self.seen += 1
            return function(*args, **(kwargs or {}))

    gradient = torch.ones(3, requires_grad=True)
    with Counts() as mode:
        assert any_nonzero(gradient) is True
        assert mode.seen == 0
    assert torch.is_grad_enabled()


# What an accelerator does is done here by the CPU: tests/test_gpu.py runs it on a GPU


@pytest.mark.parametrize("value", [1e-30, 1e30, 1e-44, 3.0, math.inf])
def test_what_was_measured_and_not_waited_for_is_read_together(value):
    gradient = torch.tensor([value, 0.0])
    passing = torch.linalg.vector_norm(gradient, math.inf)
    measured = [0.5, sizes._on_device(gradient), passing, sizes._on_device(torch.zeros(2))]
    size = pytest.approx(float(gradient[0]), rel=1e-6)
    assert read(measured) == [0.5, size, size, 0.0]


def test_a_size_of_what_passes_is_zero_and_not_finite_where_the_norm_is():
    for gradient in (torch.zeros(3), torch.tensor([2.0, math.nan]), torch.tensor([3.0, 4.0])):
        passing = sizes.passing_size_of(gradient)
        assert repr(passing) == repr(size_of(gradient))


def test_a_number_can_be_waited_for():
    wait = sizes.at_once(sizes._on_device)
    assert wait(torch.tensor([3.0, 4.0])) == 5.0
