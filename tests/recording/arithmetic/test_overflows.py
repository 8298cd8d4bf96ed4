"""What is more than its type holds: which value, of which type, and which operation comes first."""

import pytest
import torch
from torch import nn

import gradviz
from gradviz.recording import torch_inside
from gradviz.recording.arithmetic.overflows import overflow, product_overflow
from gradviz.recording.arithmetic.saved import saved

NEARLY_SINGULAR = torch.diag(torch.tensor([1.0, 1e-39]))
read = pytest.mark.skipif(not torch_inside.READS_SAVED, reason="no value can be read in this torch")


def births_of(value, step):
    weight = nn.Parameter(value)
    with gradviz.trace() as trace:
        loss = step(weight * 1)
        loss.backward()
    return trace.report(loss, nn.ParameterList([weight])).births


STEPS = {
    "a product": (torch.full((4,), 1e20), torch.prod, "prod", "at 1 of 1"),
    "products of columns": (
        torch.full((4, 2), 300.0, dtype=torch.float16),
        lambda x: x.prod(0).sum().float(),
        "prod",
        "larger than 65504, the largest number of float16, at 2 of 2",
    ),
    "a running product": (
        torch.full((4,), 1e20),
        lambda x: x.cumprod(0).sum(),
        "cumprod",
        "largest number of float32, at 3 of 4",
    ),
    "a product by zero": (
        torch.tensor([1e30, 1e30, 0.0]),
        torch.prod,
        "prod",
        "the product of some of its values is larger than",
    ),
    "an inverse": (
        NEARLY_SINGULAR,
        lambda x: torch.linalg.inv(x).sum(),
        "linalg_inv_ex",
        "as the inverse of a matrix that is all but singular",
    ),
    "an inverse before a product of matrices": (
        NEARLY_SINGULAR,
        lambda x: (torch.linalg.inv(x) @ torch.ones(2)).sum(),
        "linalg_inv_ex",
        "at 1 of 4 elements, as the inverse",
    ),
    "a determinant": (torch.eye(3) * 1e20, torch.linalg.det, "linalg_det", "at 1 of 1"),
    "what was infinite before a product": (
        torch.tensor([0.0, 2.0]),
        lambda x: x.log().prod(),
        "log",
        "the logarithm of 0",
    ),
}


@read
@pytest.mark.parametrize("name", STEPS)
def test_the_first_birth_is_the_operation_whose_numbers_show_it(name):
    value, step, operation, why = STEPS[name]
    first = births_of(value, step)[0]
    assert (first.operation, first.forward) == (operation, True)
    assert why in first.why


@read
def test_no_birth_without_a_reason_stands_before_an_inverse():
    births = births_of(NEARLY_SINGULAR, lambda x: torch.linalg.inv(x).sum())
    assert [birth.operation for birth in births] == ["linalg_inv_ex"]


@pytest.mark.parametrize(
    "step",
    [
        lambda x: torch.linalg.inv(x).sum(),
        torch.linalg.det,
        torch.prod,
        lambda x: x.cumprod(0).sum(),
    ],
)
def test_what_stays_within_its_type_is_no_birth(step):
    assert births_of(torch.eye(3) + 0.5, step) == ()


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
