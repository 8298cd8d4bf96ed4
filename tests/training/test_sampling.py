"""An even spread of a tensor's elements, read together."""

import pytest
import torch
from torch import nn

from gradviz.training.sampling import MOST, Batch, every, has_values, read, spread


@pytest.mark.parametrize("numel", [0, 1, MOST, MOST + 1, 2 * MOST, 10**6, 10**9])
def test_no_more_are_looked_at_than_is_allowed(numel):
    assert -(-numel // every(numel)) <= MOST


@pytest.mark.parametrize(
    "shape", [(672, 1, 5, 5), (640, 3, 3, 3), (8191, 2), (1000, 768), (97, 97)]
)
def test_some_of_each_column_and_of_each_place_in_a_kernel_are_looked_at(shape):
    place = torch.arange(shape[-1]).expand(shape)
    assert set(spread(place.float()).tolist()) == set(range(shape[-1]))


def test_all_of_a_small_tensor_is_looked_at_without_a_copy():
    tensor = torch.arange(6.0).reshape(2, 3)
    piece = spread(tensor)
    assert piece.tolist() == [0, 1, 2, 3, 4, 5]
    assert piece.data_ptr() == tensor.data_ptr()
    assert spread(tensor.t()).data_ptr() == tensor.data_ptr()


def test_two_tensors_of_one_shape_are_spread_alike():
    weight, gradient = torch.arange(6.0).reshape(2, 3).t(), torch.arange(6.0).reshape(3, 2)
    pairs = zip(spread(weight).tolist(), spread(gradient, weight).tolist(), strict=True)
    expected = {(float(weight[i, j]), float(gradient[i, j])) for i in range(3) for j in range(2)}
    assert {*pairs} == expected


@pytest.mark.parametrize("dtype", [torch.float8_e4m3fn, torch.float8_e5m2])
def test_eight_bits_are_read_as_numbers_that_torch_can_compare(dtype):
    weight = torch.tensor([0.5, 2.0, -1.0])
    assert spread(weight.to(dtype)).isfinite().all()
    assert torch.equal(spread(weight.to(dtype)), weight)


def test_a_complex_tensor_has_two_numbers_an_element():
    assert spread(torch.tensor([1 + 2j])).tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("tensor", "answer"),
    [
        (torch.ones(2), True),
        (torch.ones(0), True),
        (torch.ones(2, dtype=torch.cfloat), True),
        (torch.ones(2, dtype=torch.long), False),
        (torch.ones(2, device="meta"), False),
        (torch.ones(2).to_sparse(), False),
        (nn.UninitializedParameter(), False),
    ],
)
def test_there_is_something_to_read_cheaply(tensor, answer):
    assert has_values(tensor) is answer


def test_pieces_of_several_types_are_read_in_their_order():
    pieces = [torch.tensor([1.0, 2.0]), torch.tensor([3.0]).double(), torch.tensor([4.0])]
    assert [piece.tolist() for piece in Batch(pieces).read()] == [[1.0, 2.0], [3.0], [4.0]]
    assert Batch([]).read() == []


def test_several_batches_are_read_together_each_in_its_order():
    halves = [torch.ones(2, dtype=torch.float16), torch.tensor([3.0]), torch.zeros(0)]
    first, second = read(Batch(halves), Batch([torch.tensor([4.0, 5.0])]))
    assert [piece.tolist() for piece in first] == [[1, 1], [3], []]
    assert [piece.dtype for piece in first[:2]] == [torch.float16, torch.float32]
    assert [piece.tolist() for piece in second] == [[4, 5]]
