"""A tensor of tensors is stacked, and what wraps a live one anew is left out."""

from edited import edited

from gradviz.mending.edits.rewrapped import all_of_a_kind, assign, nested, stack, unwrap


def test_a_list_of_tensors_is_stacked():
    made = edited(stack, "y = torch.tensor([a, b, 1.0])\n")
    assert made[0] == "y = torch.stack([a, b, torch.tensor(1.0)])\n"
    assert "y = torch.stack([f(x) for x in xs])\n" in edited(
        stack, "y = torch.tensor([f(x) for x in xs])\n"
    )


def test_a_list_of_lists_is_stacked_inside_too():
    made = edited(stack, "y = torch.tensor([[a, b], [c, -1]])\n")
    assert made[0] == (
        "y = torch.stack([torch.stack([a, b]), torch.stack([c, torch.tensor(-1)])])\n"
    )


def test_an_empty_list_is_no_stack():
    assert all("torch.stack([])" not in text for text in edited(stack, "y = torch.tensor([])\n"))


def test_a_wrapper_is_dropped_and_with_it_a_line_that_then_does_nothing():
    assert edited(unwrap, "y = Variable(x + 1)\n") == ["y = (x + 1)\n"]
    assert edited(unwrap, "x = torch.tensor(x)\nz = x\n") == ["z = x\n"]
    assert edited(unwrap, "y = torch.tensor([a, b])\n") == []


def test_under_the_name_of_a_parameter_that_one_goes_first():
    made = edited(unwrap, "net.weight = nn.Parameter(w)\n")
    assert made == ["del net.weight\nnet.weight = w\n", "net.weight = w\n"]


def test_what_was_written_into_data_stands_in_the_parameter_s_place():
    made = edited(assign, "net.weight.data = w\n", kind="data")
    assert made == ["del net.weight\nnet.weight = w\n"]
    assert edited(assign, "weight.data = w\n", kind="data") == []


def test_what_is_wrapped_alike_is_unwrapped_together():
    text = "m.weight = nn.Parameter(w)\nm.bias = nn.Parameter(b)\n"
    assert edited(all_of_a_kind, text) == ["del m.weight\nm.weight = w\ndel m.bias\nm.bias = b\n"]
    assert edited(all_of_a_kind, "m.weight = nn.Parameter(w)\n") == []


def test_a_nested_tensor_is_made_of_tensors_with_their_history():
    assert edited(nested, "y = torch.nested.nested_tensor(rows)\n", kind="new_tensor") == [
        "y = torch.nested.as_nested_tensor(rows)\n"
    ]
