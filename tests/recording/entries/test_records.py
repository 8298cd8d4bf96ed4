"""What a trace has seen, as plain data."""

import torch
from torch import nn

from gradviz.recording.entries.records import FORGOTTEN, LeafSeen, Stamp, Step


def test_a_leaf_is_its_shape_and_what_it_is_made_of():
    leaf = LeafSeen(torch.ones(2, 3), (7,))
    assert (leaf.shape, leaf.sources, leaf.requires_grad) == ((2, 3), (7,), False)


def test_a_leaf_that_denies_its_shape_has_none_yet():
    lazy = nn.LazyLinear(2).weight
    assert LeafSeen(lazy, ()).shape == ()


def test_a_reentrant_checkpoint_is_known_by_its_node():
    assert Step("CheckpointFunctionBackward", Stamp(1), (), custom=True).checkpoint
    assert not Step("MulBackward0", Stamp(1), (), custom=False).checkpoint


def test_the_line_of_a_node_is_that_of_its_stamp():
    stamp = Stamp(1)
    assert Step("MulBackward0", stamp, (), custom=False).spot is stamp.spot


def test_what_was_forgotten_severs_nothing():
    assert FORGOTTEN.kind is None
    assert FORGOTTEN.inputs == ()
