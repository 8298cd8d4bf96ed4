"""What went through DLPack is a way out by numpy's door, whichever function brings it back."""

import pytest
import torch
from torch.utils import dlpack
from traced import cut, through

from gradviz.graph import CutKind


@pytest.mark.parametrize(
    "change",
    [
        lambda hidden: torch.from_dlpack(hidden.detach()),
        lambda hidden: dlpack.from_dlpack(dlpack.to_dlpack(hidden.detach())),
    ],
    ids=["protocol", "capsule"],
)
def test_the_value_comes_back_as_a_constant_of_the_line_that_severed_it(change):
    found = cut(through(change))
    assert found.kind in (CutKind.DETACH, CutKind.NUMPY)
    assert "dlpack" in found.code
