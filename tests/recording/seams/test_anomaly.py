"""What anomaly mode prints of the forward is what it prints unwatched."""

import warnings
from contextlib import nullcontext

import pytest
import torch
import torch.nn.functional as F

import gradviz
from gradviz.recording.reading.where import GRADVIZ
from gradviz.recording.seams.anomaly import without_own_lines


def root(x):
    return (x.sqrt() * 0).sum()


def dropped(x):
    return F.dropout(x.sqrt() * 0, 0.0).sum()


def normed(x):
    return F.layer_norm(x.sqrt() * 0, (1,)).sum()


def printed(step, *, watched):
    """The stack that is printed of the forward, from this file on."""
    with warnings.catch_warnings(record=True) as caught, torch.autograd.detect_anomaly():
        warnings.simplefilter("always")
        with (
            pytest.raises(RuntimeError, match="nan"),
            gradviz.trace() if watched else nullcontext(),
        ):
            step(torch.zeros(1, requires_grad=True)).backward()
    (text,) = (str(item.message) for item in caught if "forward call" in str(item.message))
    return [line for line in text.splitlines() if f", in {step.__name__}" in line], text


@pytest.mark.parametrize("step", [root, dropped, normed])
def test_the_lines_of_the_forward_that_made_nan_are_the_users(step):
    lines, plain = printed(step, watched=False)
    again, text = printed(step, watched=True)
    assert lines == again != []
    assert "_make" not in text
    assert GRADVIZ not in text
    assert text.count("torch/nn/functional.py") == plain.count("torch/nn/functional.py")


def test_a_function_of_the_users_with_a_name_of_ours_stays():
    entries = ['  File "train.py", line 3, in _make\n    x.sqrt()\n']
    assert without_own_lines(entries) == entries
