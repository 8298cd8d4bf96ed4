"""Two factors that begin with zero: one of them is to begin with something else."""

from edited import edited

from gradviz.mending.edits.initial import drop_fill, small_numbers


def test_each_line_that_fills_with_zeros_is_dropped_by_itself():
    text = (
        "nn.init.zeros_(a.weight)\nnn.init.constant_(b.weight, 0)\nnn.init.ones_(c)\ny = b(a(x))\n"
    )
    lines = text.splitlines(keepends=True)
    assert edited(drop_fill, text, 4, "zero", operation="zero_factor") == [
        "".join(lines[1:]),
        "".join([lines[0], *lines[2:]]),
    ]


def test_a_parameter_of_zeros_begins_with_small_numbers():
    text = "a = nn.Parameter(torch.zeros(2, 3))\ny = a * b\n"
    assert edited(small_numbers, text, 2, "zero", operation="mul") == [
        text.replace("torch.zeros(2, 3)", "0.01 * torch.randn(2, 3)")
    ]


def test_a_zero_of_another_origin_is_left_alone():
    assert (
        edited(drop_fill, "nn.init.zeros_(a)\ny = round(a)\n", 2, "zero", operation="round") == []
    )
