"""What was not finite before the forward is kept without holding it."""

import gc
import weakref

import torch

from gradviz.recording.arithmetic.held import held, holding
from gradviz.recording.entries.rewritten import Rewritten
from gradviz.recording.reading.where import Spot


def test_what_is_wrong_with_a_value_is_counted():
    assert holding(torch.tensor([1.0, torch.nan, torch.inf])) == "holds NaN at 2 of 3 elements"
    assert holding(torch.tensor([1.0, torch.inf])) == "holds infinity at 1 of 2 elements"
    assert holding(torch.tensor([1.0, -1.0])) == "is below 0 at 1 of 2 elements"


def test_the_last_write_before_its_use_is_kept_and_a_later_one_is_not():
    writes, value = Rewritten(), torch.tensor([torch.nan, 1.0])
    writes.memory(value, "fill_", Spot())
    write = held(writes, value, 0, 0).write
    later = write.number + 1
    assert held(writes, value, 0, later).write.operation == "fill_"
    (value.clone().requires_grad_() * 2).sum()  # nodes, so that the next write is later
    writes.memory(value, "mul_", Spot())
    assert held(writes, value, 0, write.number).write is None


def test_the_value_is_not_held():
    value = torch.tensor([torch.nan])
    kept, reference = held(Rewritten(), value, 0, 1), weakref.ref(value)
    del value
    gc.collect()
    assert reference() is None
    assert kept.words == "holds NaN at 1 of 1 elements"
