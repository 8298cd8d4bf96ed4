"""Which node of a graph adds to the ``.grad`` of a leaf."""

import torch

from gradviz.recording.accumulators import ACCUMULATORS, is_accumulator


def test_a_backward_ends_in_an_accumulator_and_passes_other_nodes() -> None:
    product = torch.ones(2, requires_grad=True) * 3
    leaf = product.grad_fn.next_functions[0][0]
    assert not is_accumulator(product.grad_fn)
    assert is_accumulator(leaf)
    assert ACCUMULATORS[type(leaf)]
    assert ACCUMULATORS[type(product.grad_fn)] is False
