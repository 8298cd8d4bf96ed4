"""torchviz's function, coloured."""

import warnings

import pytest
import torch
from torch import nn

import gradviz


def test_make_dot_has_torchviz_own_signature():
    model = nn.Sequential(nn.Linear(3, 2))
    loss = model(torch.ones(2, 3)).sum()
    coloured = gradviz.make_dot(loss, params=dict(model.named_parameters()))
    assert "0.weight" in coloured.source
    assert "reached" in coloured.source
    assert (
        "AccumulateGrad"
        in gradviz.make_dot(loss, dict(model.named_parameters()), show_attrs=True).source
    )


def test_make_dot_of_something_else_is_one_clear_error():
    with pytest.raises(gradviz.GradvizError, match="tuple of tensors"):
        gradviz.make_dot((1, 2))


def test_make_dot_draws_attributes_and_saved_tensors_where_every_warning_is_an_error():
    weight = torch.ones(2, 3, requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn = gradviz.make_dot(weight.square().sum(), show_attrs=True, show_saved=True)
    assert "PowBackward0" in drawn.source
    assert "[saved tensor]" in drawn.source
