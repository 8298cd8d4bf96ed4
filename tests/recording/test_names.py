"""What an autograd node is called."""

import pytest
import torch

from gradviz.recording.names import ACCUMULATORS, is_accumulator, operation_name


@pytest.mark.parametrize(
    ("node", "name"),
    [
        ("MulBackward0", "mul"),
        ("NllLossBackward0", "nll_loss"),
        ("NllLoss2DBackward0", "nll_loss2d"),
        ("MaxPool2DWithIndicesBackward0", "max_pool2d_with_indices"),
        ("AvgPool1DBackward12", "avg_pool1d"),
        ("ScaledDotProductAttentionBackward", "scaled_dot_product_attention"),
        ("MyFunction", "my_function"),
    ],
)
def test_a_node_is_called_as_its_function_is_written(node, name):
    assert operation_name(node) == name


def test_a_backward_ends_in_an_accumulator_and_passes_other_nodes() -> None:
    product = torch.ones(2, requires_grad=True) * 3
    leaf = product.grad_fn.next_functions[0][0]
    assert not is_accumulator(product.grad_fn)
    assert is_accumulator(leaf)
    assert ACCUMULATORS[type(leaf)]
    assert ACCUMULATORS[type(product.grad_fn)] is False
