"""The live tensor of this rank goes back into its slot of what was gathered."""

import pytest
from edited import edited

from gradviz.mending.edits.collective import own_part


@pytest.mark.parametrize(
    ("call", "package"),
    [
        ("dist.all_gather(parts, h)", "dist"),
        ("torch.distributed.all_gather(parts, h)", "torch.distributed"),
        ("all_gather(parts, h)", "torch.distributed"),
    ],
)
def test_a_line_behind_it_does_so(call, package):
    assert edited(own_part, f"{call}\nz = parts\n", kind="collective") == [
        f"{call}\nparts[{package}.get_rank()] = h\nz = parts\n"
    ]


def test_another_collective_has_no_slots():
    assert edited(own_part, "dist.all_reduce(h)\n", kind="collective") == []
