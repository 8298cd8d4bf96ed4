"""Columns lie between each other in memory, and share none of it."""

import random

import pytest
import torch
from two_parameters import judged

from gradviz.recording.entries.places import places_of


def shown(view):
    """Return the places of the bytes that a view shows, by writing there."""
    base = view._base if view._base is not None else view
    base.zero_()
    view.fill_(1)
    return set(base.reshape(-1).nonzero().flatten().tolist())


def a_view(base, chance):
    view = base
    for dimension in range(view.dim()):
        start = chance.randrange(view.shape[dimension])
        index = slice(start, chance.randrange(start + 1, 7), chance.choice((1, 1, 2, 3)))
        view = view[(slice(None),) * dimension + (index,)]
    return view.transpose(0, chance.randrange(view.dim()))


@pytest.mark.parametrize("seed", range(8))
def test_two_views_share_memory_where_the_bytes_they_show_say_so(seed):
    chance = random.Random(seed)
    for _ in range(60):
        base = torch.zeros([6] * chance.randrange(1, 4), dtype=torch.uint8)
        first, second = a_view(base, chance), a_view(base, chance)
        places, others = places_of(first), places_of(second)
        assert places.overlaps(others) == (not shown(first).isdisjoint(shown(second)))
        rest = places.without(others)
        left = shown(first) - shown(second)
        assert (rest is None) == (not left)
        if rest is not None:
            third = a_view(base, chance)
            assert rest.overlaps(places_of(third)) == (not left.isdisjoint(shown(third)))


def test_of_a_memory_too_large_to_look_at_columns_are_told_apart_all_the_same():
    table = torch.zeros(2000, 3000)
    first, second = places_of(table[:, :7]), places_of(table[:, 7:9])
    assert not first.overlaps(second)
    assert first.overlaps(places_of(table[:, 6:9]))
    assert first.without(places_of(table[:, :7])) is None


def side_by_side(a, b):
    return b * torch.cat([a.detach(), b.detach()], 1)[:, 3:]


def side_by_side_by_name(a, b):
    return b * torch.hstack([a.detach(), b.detach()])[:, 3:]


def every_other(a, b):
    return b * torch.stack((a.detach(), b.detach()), dim=-1)[..., 1]


def written_into_columns(a, b):
    table = torch.empty(4, 6)
    table[:, :3] = a.detach()
    table[:, 3:] = b.detach()
    return b * table[:, 3:]


def written_over(a, b):
    table = torch.zeros(4, 6)
    table[:, 1:4] = a.detach()
    table[:, :3] = b.detach()
    table[:, 3] = 0.5
    return b * table[:, :4].mean()


@pytest.mark.parametrize(
    "step", [side_by_side, side_by_side_by_name, every_other, written_into_columns, written_over]
)
def test_whoever_reads_some_columns_has_nothing_of_the_others(step):
    assert judged(lambda a, b: step(a, b).sum()) == [("unused", False), ("reached", True)]
    assert judged(lambda a, b: step(b, a).sum()) == [("reached", True), ("unused", False)]


def across(a, b):
    return b * torch.cat([a.detach(), b.detach()], 1)[:, 2:5]


def a_row(a, b):
    return b[0] * torch.cat([a.detach(), b.detach()], 1)[0, :3]


def written_over_in_part(a, b):
    table = torch.zeros(4, 6)
    table[:, 1:4] = a.detach()
    table[:, :3] = b.detach()
    return b * table[:, :4].mean()


@pytest.mark.parametrize("step", [across, a_row, written_over_in_part])
def test_whoever_reads_a_column_of_it_has_it(step):
    assert judged(lambda a, b: step(a, b).sum())[0] == ("cut", False)
