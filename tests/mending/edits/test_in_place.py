"""A write that autograd does not see becomes an assignment of what the operation returns."""

import pytest
from edited import edited

from gradviz.mending.edits.in_place import out_of_place


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("h.mul_(gain)\n", "h = h.mul(gain)\n"),
        ("self.h.add_(x, alpha=2)\n", "self.h = self.h.add(x, alpha=2)\n"),
        ("h.data.mul_(gain)\n", "h = h.mul(gain)\n"),
        ("h.detach().mul_(gain)\n", "h = h.mul(gain)\n"),
    ],
)
def test_the_name_is_assigned_to(before, after):
    assert edited(out_of_place, before, kind="no_grad") == [after]


@pytest.mark.parametrize(
    "text", ["h.mul(gain)\n", "h.__init__(x)\n", "f(x).mul_(2)\n", "y = h.mul_(2)\n"]
)
def test_what_writes_into_no_name_by_itself_stays(text):
    assert edited(out_of_place, text, kind="no_grad") == []


def test_a_tensor_set_to_the_memory_of_another_is_that_other():
    assert edited(out_of_place, "buffer.set_(f(x).detach())\n") == ["buffer = f(x)\n"]
