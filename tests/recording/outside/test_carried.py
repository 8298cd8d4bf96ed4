"""What comes to a call with its numbers as they are has a part where one of them is there."""

import numpy as np
import pytest
import torch
from traced import X, report_of

from gradviz.graph import Verdict

SOME = np.float32([0.1, 0.2, 0.3])


def judged(change):
    """Return the verdict of what leaves as an array that goes in by way of some calls."""

    def step(net):
        return (net.last(X)[:, :1] * change(net.first(X).detach())).square().mean()

    parameter = report_of(step).parameters["first.weight"]
    return parameter.verdict, parameter.uncertain


def beside_others_in_half_precision(hidden):
    array = hidden.half().numpy()
    return torch.from_numpy(np.concatenate([array, np.ones((4, 3), np.float16)])[4:]).float()


def written_into_whole_numbers(hidden):
    buffer = np.zeros((4, 3), int)
    buffer[:] = (hidden * 10).numpy()
    return torch.from_numpy(buffer.astype(np.float32))


def its_mean_in_half_precision(hidden):
    array = hidden.half().numpy()
    parts = [np.full((4, 3), array.mean(), np.float16), np.ones((4, 3), np.float16)]
    return torch.from_numpy(np.concatenate(parts)[:4]).float()


def where_it_is_not_taken(hidden):
    array = hidden.numpy()
    mask = np.zeros((4, 3), bool)
    taken = np.where(mask, array, np.float32(0.3))
    return torch.from_numpy(taken)


def what_is_left_of_it_deleted(hidden):
    array = hidden.numpy()
    rows = np.concatenate([array, np.tile(SOME, (4, 1))])
    return torch.from_numpy(np.delete(rows, [0, 1, 2, 3], axis=0))


def every_other_row(hidden):
    rows = np.zeros((8, 3), np.float32)
    rows[::2] = hidden.numpy()
    rows[1::2] = SOME
    return torch.from_numpy(rows[1::2].copy())


def other_columns(hidden):
    array = hidden.numpy()
    both = np.c_[array, np.tile(SOME, (4, 1))]
    return torch.from_numpy(both[:, 3:].copy())


def another_of_some_rows(hidden):
    array = hidden.numpy()
    rows = np.concatenate([array, np.tile(SOME, (4, 1))])
    chosen = np.array([4, 7, 5, 6])
    return torch.from_numpy(rows[chosen])


def a_part_that_torch_takes(hidden):
    array = hidden.numpy()
    both = torch.from_numpy(np.hstack([array, np.tile(SOME, (4, 1))]))
    return both[:, 3:]


def the_second_of_two_chunks(hidden):
    array = hidden.numpy()
    both = torch.tensor(np.concatenate([array, np.tile(SOME, (4, 1))]))
    _, second = both.chunk(2)
    return second


def a_packed_part_in_another_shape(hidden):
    array = hidden.numpy()
    flat = torch.from_numpy(np.concatenate([np.tile(SOME, 4), array.ravel()]))
    return flat[:12].view(4, 3)


def joined(one, other):
    return torch.from_numpy(np.concatenate([one, other]))


def joined_by_a_helper(hidden):
    array = hidden.numpy()
    return joined(array, np.tile(SOME, (4, 1)))[4:]


def taken_out(tensor):
    return tensor.detach().numpy()


def taken_out_by_a_helper(hidden):
    array = taken_out(hidden)
    return torch.from_numpy(np.hstack([array, np.tile(SOME, (4, 1))]))[:, 3:]


def by_a_mask_of_its_form(hidden):
    array = hidden.numpy()
    mask = np.zeros_like(array) > 0
    return torch.from_numpy(np.where(mask, array, np.float32(0.3)))


def where_it_is_not_taken_in_another_type(hidden):
    array = hidden.numpy()
    mask = np.zeros((4, 3), bool)
    return torch.from_numpy(np.select([mask, ~mask], [array, np.ones((4, 3))]).astype(np.float32))


def clipped_away(hidden):
    array = hidden.numpy()
    return torch.from_numpy(np.minimum(array.clip(2, 3), 0.3).astype("float32"))


def the_second_half_of_some_bytes(hidden):
    array = hidden.numpy()
    joined = b"".join([array.tobytes(), np.tile(SOME, (4, 1)).tobytes()])
    return torch.from_numpy(np.frombuffer(joined, np.float32)[12:].reshape(4, 3).copy())


@pytest.mark.parametrize(
    "change",
    [
        where_it_is_not_taken_in_another_type,
        clipped_away,
        the_second_half_of_some_bytes,
        a_part_that_torch_takes,
        the_second_of_two_chunks,
        a_packed_part_in_another_shape,
        joined_by_a_helper,
        taken_out_by_a_helper,
        by_a_mask_of_its_form,
        where_it_is_not_taken,
        beside_others_in_half_precision,
        what_is_left_of_it_deleted,
        every_other_row,
        other_columns,
        another_of_some_rows,
    ],
)
def test_an_array_of_which_a_call_takes_no_number_is_not_what_goes_in(change):
    assert judged(change) == (Verdict.UNUSED, True)


def where_it_is_taken(hidden):
    array = hidden.numpy()
    mask = np.ones((4, 3), bool)
    taken = np.where(mask, array, np.float32(0.3))
    return torch.from_numpy(taken)


def where_it_is_above(hidden):
    array = hidden.numpy()
    mask = array > 0
    taken = np.where(mask, np.float32(0.3), np.float32(0.7))
    return torch.from_numpy(taken)


def its_own_columns(hidden):
    array = hidden.numpy()
    both = np.c_[array, np.tile(SOME, (4, 1))]
    return torch.from_numpy(both[:, 2:5].copy())


def twice_its_columns(hidden):
    array = hidden.numpy()
    both = np.c_[array * 2, np.tile(SOME, (4, 1))]
    return torch.from_numpy(both[:, :3].copy())


def in_whole_numbers(hidden):
    rows = np.zeros((4, 3), int)
    rows[:] = hidden.numpy() * 1000
    return torch.from_numpy(rows.astype(np.float32))


def in_the_order_of_it(hidden):
    array = hidden.numpy()
    rows = np.arange(12, dtype=np.float32).reshape(4, 3)
    return torch.from_numpy(np.take(rows, np.argsort(array[:, 0]), axis=0))


def across_both_parts(hidden):
    array = hidden.numpy()
    both = torch.from_numpy(np.hstack([array, np.tile(SOME, (4, 1))]))
    return both[:, 2:5]


def joined_with_its_mean(one):
    return torch.from_numpy(np.concatenate([one, np.full_like(one, one.mean())]))


def its_mean_by_a_helper(hidden):
    array = hidden.numpy()
    return joined_with_its_mean(array)[4:]


def its_mean_by_a_function_within(hidden):
    array = hidden.numpy()

    def both():
        return torch.from_numpy(np.concatenate([array, np.full_like(array, array.mean())]))

    return both()[4:]


def scaled_and_taken_out(tensor):
    array = tensor.detach().numpy()
    return array, array * 0 + array.max()


def scaled_by_a_helper(hidden):
    array, highest = scaled_and_taken_out(hidden)
    return torch.from_numpy(np.hstack([array, highest]))[:, 3:]


def put_into_whole_numbers(hidden):
    array = 100 * hidden.numpy()
    rows = np.zeros((4, 3), int)
    rows[:] = array
    return torch.from_numpy(rows.astype(np.float32))


def clipped_here_and_there(hidden):
    array = hidden.numpy()
    return torch.from_numpy(np.clip(array, 0.0, 1.0).astype(np.float32))


@pytest.mark.parametrize(
    "change",
    [
        put_into_whole_numbers,
        clipped_here_and_there,
        across_both_parts,
        its_mean_by_a_helper,
        its_mean_by_a_function_within,
        scaled_by_a_helper,
        where_it_is_taken,
        where_it_is_above,
        its_own_columns,
        twice_its_columns,
        in_whole_numbers,
        its_mean_in_half_precision,
        written_into_whole_numbers,
        in_the_order_of_it,
    ],
)
def test_an_array_of_which_a_number_is_there_or_that_was_computed_with_is_what_left(change):
    assert judged(change) == (Verdict.CUT, False)
