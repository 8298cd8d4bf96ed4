"""What is given beside a loss, and what is refused."""

import pytest
import torch
from torch import nn

from gradviz.errors import GradvizError, ModelError
from gradviz.tracing.arguments import check_model, held


@pytest.mark.parametrize("model", [None, nn.Linear(1, 1), {"G": nn.ReLU(), "w": torch.ones(1)}])
def test_a_module_a_mapping_of_them_and_nothing_are_taken(model):
    assert check_model(model) is None


def test_among_several_models_the_one_that_is_none_is_named():
    with pytest.raises(ModelError, match="under 'D' in place of a model is a int, not a"):
        check_model({"G": nn.ReLU(), "D": 3})


def test_one_optimizer_and_several_hold_their_parameters():
    first, second = nn.Linear(2, 2), nn.Linear(2, 2, bias=False)
    optimizers = [torch.optim.SGD(net.parameters(), lr=0.1) for net in (first, second)]
    assert held(optimizers[0]) == {id(first.weight), id(first.bias)}
    assert held(iter(optimizers)) == {id(first.weight), id(first.bias), id(second.weight)}


def test_what_is_no_optimizer_is_refused_with_the_way_out():
    with pytest.raises(GradvizError, match="the optimizer is a list: give"):
        held([[torch.ones(1)]])
