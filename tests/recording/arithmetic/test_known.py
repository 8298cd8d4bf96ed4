"""Whether what goes into an operation is known to be finite."""

import pytest
import torch

from gradviz.recording import torch_inside
from gradviz.recording.arithmetic.known import KnownFinite

pytestmark = pytest.mark.skipif(
    not torch_inside.READS_SAVED, reason="this torch does not tell what nodes have saved"
)
MASK = torch.tensor([False, True])


@pytest.mark.parametrize(
    ("made", "is_known"),
    [
        (lambda w: w * 2, True),
        (lambda w: (w * 2).unsqueeze(0).transpose(0, 1), True),
        (lambda w: w * torch.nan, False),
        (lambda w: w.fmod(torch.zeros(2)), False),
        (lambda w: w + torch.tensor([0.0, torch.nan]), False),
    ],
)
def test_it_is_where_it_is_read_or_computed_of_what_is(made, is_known):
    node = made(torch.ones(2, requires_grad=True)).sqrt().grad_fn
    assert KnownFinite([node]).goes_in_finite(node) is is_known


@pytest.mark.parametrize("masks", [True, False])
def test_a_mask_counts_as_finite_where_that_is_allowed(masks):
    weight = torch.ones(2, requires_grad=True)
    node = (weight * 2).masked_fill(MASK, -torch.inf).softmax(-1).grad_fn
    assert KnownFinite([node]).goes_in_finite(node, masks=masks) is masks
