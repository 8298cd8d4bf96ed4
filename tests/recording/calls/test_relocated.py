"""Whoever reads a part of a tensor has what was written there last, wherever it was moved to."""

import numpy as np
import pytest
import torch
from two_parameters import judged


def a_ring_that_is_rolled(a, b):
    ring = torch.zeros(2, 3)
    for one in (b, a, a):
        ring = torch.roll(ring, -1, 0)
        ring[-1] = one[0].detach()
    return (a * ring.sum()).sum()


def the_other_row_after_a_flip(a, b):
    rows = torch.zeros(2, 3)
    rows[0], rows[1] = a[0].detach(), b[0].detach()
    return (a * rows.flip(0)[1]).sum()


def a_flip_of_what_was_detached_as_one(a, b):
    return (a * torch.stack([a, b]).detach().flip(0)[1]).sum()


def the_row_that_an_index_reads(a, b):
    rows = torch.zeros(2, 3)
    rows[0], rows[1] = a[0].detach(), b[0].detach()
    return (a * rows[torch.tensor([0])]).sum()


def a_row_of_what_was_scaled(a, b):
    rows = torch.zeros(2, 3)
    rows[0], rows[1] = a[0].detach(), b[0].detach()
    return (a * (rows * 2)[0]).sum()


def a_row_put_twice(a, b):
    rows, first = torch.zeros(2, 3), torch.tensor([0])
    rows.index_put_((first,), b[:1].detach())
    rows.index_put_((first,), a[:1].detach())
    return (a * rows[0]).sum()


def a_row_copied_twice(a, b):
    rows, first = torch.zeros(2, 3), torch.tensor([0])
    rows.index_copy_(0, first, b[:1].detach())
    rows.index_copy_(0, first, a[:1].detach())
    return (a * rows[0]).sum()


def a_masked_row_twice(a, b):
    rows, mask = torch.zeros(2, 3), torch.tensor([[True], [False]])
    rows.masked_scatter_(mask, b[:1].detach())
    rows.masked_scatter_(mask, a[:1].detach())
    return (a * rows[0]).sum()


def a_row_of_a_stacked_array(a, b):
    rows = np.stack([a[0].detach().numpy(), b[0].detach().numpy()])
    return (a * torch.from_numpy(rows)[0]).sum()


def a_stretch_of_a_joined_array(a, b):
    both = np.concatenate([b[0].detach().numpy(), a[0].detach().numpy()])
    return (a * torch.from_numpy(both)[3:]).sum()


@pytest.mark.parametrize(
    "step",
    [
        a_row_of_a_stacked_array,
        a_stretch_of_a_joined_array,
        a_ring_that_is_rolled,
        the_other_row_after_a_flip,
        a_flip_of_what_was_detached_as_one,
        the_row_that_an_index_reads,
        a_row_of_what_was_scaled,
        a_row_put_twice,
        a_row_copied_twice,
        a_masked_row_twice,
    ],
)
def test_what_was_overwritten_or_lies_elsewhere_is_not_used(step):
    assert judged(step) == [("reached", True), ("unused", False)]


def a_ring_of_both(a, b):
    ring = torch.zeros(2, 3)
    for one in (a, b):
        ring = torch.roll(ring, -1, 0)
        ring[-1] = one[0].detach()
    return (a * ring.sum()).sum()


def a_flip_back(a, b):
    rows = torch.zeros(2, 3)
    rows[1] = b[0].detach()
    return (a * rows.flip(0).flip(0)[1]).sum()


def a_row_that_is_added_to(a, b):
    rows, first = torch.zeros(2, 3), torch.tensor([0])
    rows.index_put_((first,), b[:1].detach())
    rows.index_put_((first,), a[:1].detach(), accumulate=True)
    return (a * rows[0]).sum()


def rows_drawn_with_an_index(a, b):
    rows = torch.zeros(2, 3)
    rows[0], rows[1] = a[0].detach(), b[0].detach()
    return (a[:2] * rows[torch.tensor([1, 0])]).sum()


def all_of_a_joined_array(a, b):
    both = np.concatenate([b[0].detach().numpy(), a[0].detach().numpy()])
    return (a[0, 0] * torch.from_numpy(both)).sum()


def a_joined_array_of_what_was_computed(a, b):
    both = np.concatenate([a[0].detach().numpy(), b[0].detach().numpy() * 3 + 1])
    return (a * torch.from_numpy(both)[3:]).sum()


@pytest.mark.parametrize(
    "step",
    [
        all_of_a_joined_array,
        a_joined_array_of_what_was_computed,
        a_ring_of_both,
        a_flip_back,
        a_row_that_is_added_to,
        rows_drawn_with_an_index,
    ],
)
def test_what_was_moved_or_added_to_is_followed(step):
    assert judged(step)[1] == ("cut", False)
