"""A bound that was computed and rounded passes gradient by what lies near it."""

import pytest
import torch
from edited import edited

from gradviz.mending.edits.bounds import weighed


@pytest.mark.parametrize(
    "text",
    [
        "n = int(width)\ny = x[:, :n]\n",
        "n = width.long()\ny = x[:, n:]\n",
        "n = int(width.item())\ny = f(x[:n])\n",
        "y = x[: int(width)]\n",
    ],
)
def test_the_numbers_stay_and_the_bound_gets_gradient(text):
    (after,) = edited(weighed, text, kind="item")
    width, x = torch.tensor(2.4, requires_grad=True), torch.rand(4, 4) + 1
    names = {"torch": torch, "x": x, "width": width, "f": torch.clone}
    exec(after, names)
    result = names["y"]
    exec(text, names)
    assert torch.equal(result, names["y"])
    result.sum().backward()
    assert width.grad is not None
    assert width.grad != 0


def test_its_names_are_none_that_the_file_uses():
    text = "n = int(width)\nkept = near = 3\ny = x[:n]\n"
    (after,) = edited(weighed, text, kind="item")
    assert "live_kept = x[:n]" in after
    assert "live_near = torch.sigmoid(width - places)" in after


@pytest.mark.parametrize(
    "text",
    [
        "n = len(x)\ny = x[:n]\n",
        "n = int(width)\ny = x[n]\n",
        "n = int(width)\nys = [x[:n] for x in xs]\n",
        "n = int(width)\ng = lambda: x[:n]\n",
    ],
)
def test_what_is_no_such_slice_stays(text):
    assert edited(weighed, text, kind="item") == []
