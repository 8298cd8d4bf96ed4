"""A write into a tensor becomes an assignment of what the operation returns."""

import pytest
from edited import edited

from gradviz.mending.edits.in_place import (
    augmented,
    into_a_copy,
    not_in_place,
    out_of_place,
    without_underscore,
)


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


@pytest.mark.parametrize(
    ("proposer", "before", "after"),
    [
        (out_of_place, "h.add_(1)\n", "h = h + 1\n"),
        (out_of_place, "h.div_(a + b)\n", "h = h / (a + b)\n"),
        (out_of_place, "h.clamp_(0)\n", "h = h.clamp(0)\n"),
        (augmented, "h += 1\n", "h = h + 1\n"),
        (augmented, "self.h *= a or b\n", "self.h = self.h * (a or b)\n"),
        (without_underscore, "y = g(torch.relu_(h))\n", "y = g(torch.relu(h))\n"),
        (without_underscore, "F.relu_(h)\n", "h = F.relu(h)\n"),
        (not_in_place, "y = act(h)\nact = nn.ReLU(inplace=True)\n", None),
        (into_a_copy, "h[:, 0] = 0\n", "h = h.clone()\nh[:, 0] = 0\n"),
        (into_a_copy, "h[0] += x\n", "h = h.clone()\nh[0] += x\n"),
    ],
)
def test_what_backward_needs_is_left_as_it_is(proposer, before, after):
    expected = after or before.replace("True", "False")
    assert edited(proposer, before, kind="in_place") == [expected]


@pytest.mark.parametrize("text", ["h = h + 1\n", "h.mul(2)\n", "h = torch.relu(h)\n"])
def test_where_nothing_is_changed_in_place_nothing_is_proposed(text):
    for proposer in (out_of_place, augmented, without_underscore, not_in_place, into_a_copy):
        assert edited(proposer, text, kind="in_place") == []
