"""Why an operation gives NaN or infinity is read off what its node has saved."""

import pytest
import torch

from gradviz.recording.birth_causes import overflow, product_overflow
from gradviz.recording.saved import saved


def test_how_many_elements_are_more_than_their_type_holds():
    mask = torch.tensor([True, False, True])
    assert overflow(mask, torch.float16) == (
        "the result is larger than 65504, the largest number of float16, at 2 of 3 elements"
    )
    assert "3.4e+38" in overflow(mask, torch.float32)
    assert overflow(torch.zeros(3, dtype=torch.bool), torch.float32) == ""


@pytest.mark.parametrize(("value", "overflows"), [(1e30, True), (1.0, False)])
def test_a_product_of_matrices_is_computed_again(value, overflows):
    a = torch.full((2, 2), value, requires_grad=True) * 1
    b = torch.full((2, 2), value, requires_grad=True) * 1
    node = (a @ b).grad_fn
    assert bool(product_overflow(node, saved(node))) is overflows


def test_a_weight_that_is_a_leaf_is_read_though_its_node_has_not_saved_it():
    weight = torch.full((2, 2), 1e30, requires_grad=True)
    x = torch.full((1, 2), 1e30)
    node = torch.addmm(torch.zeros(2), x, weight.t()).grad_fn
    answer = product_overflow(node, saved(node))
    assert answer is None or "larger than" in answer


def test_factors_that_are_not_finite_themselves_say_nothing():
    a = torch.full((2, 2), float("inf"), requires_grad=True) * 1
    node = (a @ a).grad_fn
    assert product_overflow(node, saved(node)) is None


def test_an_operation_that_multiplies_no_matrices_has_no_factors():
    node = torch.ones(2, requires_grad=True).exp().grad_fn
    assert product_overflow(node, saved(node)) is None
