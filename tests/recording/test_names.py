"""What an autograd node is called."""

import pytest

from gradviz.recording.names import operation_name


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
