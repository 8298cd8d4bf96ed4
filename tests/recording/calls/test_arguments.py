"""What a torch call is given."""

import torch

from gradviz.recording.calls.arguments import as_array, is_whole, part_at, tensors_in


def test_the_tensors_in_lists_and_tuples_are_found_in_their_order():
    first, second = torch.ones(1), torch.ones(2)
    assert [*map(id, tensors_in([1, (first, [second]), "text", {"not": first}]))] == [
        id(first),
        id(second),
    ]


def test_a_list_is_whole_as_its_first_number_is():
    assert is_whole([[1, 2]])
    assert not is_whole([[1.0]])
    assert not is_whole([])


def test_an_index_of_numbers_and_slices_names_a_view_and_any_other_does_not():
    target = torch.zeros(3, 4)
    part = part_at(target, (0, slice(1, 3)))
    part.fill_(1)
    assert target.sum() == 2
    assert part_at(target, torch.tensor([0])) is None


def test_the_values_of_a_tensor_are_a_copy_and_only_of_those_that_numpy_has():
    tensor = torch.ones(2, requires_grad=True)
    as_array(tensor)[:] = 5
    assert tensor.tolist() == [1, 1]
    assert as_array(tensor.bfloat16()) is None
    assert as_array(torch.ones(2, dtype=torch.long)) is None
